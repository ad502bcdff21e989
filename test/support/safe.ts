import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The metadata of a made Sentinel-2 product. */
export interface SafeOptions {
  level?: 'L1C' | 'L2A';
  baseline?: string;
  /** The offset of all bands, or by `band_id`; null for metadata from before offsets. */
  offset?: number | null | readonly (number | null)[];
  quantification?: number;
  /** Replaces a metadata file. */
  product?: string;
  tile?: string;
  /** Further files by path; `GRANULE/…` is the folder of the tile. */
  more?: Readonly<Record<string, string>>;
  /** Further fixtures by path, likewise. */
  images?: Readonly<Record<string, string>>;
}

const FIXTURES = 'test/fixtures/jpeg2000';
const TILE = 'T31UFS';
const TIME = '20210715T105031';

/** Bands of 10, 20 and 60 m; bands of one resolution share an image. */
const BANDS = { 10: ['B02', 'B04', 'B08'], 20: ['B05', 'B8A', 'B11'], 60: ['B01', 'B09'] };

export const SAFE_NAME = (level: string, baseline: string): string =>
  `S2A_MSI${level}_${TIME}_N${baseline.replace('.', '')}_R051_${TILE}_20210715T142302`;

function productXml(
  level: 'L1C' | 'L2A',
  name: string,
  options: Required<Pick<SafeOptions, 'baseline' | 'quantification'>> & SafeOptions,
): string {
  const { baseline, offset = null, quantification } = options;
  const [list, entry] =
    level === 'L1C'
      ? ['Radiometric_Offset_List', 'RADIO_ADD_OFFSET']
      : ['BOA_ADD_OFFSET_VALUES_LIST', 'BOA_ADD_OFFSET'];
  const offsets = Array.from({ length: 13 }, (_, k) => {
    const own = typeof offset === 'number' || offset === null ? offset : offset[k];
    return own === null ? '' : `<${entry} band_id="${k}">${own}</${entry}>`;
  });
  const quantity =
    level === 'L1C'
      ? `<QUANTIFICATION_VALUE unit="none">${quantification}</QUANTIFICATION_VALUE>`
      : `<QUANTIFICATION_VALUES_LIST><BOA_QUANTIFICATION_VALUE unit="none">${quantification}</BOA_QUANTIFICATION_VALUE></QUANTIFICATION_VALUES_LIST>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<n1:Level-${level.slice(1)}_User_Product xmlns:n1="https://example.org/user_product">
  <n1:General_Info>
    <Product_Info>
      <PRODUCT_START_TIME>2021-07-15T10:50:31.024Z</PRODUCT_START_TIME>
      <PRODUCT_URI>${name}.SAFE</PRODUCT_URI>
      <PROCESSING_BASELINE>${baseline}</PROCESSING_BASELINE>
      <PRODUCT_TYPE>S2MSI${level.slice(1)}</PRODUCT_TYPE>
      <GENERATION_TIME>2021-07-15T14:23:02.000000Z</GENERATION_TIME>
      <Datatake datatakeIdentifier="made">
        <SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME>
        <DATATAKE_SENSING_START>2021-07-15T10:50:31.024Z</DATATAKE_SENSING_START>
        <SENSING_ORBIT_NUMBER>51</SENSING_ORBIT_NUMBER>
        <SENSING_ORBIT_DIRECTION>DESCENDING</SENSING_ORBIT_DIRECTION>
      </Datatake>
    </Product_Info>
    <Product_Image_Characteristics>
      <Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>
      <Special_Values><SPECIAL_VALUE_TEXT>SATURATED</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>32767</SPECIAL_VALUE_INDEX></Special_Values>
      ${quantity}
      ${offset === null ? '' : `<${list}>${offsets.join('')}</${list}>`}
    </Product_Image_Characteristics>
  </n1:General_Info>
  <n1:Geometric_Info>
    <EXT_POS_LIST>51.44 4.43 51.43 4.45 51.42 4.45 51.43 4.43 51.44 4.43</EXT_POS_LIST>
  </n1:Geometric_Info>
  <n1:Quality_Indicators_Info>
    <Cloud_Coverage_Assessment>12.5</Cloud_Coverage_Assessment>
  </n1:Quality_Indicators_Info>
</n1:Level-${level.slice(1)}_User_Product>
`;
}

function tileXml(tile = TILE, left = 600000): string {
  const sizes = [10, 20, 60].map(
    (size) => `<Size resolution="${size}"><NROWS>${1200 / size}</NROWS><NCOLS>${1200 / size}</NCOLS></Size>
      <Geoposition resolution="${size}"><ULX>${left}</ULX><ULY>5700000</ULY><XDIM>${size}</XDIM><YDIM>-${size}</YDIM></Geoposition>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<n1:Tile_ID_List xmlns:n1="https://example.org/tile">
  <n1:General_Info><TILE_ID>S2A_OPER_MSI_TL_MADE_20210715T142302_A031678_${tile}_N05.00</TILE_ID></n1:General_Info>
  <n1:Geometric_Info>
    <Tile_Geocoding>
      <HORIZONTAL_CS_CODE>EPSG:32631</HORIZONTAL_CS_CODE>
      ${sizes.join('\n      ')}
    </Tile_Geocoding>
  </n1:Geometric_Info>
</n1:Tile_ID_List>
`;
}

/**
 * Writes a Sentinel-2 product of 1200 × 1200 m in the structure of real ones: bands of 10, 20 and 60 m and a scene
 * classification from scripts/truth/jpeg2000.py.
 * @returns its folder
 */
export async function writeSafe(parent: string, options: SafeOptions = {}): Promise<string> {
  const { level = 'L2A', baseline = '05.00', quantification = 10_000, more = {} } = options;
  const offset = options.offset === undefined ? -1000 : options.offset;
  const name = SAFE_NAME(level, baseline);
  const root = join(parent, `${name}.SAFE`);
  const granule = `GRANULE/${level}_${TILE}_A031678_20210715T105032`;
  const at = (path: string): string => join(root, path.replace('GRANULE/…', granule));
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), text);
  };
  const copy = async (fixture: string, path: string): Promise<void> => {
    await mkdir(dirname(at(path)), { recursive: true });
    await copyFile(join(FIXTURES, fixture), at(path));
  };
  const { product, tile } = options;
  await write(
    `MTD_MSI${level}.xml`,
    product ?? productXml(level, name, { ...options, offset, baseline, quantification }),
  );
  await write(`${granule}/MTD_TL.xml`, tile ?? tileXml());
  for (const [path, text] of Object.entries(more)) await write(path, text);
  for (const [path, fixture] of Object.entries(options.images ?? {})) await copy(fixture, path);
  for (const [size, bands] of Object.entries(BANDS)) {
    for (const band of bands) {
      const file =
        level === 'L1C' ? `${TILE}_${TIME}_${band}.jp2` : `R${size}m/${TILE}_${TIME}_${band}_${size}m.jp2`;
      await copy(`s2-${size}m.jp2`, `${granule}/IMG_DATA/${file}`);
    }
  }
  if (level === 'L2A') {
    for (const band of BANDS[10])
      await copy('s2-20m.jp2', `${granule}/IMG_DATA/R20m/${TILE}_${TIME}_${band}_20m.jp2`);
    await copy('s2-scl.jp2', `${granule}/IMG_DATA/R20m/${TILE}_${TIME}_SCL_20m.jp2`);
  }
  return root;
}

/**
 * Writes a Level-1C product with the long names of before December 2016: tiles of 1200 m side by side, each with one
 * image of 10 m.
 * @returns its folder
 */
export async function writeOldSafe(parent: string, tiles: readonly string[]): Promise<string> {
  const name = 'S2A_OPER_PRD_MSIL1C_PDMC_20160105T022217_R051_V20160104T104502_20160104T104502';
  const root = join(parent, `${name}.SAFE`);
  await mkdir(root, { recursive: true });
  const text = productXml('L1C', name, { baseline: '02.01', quantification: 1000, offset: null });
  await writeFile(join(root, `${name.replace('PRD_MSI', 'MTD_SAF')}.xml`), text);
  for (const [k, tile] of tiles.entries()) {
    const own = `S2A_OPER_MSI_L1C_TL_EPA__20160104T162151_A002800_T${tile}`;
    const granule = join(root, 'GRANULE', `${own}_N02.01`);
    await mkdir(join(granule, 'IMG_DATA'), { recursive: true });
    await writeFile(
      join(granule, `${own.replace('_MSI_', '_MTD_')}.xml`),
      tileXml(`T${tile}`, 600000 + 1200 * k),
    );
    await copyFile(join(FIXTURES, 's2-10m.jp2'), join(granule, 'IMG_DATA', `${own}_B04.jp2`));
  }
  return root;
}
