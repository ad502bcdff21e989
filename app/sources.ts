/** The source of the steps, read when the page is built from the files that run. */
import tiles from '../src/raster/map-tiles.ts?source';
import calculate from './steps/calculate.ts?source';
import cog from './steps/cog.ts?source';
import model from './steps/model.ts?source';
import open from './steps/open.ts?source';
import reproject from './steps/reproject.ts?source';

const SOURCES: Readonly<Record<string, string>> = { tiles, calculate, cog, model, open, reproject };

/** Fills the elements that show a source. */
export function showSources(): void {
  for (const code of document.querySelectorAll<HTMLElement>('[data-source]')) {
    code.textContent = SOURCES[code.dataset.source ?? ''] ?? '';
    const frame = code.parentElement;
    if (frame === null) continue;
    // Keys scroll it.
    frame.tabIndex = 0;
    frame.setAttribute('role', 'region');
    frame.setAttribute('aria-label', 'Source');
  }
}
