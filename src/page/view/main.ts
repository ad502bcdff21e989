/** The page of `terrachip view`. */
import { CpuBackend } from '../../gpu/index.js';
import { requestJson } from '../../io/index.js';
import type { LayerDocument, LayerEntry, ViewDocument } from '../../workflow/view/documents.js';
import { createMap, Graticule, latLngBounds, requireElement } from '../map/index.js';
import { CachedTiles, explanationOf, ServerTiles } from '../tiles/index.js';
import { button, choice, labelled } from './controls.js';
import { addLayer, type PanelLayer } from './layer-panel.js';
import { pageDevice, tilesOfPage } from './local.js';
import { listRows } from './rows.js';
import { connectValues } from './values.js';

/** Concurrent reads of tiles: as many as a browser has connections to a server; two on the page's device. */
const AT_ONCE = { server: 6, page: 2 };

/** How a layer is opened. */
interface Opening {
  /** Whether the map zooms to it. */
  readonly fits: boolean;
  /** Whether its controls are expanded. */
  readonly isOpen: boolean;
}

/** For a layer that is chosen on the page. */
const CHOSEN: Opening = { fits: false, isOpen: true };

const base = new URL('.', location.href).href;
const problem = requireElement('problem', HTMLElement);
const list = requireElement('layers', HTMLElement);

async function documentOf<T>(path: string): Promise<T> {
  return (await requestJson(`${base}${path}`)).document as T;
}

async function start(): Promise<void> {
  const view = await documentOf<ViewDocument>('view.json');
  document.title = `${view.title} · terrachip view`;
  requireElement('title', HTMLElement).textContent = view.title;
  const note = requireElement('note', HTMLElement);
  note.textContent = view.note;
  note.hidden = view.note === '';
  const map = createMap(requireElement('map', HTMLElement), { bounds: [-180, -60, 180, 75] });
  // Fractional zoom levels would scale tiles: pixels would not be the warped ones.
  map.options.zoomSnap = 1;
  map.addLayer(new Graticule());
  const device = await pageDevice();
  const cpu = new CpuBackend();
  /** Tiles are warped by the page if it has a GPU. */
  let warpsHere = device?.isHardware === true;
  let layers: PanelLayer[] = [];

  const open = async (entry: LayerEntry, { fits, isOpen }: Opening): Promise<void> => {
    const opened = await documentOf<LayerDocument>(`layers/${entry.id}`);
    const local = warpsHere && device !== null ? await tilesOfPage(base, opened, device.backend) : null;
    const source =
      local === null
        ? new CachedTiles(new ServerTiles(base, opened.id, opened.bands.length), AT_ONCE.server)
        : new CachedTiles(local, AT_ONCE.page);
    const where = local === null ? 'Tiles are warped by the server.' : "Tiles are warped on this page's GPU.";
    const added = addLayer({
      document: opened,
      source,
      backend: local === null || device === null ? cpu : device.backend,
      map,
      note: where,
      isOpen,
      onRemove: () => {
        layers = layers.filter((layer) => layer !== added);
        offer(entry);
        void local?.raster.dispose();
      },
    });
    layers = [added, ...layers];
    added.layer.setZIndex(layers.length);
    list.prepend(added.panel);
    if (fits) map.fitBounds(latLngBounds(opened.bounds));
  };
  const tryToOpen = async (entry: LayerEntry, opening: Opening): Promise<void> => {
    say(`Opening ${entry.name} …`);
    try {
      await open(entry, opening);
      say('');
    } catch (error) {
      say(explanationOf(error));
      offer(entry);
    }
  };
  const others = requireElement('others', HTMLElement);
  const offer = (entry: LayerEntry): void => {
    if (view.catalog !== null) return;
    const add = button(`Add ${entry.name}`, () => {
      add.remove();
      void tryToOpen(entry, CHOSEN);
    });
    others.append(add);
  };

  if (device !== null) {
    const where = choice(
      [
        ['page', "this page's GPU"],
        ['server', 'the server'],
      ],
      warpsHere ? 'page' : 'server',
      (chosen) => {
        warpsHere = chosen === 'page';
        const entries = layers.map((layer) => layer.document).reverse();
        for (const { layer, panel } of layers) {
          layer.remove();
          panel.remove();
        }
        layers = [];
        void openAll(
          entries.map(({ id, name }) => ({ id, name, shown: true })),
          false,
        );
      },
    );
    requireElement('device', HTMLElement).append(labelled('Tiles are warped on', where));
  }
  connectValues(map, requireElement('values', HTMLElement), () => layers);
  async function openAll(entries: readonly LayerEntry[], fits: boolean): Promise<void> {
    for (const [k, entry] of entries.entries())
      await tryToOpen(entry, { fits: fits && k === 0, isOpen: k === 0 });
  }
  if (view.catalog !== null) {
    const rows = requireElement('rows', HTMLElement);
    rows.hidden = false;
    const bounds = listRows(map, rows, view.catalog, (entry) => void tryToOpen(entry, CHOSEN));
    if (bounds !== null) map.fitBounds(bounds);
  }
  say('');
  for (const entry of view.layers.filter(({ shown }) => !shown)) offer(entry);
  await openAll(
    view.layers.filter(({ shown }) => shown),
    true,
  );
}

function say(text: string): void {
  problem.textContent = text;
  problem.hidden = text === '';
}

start().catch((error: unknown) => say(explanationOf(error)));
