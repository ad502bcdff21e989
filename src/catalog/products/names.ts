/**
 * Band names of EOReader: one name for similar bands of different satellites. A satellite's only near-infrared band is
 * both NIR and NARROW_NIR.
 */

/** EOReader's name and STAC's common name. */
const NAMES = [
  ['CA', 'coastal'], // coastal aerosol
  ['BLUE', 'blue'],
  ['GREEN', 'green'],
  ['RED', 'red'],
  ['VRE_1', 'rededge071'], // vegetation red edge, 705 nm
  ['VRE_2', 'rededge075'], // vegetation red edge, 740 nm
  ['VRE_3', 'rededge078'], // vegetation red edge, 783 nm
  ['NIR', 'nir'], // near infrared
  ['NARROW_NIR', 'nir08'], // near infrared, 865 nm
  ['WV', 'nir09'], // water vapour, 945 nm
  ['SWIR_CIRRUS', 'cirrus'], // cirrus, 1375 nm
  ['SWIR_1', 'swir16'], // short-wave infrared, 1610 nm
  ['SWIR_2', 'swir22'], // short-wave infrared, 2190 nm
  ['PAN', 'pan'], // panchromatic
  ['TIR_1', 'lwir11'], // thermal infrared, 10.9 µm
  ['TIR_2', 'lwir12'], // thermal infrared, 12 µm
  ['VV', 'vv'], // radar, vertical transmit and receive
  ['VH', 'vh'], // radar, vertical transmit and horizontal receive
  ['HH', 'hh'], // radar, horizontal transmit and receive
  ['HV', 'hv'], // radar, horizontal transmit and vertical receive
  ['SCL', 'scl'], // scene classification of Sentinel-2 L2A
  ['QA_PIXEL', 'qa_pixel'], // quality bits of Landsat
] as const;

/** Names of bands in files. */
export type FileBandName = (typeof NAMES)[number][0];

/** Cloud masks, computed from a product's quality band or masks: 1 for cloud, 0 for clear. */
export const CLOUD_BANDS = ['CLOUDS', 'SHADOWS', 'CIRRUS', 'ALL_CLOUDS'] as const;
/** The name of a cloud mask. */
export type CloudBandName = (typeof CLOUD_BANDS)[number];

/** A band of a product by its common name, or one of its masks. */
export type ProductBandName = FileBandName | CloudBandName;

/** All names, in spectral order; each product has some of them. */
export const PRODUCT_BANDS: readonly ProductBandName[] = [...NAMES.map(([name]) => name), ...CLOUD_BANDS];

const FILE_BANDS = new Map<string, FileBandName>([
  ...NAMES.flatMap(([name, common]): [string, FileBandName][] => [
    [common, name],
    [name.toLowerCase(), name],
  ]),
  // EOReader's long names, and names of Earth Search's assets (`rededge1`) and of the USGS (`lwir`).
  ['coastal_aerosol', 'CA'],
  ['rededge1', 'VRE_1'],
  ['rededge2', 'VRE_2'],
  ['rededge3', 'VRE_3'],
  ['vegetation_red_edge_1', 'VRE_1'],
  ['vegetation_red_edge_2', 'VRE_2'],
  ['vegetation_red_edge_3', 'VRE_3'],
  ['water_vapour', 'WV'],
  ['panchromatic', 'PAN'],
  ['lwir', 'TIR_1'],
  ['thermal_ir_1', 'TIR_1'],
  ['thermal_ir_2', 'TIR_2'],
]);

/** The band with a name, a long name or a STAC common name, ignoring case; null for none. `CIRRUS` is a mask. */
export function bandNamed(name: string): ProductBandName | null {
  return CLOUD_BANDS.find((mask) => mask === name.toUpperCase()) ?? fileBandNamed(name);
}

/** As `bandNamed`, without masks: `cirrus` is the band. */
export function fileBandNamed(name: string): FileBandName | null {
  return FILE_BANDS.get(name.toLowerCase()) ?? null;
}

/** STAC's common name of a band. */
export function commonNameOf(band: FileBandName): string {
  return NAMES.find(([name]) => name === band)?.[1] ?? band.toLowerCase();
}

/** A Sentinel-2 band: its name in files, its common name, and its native pixel size in metres. */
export interface Sentinel2Band {
  readonly id: string;
  readonly name: FileBandName;
  readonly resolution: number;
}

/** In the order of `band_id` (`bandId`) in the metadata, from 0. */
export const SENTINEL2_BANDS: readonly Sentinel2Band[] = (
  [
    ['B01', 'CA', 60],
    ['B02', 'BLUE', 10],
    ['B03', 'GREEN', 10],
    ['B04', 'RED', 10],
    ['B05', 'VRE_1', 20],
    ['B06', 'VRE_2', 20],
    ['B07', 'VRE_3', 20],
    ['B08', 'NIR', 10],
    ['B8A', 'NARROW_NIR', 20],
    ['B09', 'WV', 60],
    ['B10', 'SWIR_CIRRUS', 60],
    ['B11', 'SWIR_1', 20],
    ['B12', 'SWIR_2', 20],
  ] as const
).map(([id, name, resolution]) => ({ id, name, resolution }));
