/** Means and standard deviations of Prithvi-EO's bands, in digital numbers: reflectance × 10 000, without an offset. */

/** The bands of Harmonized Landsat and Sentinel-2, in the order of the pre-training (terratorch, `prithvi_vit.py`). */
export const HLS_BANDS = ['BLUE', 'GREEN', 'RED', 'NIR_NARROW', 'SWIR_1', 'SWIR_2'] as const;

/** The pixel size of Harmonized Landsat and Sentinel-2, in metres. */
export const HLS_PIXEL_SIZE = 30;

/** The statistics of a training, for `HLS_BANDS`. */
export interface HlsStatistics {
  readonly source: string;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export const PRITHVI_STATISTICS_NAMES = [
  'prithvi-v2',
  'prithvi-v1',
  'prithvi-burnscars',
  'prithvi-sen1floods11',
] as const;
export type PrithviStatisticsName = (typeof PRITHVI_STATISTICS_NAMES)[number];

export const PRITHVI_STATISTICS: Readonly<Record<PrithviStatisticsName, HlsStatistics>> = {
  'prithvi-v2': {
    source:
      'ibm-nasa-geospatial/Prithvi-EO-2.0-300M, config.json; terratorch, PRITHVI_V2_MEAN and PRITHVI_V2_STD',
    mean: [1087, 1342, 1433, 2734, 1958, 1363],
    std: [2248, 2179, 2178, 1850, 1242, 1049],
  },
  'prithvi-v1': {
    source: 'ibm-nasa-geospatial/Prithvi-EO-1.0-100M, config.json',
    mean: [775.22902, 1080.99278, 1228.58553, 2497.20226, 2204.21391, 1610.83248],
    std: [1281.52614, 1270.0298, 1399.48025, 1368.34461, 1291.6764, 1154.50568],
  },
  'prithvi-burnscars': {
    source: 'ibm-nasa-geospatial/Prithvi-EO-2.0-300M-BurnScars, burn_scars_config.yaml, times 10 000',
    mean: [333.49707, 570.11855, 588.97481, 2323.24511, 1972.85485, 1194.49142],
    std: [226.91356, 268.0756, 400.41098, 779.17324, 870.87388, 724.19795],
  },
  'prithvi-sen1floods11': {
    source: 'IBM/terratorch, datamodules/sen1floods11.py, MEANS and STDS, times 10 000',
    mean: [1412.956, 1379.5798, 1235.3792, 3090.2815, 2044.958, 1191.2015],
    std: [740.6382, 737.0365, 869.2279, 1179.8815, 977.2074, 765.9938],
  },
};

/** A published fine-tuned model. */
export interface PublishedPrithvi {
  readonly title: string;
  readonly statistics: PrithviStatisticsName;
  readonly classes: readonly string[];
  /** In metres; absent where training changed the size of the images. */
  readonly pixelSize?: number;
  /** Its training data. */
  readonly data: string;
}

/** Fine-tuned models of `ibm-nasa-geospatial` on Hugging Face, by the SHA-256 of their files. */
export const PUBLISHED_PRITHVI: Readonly<Record<string, PublishedPrithvi>> = {
  // Prithvi_EO_V2_300M_BurnScars.pt, revision a3f2c410.
  '0c5f9334be9a75c9006387ab8f3dc05a55ea7fb5ef7956717316be57c62954d3': {
    title: 'Prithvi-EO-2.0-300M-BurnScars',
    statistics: 'prithvi-burnscars',
    classes: ['unburned', 'burn_scar'],
    pixelSize: HLS_PIXEL_SIZE,
    data: 'Harmonized Landsat and Sentinel-2 of the contiguous United States',
  },
  // Prithvi-EO-V2-300M-TL-Sen1Floods11.pt, revision 91ce9d38.
  '76eed77d8bd543ae441308b80e8408502243a871cb8a338ddc8220ed96dfc270': {
    title: 'Prithvi-EO-2.0-300M-TL-Sen1Floods11',
    statistics: 'prithvi-sen1floods11',
    classes: ['no_water', 'water'],
    data: 'Sentinel-2 at the top of the atmosphere (L1C)',
  },
};
