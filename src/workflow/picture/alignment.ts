/** The alignment figure: all inputs of a scene on one grid, a row for each phase. */
import { basename } from 'node:path';
import { invalidInput } from '../../errors.js';
import type { PixelWindow } from '../../geo/index.js';
import { requireOutput } from '../../io/node/inputs.js';
import { type OperationOptions, reportProgress } from '../../progress.js';
import type { ColourMapName } from '../choices.js';
import { declaredGrid, filesOfScene, readScene, resolveGrid } from '../scene.js';
import { SceneRasters } from '../scene-rasters.js';
import { DEFAULT_PERCENTILES } from './appearance.js';
import { TRUE_COLOUR } from './bands.js';
import { Canvas, type Colour, GREY, WHITE, writePng } from './canvas.js';
import { paint, percentileStretch } from './colours.js';
import { checkPercentiles, checkPictureSize } from './raster-picture.js';
import { pictureGrid, pictureSize, pixelAspect } from './reduce.js';
import { SceneReader } from './scene-reader.js';
import { drawColourBar } from './sheet.js';
import { fitText } from './text.js';

/** Options of the alignment figure. */
export interface AlignmentOptions extends OperationOptions {
  /** The longer side of each panel in pixels (default 240). */
  size?: number;
  title?: string;
  percentiles?: readonly [number, number];
}

/** The alignment figure that was written. */
export interface AlignmentReport {
  path: string;
  width: number;
  height: number;
  phases: string[];
  /** Share of the grid where all bands of a phase and all static bands have data. */
  validShare: Record<string, number>;
}

interface Column {
  title: string;
  bands: readonly string[];
  map: ColourMapName;
  isStatic: boolean;
}

const COLUMNS: readonly Column[] = [
  { title: 'true colour', bands: TRUE_COLOUR, map: 'grey', isStatic: false },
  { title: 'VV (dB)', bands: ['VV'], map: 'grey', isStatic: false },
  { title: 'VH (dB)', bands: ['VH'], map: 'grey', isStatic: false },
  { title: 'DEM (m)', bands: ['DEM'], map: 'viridis', isStatic: true },
];

const VALID: Colour = [77, 146, 33];
const MARGIN = 18;
const GAP = 12;
const HEADER = 74;
const LABEL = 96;
const FOOTER = 74;
const DEFAULT_SIZE = 240;

export async function drawAlignment(
  path: string,
  target: string,
  options: AlignmentOptions = {},
): Promise<AlignmentReport> {
  const { size = DEFAULT_SIZE, percentiles = DEFAULT_PERCENTILES, signal } = options;
  checkPictureSize(size);
  checkPercentiles(percentiles);
  const scene = await readScene(path);
  await requireOutput(target, { formats: ['PNG'], inputs: filesOfScene(scene) });
  const rasters = new SceneRasters(declaredGrid(scene));
  const grid = await resolveGrid(scene, rasters, signal).finally(() => rasters.dispose());
  const [width, height] = pictureSize(grid.width, grid.height, size, pixelAspect(grid));
  await using reader = new SceneReader(scene, pictureGrid(grid, width, height));
  const phases = reader.phases;
  if (phases.length === 0) throw invalidInput(path, 'has no phase', 'list rasters under inputs.*.phases');
  const columns = COLUMNS.filter(({ bands, isStatic }) =>
    isStatic ? reader.find(null, bands) !== null : phases.some((phase) => reader.find(phase, bands) !== null),
  );
  const canvas = new Canvas(
    2 * MARGIN + LABEL + (columns.length + 1) * (width + GAP) - GAP,
    HEADER + phases.length * (height + GAP) + FOOTER,
  );
  canvas.text(
    fitText(options.title ?? scene.document.id ?? basename(path), 15, canvas.width - 2 * MARGIN),
    MARGIN,
    14,
    { size: 15, bold: true },
  );
  const x = (column: number): number => MARGIN + LABEL + column * (width + GAP);
  const y = (row: number): number => HEADER + row * (height + GAP);
  for (const [row, phase] of phases.entries()) {
    canvas.text(fitText(phase, 10, LABEL - 10), MARGIN, y(row) + height / 2 - 5, { size: 10 });
  }
  const valid = phases.map(() => new Uint8Array(width * height).fill(1));
  const exclude = (row: number, plane: Float32Array): void => {
    for (let i = 0; i < plane.length; i++) if (Number.isNaN(plane[i])) valid[row][i] = 0;
  };
  for (const [k, column] of columns.entries()) {
    canvas.text(column.title, x(k) + width / 2, HEADER - 20, { size: 10, align: 'centre' });
    const panels: (Float32Array[] | null)[] = [];
    for (const phase of phases) {
      if (column.isStatic && panels.length > 0) panels.push(panels[0]);
      else panels.push(await reader.readNamed(column.isStatic ? null : phase, column.bands, signal));
    }
    const drawn = panels.flatMap((planes, row) => (planes === null ? [] : [{ planes, phase: phases[row] }]));
    const clouds: (Uint8Array | null)[] = [];
    for (const { phase } of column.bands === TRUE_COLOUR ? drawn : []) {
      clouds.push(await reader.clouds(phase, signal));
    }
    // One stretch for all phases, so that brightness is comparable.
    const stretches = column.bands.map((_, b) =>
      percentileStretch(
        drawn.map(({ planes }) => planes[b]),
        percentiles,
        clouds,
      ),
    );
    for (const [row, planes] of panels.entries()) {
      const pixels = planes === null ? null : paint(planes, stretches, column.map);
      drawPanel(canvas, pixels, { x: x(k), y: y(row), width, height });
    }
    if (column.bands.length === 1) {
      const bar = { label: '', map: column.map, stretch: stretches[0] };
      drawColourBar(canvas, bar, x(k) + 10, y(phases.length) - 18, width - 20);
    }
    reportProgress(options, 'panels', k + 1, columns.length + 1, 'columns');
  }
  for (const band of reader.bands(null)) {
    const plane = await reader.read(band, signal);
    for (const row of phases.keys()) exclude(row, plane);
  }
  for (const [row, phase] of phases.entries()) {
    for (const band of reader.bands(phase)) exclude(row, await reader.read(band, signal));
  }
  const k = columns.length;
  canvas.text('valid everywhere', x(k) + width / 2, HEADER - 20, { size: 10, align: 'centre' });
  const shares = valid.map((mask) => mask.reduce((sum, value) => sum + value, 0) / mask.length);
  for (const [row, mask] of valid.entries()) {
    const pixels = new Uint8Array(4 * mask.length);
    for (const [i, value] of mask.entries()) if (value === 1) pixels.set([...VALID, 255], 4 * i);
    drawPanel(canvas, pixels, { x: x(k), y: y(row), width, height });
    const text = `${(100 * shares[row]).toFixed(1)} %`;
    canvas.fill(x(k) + 4, y(row) + 4, 62, 18, WHITE);
    canvas.text(text, x(k) + 8, y(row) + 8, { size: 10 });
  }
  const footer = `each panel shows all ${grid.width} × ${grid.height} pixels of the grid in ${grid.crs}; hatched: no data`;
  canvas.text(footer, MARGIN, canvas.height - 18, { size: 8, colour: GREY });
  await writePng(target, canvas);
  return {
    path: target,
    width: canvas.width,
    height: canvas.height,
    phases,
    validShare: Object.fromEntries(phases.map((phase, row) => [phase, shares[row]])),
  };
}

/** @param pixels RGBA; null for a panel without an image */
function drawPanel(canvas: Canvas, pixels: Uint8Array | null, { x, y, width, height }: PixelWindow): void {
  canvas.frame(x, y, width, height);
  if (pixels !== null) {
    canvas.draw({ width, height, pixels }, x, y);
    return;
  }
  const style = { size: 10, colour: GREY, align: 'centre' } as const;
  canvas.text('not in the scene', x + width / 2, y + height / 2 - 5, style);
}
