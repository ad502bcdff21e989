/** `classes.tif.aux.xml`: names and colours of classes for GDAL and QGIS. TIFF itself has a place for colours only. */
import { writeFileAtomically } from '../io/node/output.js';
import { escapeXml } from '../raster/cog/directory.js';
import { parseColour } from './classes.js';

/** Columns of GDAL's attribute table: name, type (0 whole number, 2 text) and usage. */
const COLUMNS = [
  ['Value', 0, 5],
  ['Class', 2, 2],
  ['Red', 0, 6],
  ['Green', 0, 7],
  ['Blue', 0, 8],
] as const;

/** Writes category names and an attribute table beside a class map. */
export async function writeClassTable(
  classMap: string,
  classes: readonly { name: string; colour: string }[],
): Promise<void> {
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
