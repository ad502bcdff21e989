import {
  Affine,
  ControlGrids,
  Crs,
  createPixelMapping,
  createTransform,
  GeoBox,
  GeoTensor,
} from 'terrachip/geo';
import { registerCommonEpsg } from 'terrachip/geo/epsg';

registerCommonEpsg();

const box = GeoBox.fromBounds([5.7333, 49.4426, 6.5282, 50.183], 'EPSG:32632', 10);
const [x, y]: [number, number] = createTransform(Crs.wgs84, box.crs).forward(6, 50);
export const tensor = new GeoTensor({
  data: new Float32Array(4),
  shape: [2, 2],
  dimensions: ['y', 'x'],
  geobox: new GeoBox(box.crs, new Affine(10, 0, x, 0, -10, y), 2, 2),
});

export const { source } = new ControlGrids().of(createPixelMapping(box, box), 0.002, false).window({
  x: 0,
  y: 0,
  width: 8,
  height: 8,
});

// @ts-expect-error internals are not published
export const hidden = box.crs.projection;
