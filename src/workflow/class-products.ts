/** The products of classes: `classes.tif`, their names for GDAL and QGIS, and their outlines. */
import type { GeoBox } from '../geo/index.js';
import type { ModelClass } from '../inference/node/index.js';
import { writeFileAtomically } from '../io/node/output.js';
import { escapeXml } from '../raster/cog/directory.js';
import type { CogOptions } from '../raster/cog/options.js';
import { CogWriter } from '../raster/node/index.js';
import { classPolygons } from '../vector/class-polygons.js';
import type { PolygonFile } from '../vector/node/polygon-file.js';
import type { PolygonFormat } from './choices.js';
import { CLASS_NODATA, parseColour } from './classes.js';
import type { ProductOptions } from './finalize.js';

/** A band of class numbers, or a band for each class that is 1 in its pixels. */
export function classMapWriter(
  path: string,
  classes: readonly ModelClass[],
  apart: boolean,
  options: Pick<CogOptions, 'geobox' | 'metadata'>,
): Promise<CogWriter> {
  return CogWriter.create(path, {
    ...options,
    bands: apart ? classes.length : 1,
    dtype: 'uint8',
    nodata: CLASS_NODATA,
    overviews: 'mode',
    colourTable: apart ? undefined : classes.map(({ colour }) => parseColour(colour)),
    descriptions: apart ? classes.map(({ name }) => name) : ['class'],
  });
}

/** Media types by ending. */
export const POLYGON_TYPES: Readonly<Record<PolygonFormat, string>> = {
  geojson: 'application/geo+json',
  fgb: 'application/flatgeobuf',
  parquet: 'application/vnd.apache.parquet',
};

/** Outlines of the classes in a band of class numbers, or of the pixels that are 1 in the band of each class. */
export function outlineWriters(
  file: PolygonFile,
  classes: readonly ModelClass[],
  apart: boolean,
  geobox: GeoBox,
  { minArea = 0, simplify }: Pick<ProductOptions, 'minArea' | 'simplify'>,
): ReturnType<typeof classPolygons>[] {
  return (apart ? classes : [null]).map((_, band) =>
    classPolygons({
      geobox,
      nodata: CLASS_NODATA,
      simplify,
      values: apart ? [1] : undefined,
      onArea: (parts, { pixels, km2, ...properties }) => {
        const value = apart ? band : properties.value;
        if (1e6 * km2 < minArea) return;
        file.add(parts, { value, class: classes[value].name, km2, pixels });
      },
    }),
  );
}

/** Columns of GDAL's attribute table: name, type (0 whole number, 2 text) and usage. */
const COLUMNS = [
  ['Value', 0, 5],
  ['Class', 2, 2],
  ['Red', 0, 6],
  ['Green', 0, 7],
  ['Blue', 0, 8],
] as const;

/**
 * Writes `classes.tif.aux.xml`: category names and an attribute table. TIFF itself has a place for colours only.
 */
export async function writeClassTable(classMap: string, classes: readonly ModelClass[]): Promise<void> {
  const names = classes.map(({ name }) => `<Category>${escapeXml(name)}</Category>`);
  const columns = COLUMNS.map(
    ([name, type, usage], k) =>
      `<FieldDefn index="${k}"><Name>${name}</Name><Type>${type}</Type><Usage>${usage}</Usage></FieldDefn>`,
  );
  const rows = classes.map(({ name, colour }, value) => {
    const cells = [value, escapeXml(name), ...parseColour(colour)];
    return `<Row index="${value}">${cells.map((cell) => `<F>${cell}</F>`).join('')}</Row>`;
  });
  const text = `<PAMDataset>
  <PAMRasterBand band="1">
    <CategoryNames>
      ${names.join('\n      ')}
    </CategoryNames>
    <GDALRasterAttributeTable tableType="thematic">
      ${[...columns, ...rows].join('\n      ')}
    </GDALRasterAttributeTable>
  </PAMRasterBand>
</PAMDataset>
`;
  await writeFileAtomically(`${classMap}.aux.xml`, Buffer.from(text));
}
