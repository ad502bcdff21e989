/** The page of `terrachip report`. */
import * as L from 'leaflet';
import { DOCUMENT_ID, type ReportDocument, type ReportOutlines } from '../../workflow/report/document.js';
import {
  CanvasOverlay,
  createMap,
  Graticule,
  type ListedLayer,
  listLayers,
  requireElement,
} from '../map/index.js';
import { legendOf, type OpenRaster, openRaster, paintRaster } from './paint.js';
import { showPictures } from './pictures.js';
import { connectValues } from './values.js';

async function start(): Promise<void> {
  // The document is part of the page, and needs no check.
  const report = JSON.parse(requireElement(DOCUMENT_ID, HTMLScriptElement).text) as ReportDocument;
  const map = createMap(requireElement('map', HTMLDivElement), report);
  map.createPane(RASTERS).style.zIndex = '350';
  const rasters = await Promise.all(report.rasters.map(openRaster));
  const graticule: ListedLayer = {
    title: 'Graticule',
    layer: new Graticule(),
    isVisible: false,
    opacity: null,
    setOpacity: () => undefined,
    legend: null,
    note: '',
  };
  const layers = [
    ...report.outlines.map(outlineLayer),
    graticule,
    ...rasters.map((raster, k) => rasterLayer(raster, report, rasters.length - k)),
  ];
  listLayers(map, requireElement('layers', HTMLDivElement), layers);
  connectValues(map, report, rasters);
  await showPictures(map, report);
  document.documentElement.dataset.ready = 'true';
}

/** The pane of rasters: above the pictures, below the outlines. */
const RASTERS = 'rasters';

/** @param level rasters of higher levels cover others */
function rasterLayer(raster: OpenRaster, { bounds }: ReportDocument, level: number): ListedLayer {
  const { title, isVisible, opacity, style } = raster.about;
  const overlay = new CanvasOverlay(paintRaster(raster), bounds, RASTERS);
  overlay.canvas.style.zIndex = String(level);
  return {
    title,
    layer: overlay,
    isVisible,
    opacity,
    setOpacity: (value) => overlay.setOpacity(value),
    legend: legendOf(style),
    note: '',
  };
}

function outlineLayer({ title, colour, rings, isVisible }: ReportOutlines): ListedLayer {
  const lines = rings.map((ring) => {
    const places: [number, number][] = [];
    for (let i = 0; i + 1 < ring.length; i += 2) places.push([ring[i + 1], ring[i]]);
    return places;
  });
  const layer = L.polyline(lines, {
    renderer: L.canvas(),
    color: colour,
    weight: 2,
    interactive: false,
    smoothFactor: 1,
  });
  return {
    title,
    layer,
    isVisible,
    opacity: 1,
    setOpacity: (opacity) => layer.setStyle({ opacity }),
    legend: { items: [{ label: title, colour, kind: 'outline' }], bar: null },
    note: '',
  };
}

start().catch((error: unknown) => {
  const problem = error instanceof Error ? error.message : String(error);
  requireElement('values', HTMLDivElement).textContent = `The map cannot be shown: ${problem}.`;
  throw error;
});
