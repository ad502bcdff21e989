/** Opening files, and the list of layers. */
import { requestBody, requestJson } from 'terrachip/io';
import { element, requireElement } from '../src/page/map/index.js';
import { UNITS } from '../src/raster/units.js';
import { type App, Status } from './app.js';

export function connectOpen(app: App): void {
  const form = requireElement('open-form', HTMLFormElement);
  const url = requireElement('open-url', HTMLInputElement);
  const files = requireElement('open-files', HTMLInputElement);
  const status = new Status('open-status');

  const openFiles = (chosenFiles: readonly File[]): Promise<void> =>
    status.run(form, async () => {
      for (const file of chosenFiles) await app.add(file.name, file, false);
      return chosenFiles.length === 1
        ? `${chosenFiles[0].name} is open.`
        : `${chosenFiles.length} files are open.`;
    });

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void status.run(form, async () => {
      const address = url.value.trim();
      const name = decodeURIComponent(address.split(/[?#]/)[0].split('/').at(-1) ?? '') || address;
      await app.add(name, address, false);
      return `${name} is open.`;
    });
  });
  files.addEventListener('change', () => void openFiles([...(files.files ?? [])]));
  requireElement('open-sample', HTMLButtonElement).addEventListener('click', () => {
    void status.run(form, async () => {
      const names = await openSample(app);
      return `The sample is open: ${names.length} files. Step 5 maps the flood.`;
    });
  });
  acceptDrops(openFiles);
  app.onChange(() => listLayers(app));
}

/** The files of the sample, beside the page, and the units of their values. */
async function openSample(app: App): Promise<string[]> {
  const at = (name: string): string => new URL(`sample/${name}`, document.baseURI).href;
  const { document: files } = await requestJson(at('files.json'));
  const listed = Object.entries(files ?? {});
  for (const [name, units] of listed) {
    const { body } = await requestBody(at(name));
    const file = new File([body], name, { type: 'image/tiff' });
    await app.add(
      name,
      file,
      false,
      UNITS.find((each) => each === units),
    );
  }
  app.map.fit();
  return listed.map(([name]) => name);
}

function acceptDrops(openFiles: (files: readonly File[]) => Promise<void>): void {
  const { body } = document;
  const over = (event: DragEvent): void => {
    event.preventDefault();
    body.classList.add('dropping');
  };
  body.addEventListener('dragover', over);
  body.addEventListener('dragleave', () => body.classList.remove('dropping'));
  body.addEventListener('drop', (event) => {
    event.preventDefault();
    body.classList.remove('dropping');
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) void openFiles(files);
  });
}

function listLayers(app: App): void {
  const rows = app.layers.map((layer) => {
    const radio = element('input');
    radio.type = 'radio';
    radio.name = 'active-layer';
    radio.checked = layer === app.active;
    radio.addEventListener('change', () => app.activate(layer));
    const { width, height, crs } = layer.info;
    const label = element('label', {
      children: [radio, document.createTextNode(` ${layer.name} `), hint(`${width} × ${height}, ${crs}`)],
    });
    const remove = element('button', { text: 'Close' });
    remove.type = 'button';
    remove.setAttribute('aria-label', `Close ${layer.name}`);
    remove.addEventListener('click', () => void app.remove(layer));
    return element('div', { className: 'layer-row', children: [label, remove] });
  });
  const none = element('p', { className: 'hint', text: 'None yet.' });
  requireElement('layers', HTMLElement).replaceChildren(...(rows.length > 0 ? rows : [none]));
}

function hint(text: string): HTMLElement {
  return element('span', { className: 'hint', text });
}
