/** The pictures below the layers of a report's map: one on each side of a line. */
import type * as L from 'leaflet';
import type { ReportDocument } from '../../workflow/report/document.js';
import {
  CanvasOverlay,
  connectSwipe,
  createSwipePanes,
  drawLegend,
  element,
  requireElement,
  SWIPE_PANES,
} from '../map/index.js';
import { paintPicture } from './paint.js';

type Side = keyof typeof SWIPE_PANES;

/** The option for no picture. */
const NONE = -1;

/** Fills the lists of pictures, and draws the chosen ones. */
export async function showPictures(map: L.Map, report: ReportDocument): Promise<void> {
  const { pictures, bounds } = report;
  if (pictures.length === 0) return;
  createSwipePanes(map);
  const slider = requireElement('swipe', HTMLInputElement);
  const swipe = connectSwipe(map, slider, requireElement('swipe-line', HTMLDivElement));
  const legend = requireElement('picture-legend', HTMLDivElement);
  const painted = new Map<number, Promise<HTMLCanvasElement>>();
  const chosen: Record<Side, number> = { left: NONE, right: NONE };
  const shown: Record<Side, CanvasOverlay | null> = { left: null, right: null };

  const drawLegends = (): void => {
    const bars = [...new Set([chosen.left, chosen.right])].flatMap((k) => {
      const bar = pictures[k]?.bar ?? null;
      if (bar === null) return [];
      return [drawLegend({ items: [], bar: { ...bar, colours: ['#000000', '#ffffff'] } })];
    });
    legend.replaceChildren(...bars);
  };
  const choose = async (side: Side, k: number): Promise<void> => {
    chosen[side] = k;
    swipe.setEnabled(chosen.left !== chosen.right);
    drawLegends();
    if (k !== NONE && !painted.has(k)) painted.set(k, paintPicture(pictures[k]));
    const canvas = k === NONE ? null : copyOf((await painted.get(k)) ?? document.createElement('canvas'));
    // Another picture may have been chosen since.
    if (chosen[side] !== k) return;
    shown[side]?.remove();
    shown[side] = canvas === null ? null : new CanvasOverlay(canvas, bounds, SWIPE_PANES[side]);
    shown[side]?.addTo(map);
  };
  const first = report.swipe ?? [0, 0];
  for (const [n, side] of (['left', 'right'] as const).entries()) {
    const select = requireElement(`picture-${side}`, HTMLSelectElement);
    for (const [k, title] of ['none', ...pictures.map((picture) => picture.title)].entries()) {
      const option = element('option', { text: title });
      option.value = String(k - 1);
      select.append(option);
    }
    select.value = String(first[n]);
    select.addEventListener('change', () => void choose(side, Number(select.value)));
    await choose(side, first[n]);
  }
}

/** A copy for each side, since both may show the same picture and an element has only one position. */
function copyOf(canvas: HTMLCanvasElement): HTMLCanvasElement {
  const copy = document.createElement('canvas');
  copy.width = canvas.width;
  copy.height = canvas.height;
  copy.getContext('2d')?.drawImage(canvas, 0, 0);
  return copy;
}
