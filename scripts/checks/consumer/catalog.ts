import { type CatalogRow, GeoCatalog } from 'terrachip/catalog';

export function idsAt(rows: Iterable<CatalogRow>, longitude: number, latitude: number): string[] {
  const catalog = GeoCatalog.from(rows);
  const found = catalog.query({ geometry: { type: 'Point', coordinates: [longitude, latitude] } });
  return Array.from(found, ({ id }) => id);
}
