/**
 * Band names of EOReader: one name for similar bands of different satellites. A satellite's only near-infrared band is
 * both NIR and NARROW_NIR.
 */

/** Name, description, and STAC's common name. */
const NAMES = [
  ['CA', 'coastal aerosol', 'coastal'],
  ['BLUE', 'blue', 'blue'],
  ['GREEN', 'green', 'green'],
  ['RED', 'red', 'red'],
  ['VRE_1', 'vegetation red edge, 705 nm', 'rededge071'],
  ['VRE_2', 'vegetation red edge, 740 nm', 'rededge075'],
  ['VRE_3', 'vegetation red edge, 783 nm', 'rededge078'],
  ['NIR', 'near infrared', 'nir'],
  ['NARROW_NIR', 'near infrared, 865 nm', 'nir08'],
  ['WV', 'water vapour, 945 nm', 'nir09'],
  ['SWIR_CIRRUS', 'cirrus, 1375 nm', 'cirrus'],
  ['SWIR_1', 'short-wave infrared, 1610 nm', 'swir16'],
  ['SWIR_2', 'short-wave infrared, 2190 nm', 'swir22'],
  ['PAN', 'panchromatic', 'pan'],
  ['TIR_1', 'thermal infrared, 10.9 µm', 'lwir11'],
  ['TIR_2', 'thermal infrared, 12 µm', 'lwir12'],
  ['VV', 'radar, vertical transmit and receive', 'vv'],
  ['VH', 'radar, vertical transmit and horizontal receive', 'vh'],
  ['HH', 'radar, horizontal transmit and receive', 'hh'],
  ['HV', 'radar, horizontal transmit and vertical receive', 'hv'],
  ['SCL', 'scene classification of Sentinel-2 L2A', 'scl'],
  ['QA_PIXEL', 'quality bits of Landsat', 'qa_pixel'],
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

const BY_NAME = new Map<string, ProductBandName>([
  ...NAMES.map(([name, , common]): [string, ProductBandName] => [common, name]),
  ...PRODUCT_BANDS.map((name): [string, ProductBandName] => [name.toLowerCase(), name]),
  // EOReader's long names, and names of Earth Search's assets (`rededge1`).
  ['coastal_aerosol', 'CA'],
  ['rededge1', 'VRE_1'],
  ['rededge2', 'VRE_2'],
  ['rededge3', 'VRE_3'],
  ['vegetation_red_edge_1', 'VRE_1'],
  ['vegetation_red_edge_2', 'VRE_2'],
  ['vegetation_red_edge_3', 'VRE_3'],
  ['water_vapour', 'WV'],
  ['panchromatic', 'PAN'],
  ['thermal_ir_1', 'TIR_1'],
  ['thermal_ir_2', 'TIR_2'],
]);

/** The band with a name, a long name or a STAC common name, ignoring case; null for none. */
export function bandNamed(name: string): ProductBandName | null {
  return BY_NAME.get(name.toLowerCase()) ?? null;
}

/** STAC's common name of a band. */
export function commonNameOf(band: FileBandName): string {
  return NAMES.find(([name]) => name === band)?.[2] ?? band.toLowerCase();
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
