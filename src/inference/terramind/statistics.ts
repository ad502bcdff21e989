/** Means and standard deviations of each band that TerraMind was trained with, in the units of `MODALITIES`. */

export interface BandStatistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface StatisticsSet {
  readonly title: string;
  readonly source: string;
  readonly modalities: Readonly<Record<string, BandStatistics>>;
}

const S1GRD: BandStatistics = { mean: [-12.599, -20.293], std: [5.195, 5.89] };

export const STATISTICS_NAMES = ['impactmesh-flood', 'terramind-v1', 'terramind-v01'] as const;
export type StatisticsName = (typeof STATISTICS_NAMES)[number];

export const STATISTICS: Readonly<Record<StatisticsName, StatisticsSet>> = {
  'impactmesh-flood': {
    title: 'ImpactMesh-Flood',
    source: 'IBM/ImpactMesh, impactmesh_datamodule.py, datasets_stats["flood"]',
    modalities: {
      S2L2A: {
        mean: [
          1223.128, 1251.355, 1423.443, 1408.984, 1786.818, 2448.316, 2685.642, 2745.795, 2817.936, 3194.081,
          1964.659, 1399.317,
        ],
        std: [
          2358.709, 2227.598, 2082.363, 2068.519, 2086.682, 2003.085, 2019.494, 2060.309, 2014.732, 2992.644,
          1414.951, 1218.357,
        ],
      },
      S1RTC: { mean: [-9.98, -15.968], std: [4.24, 4.105] },
      DEM: { mean: [141.786], std: [189.363] },
    },
  },
  'terramind-v1': {
    title: 'TerraMind v1 pre-training',
    source: 'IBM/terratorch, terramind_register.py, v1_pretraining_mean and v1_pretraining_std',
    modalities: {
      S2L2A: {
        mean: [
          1390.458, 1503.317, 1718.197, 1853.91, 2199.1, 2779.975, 2987.011, 3083.234, 3132.22, 3162.988,
          2424.884, 1857.648,
        ],
        std: [
          2106.761, 2141.107, 2038.973, 2134.138, 2085.321, 1889.926, 1820.257, 1871.918, 1753.829, 1797.379,
          1434.261, 1334.311,
        ],
      },
      S2L1C: {
        mean: [
          2357.089, 2137.385, 2018.788, 2082.986, 2295.651, 2854.537, 3122.849, 3040.56, 3306.481, 1473.847,
          506.07, 2472.825, 1838.929,
        ],
        std: [
          1624.683, 1675.806, 1557.708, 1833.702, 1823.738, 1733.977, 1732.131, 1679.732, 1727.26, 1024.687,
          442.165, 1331.411, 1160.419,
        ],
      },
      RGB: { mean: [87.271, 80.931, 66.667], std: [58.767, 47.663, 42.631] },
      S1GRD,
      S1RTC: { mean: [-10.93, -17.329], std: [4.391, 4.459] },
      DEM: { mean: [670.665], std: [951.272] },
    },
  },
  'terramind-v01': {
    title: 'TerraMind v0.1 pre-training',
    source: 'IBM/terratorch, terramind_register.py, v01_pretraining_mean and v01_pretraining_std',
    modalities: {
      S2L2A: {
        mean: [
          794.311, 925.161, 1183.128, 1338.041, 1667.254, 2233.633, 2460.96, 2555.569, 2619.542, 2703.298,
          2406.497, 1841.645,
        ],
        std: [
          1164.883, 1205.586, 1223.713, 1399.638, 1403.298, 1378.513, 1434.924, 1491.141, 1454.089, 1660.395,
          1473.248, 1365.08,
        ],
      },
      S1GRD,
      DEM: { mean: [435.726], std: [560.326] },
    },
  },
};
