import type { GeoBox } from 'terrachip/geo';
import { type AreaFeatures, parseGeoJson, polygonArea, Rasterizer } from 'terrachip/vector';

/** The area of polygons on the ground, and whether any may overlap a grid. */
export function squareMetres(text: string, grid: GeoBox): { area: number; isNear: boolean } {
  const areas: AreaFeatures = parseGeoJson(JSON.parse(text), 'areas.geojson');
  const area = areas.features.reduce((sum, { polygons }) => sum + polygonArea(polygons, areas.crs), 0);
  return { area, isNear: new Rasterizer(areas, grid).isNear };
}
