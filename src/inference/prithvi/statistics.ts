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

export const PRITHVI_STATISTICS_NAMES = ['prithvi-v2', 'prithvi-v1', 'prithvi-burnscars'] as const;
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
};
