/** Map components shared by the pages. */
export type { LonLatBounds } from '../../workflow/report/document.js';
export {
  type BaseMapOptions,
  type Basemap,
  createMap,
  escapeHtml,
  latLngBounds,
} from './base-map.js';
export { CanvasOverlay } from './canvas-overlay.js';
export { element, requireElement } from './dom.js';
export { formatDegrees, Graticule, graticuleStep } from './graticule.js';
export { type ListedLayer, listLayers } from './layer-list.js';
export { drawLegend, type Legend, type LegendBar, type LegendItem } from './legend.js';
export { connectSwipe, createSwipePanes, SWIPE_PANES } from './swipe.js';
