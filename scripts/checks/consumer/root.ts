import {
  type DoctorReport,
  diagnose,
  type ExportChipsReport,
  exportChips,
  type FinalizeReport,
  finalizeMaps,
  inferPlanned,
  initScene,
  isTerrachipError,
  type MosaicPlan,
  type MosaicReport,
  missingShards,
  mosaicCatalog,
  type PlanMapsReport,
  planMaps,
  plotZonalSeries,
  type ReportFile,
  type SceneInitReport,
  startView,
  submitJob,
  type View,
  warpFile,
  writeReport,
  type ZonalRow,
  zonalFile,
  zonalStatistics,
} from 'terrachip';

export async function onto(source: string, like: string, destination: string): Promise<number> {
  const { autoBackend }: DoctorReport = await diagnose();
  try {
    const report = await warpFile({ source, destination, grid: { like }, backend: autoBackend });
    return report.width * report.height;
  } catch (error) {
    return isTerrachipError(error, 'TOO_LARGE') ? error.fields.size : 0;
  }
}

/** The scene file of rasters, and the assumptions about them. */
export async function sceneOf(files: readonly string[], output: string): Promise<string[]> {
  const { assumed }: SceneInitReport = await initScene({ files, output, units: { S1RTC: 'dB' } });
  return assumed;
}

/** Plans a job, computes one of its shards, and submits the others. */
export async function inShards(scenes: readonly string[], output: string): Promise<FinalizeReport[]> {
  const { units }: PlanMapsReport = await planMaps({ scenes, model: 'demo-flood', output });
  await inferPlanned(output, { shard: { index: 0, count: units } });
  const missing = await missingShards(output, units);
  if (missing.length > 0) await submitJob({ output, shards: units, gpus: 1 });
  return missing.length > 0 ? [] : finalizeMaps(output);
}

/** Means of zones, by date; and as a table. */
export async function series(source: string, zones: string, destination: string): Promise<ZonalRow[]> {
  await zonalFile({ source, zones, destination, statistics: ['mean', 'p10'], coverage: 'fraction' });
  const rows = await zonalStatistics({ source, zones, expressions: ['NDVI'], mask: 'scl', by: 'date' });
  await plotZonalSeries(rows, { output: 'series.svg', statistic: 'mean', label: 'name' });
  return rows;
}

/** Training chips with labels, and the number in each split. */
export async function chipsOf(catalog: string, labels: string, output: string): Promise<number[]> {
  const options = { size: 256, labels, split: [0.7, 0.15, 0.15], format: 'zarr', resume: true } as const;
  const { splits }: ExportChipsReport = await exportChips({ catalog, output, ...options });
  return splits.map(({ chips }) => chips);
}

/** The page of a map, and the parts that it leaves out. */
export async function pageOf(map: string, destination: string): Promise<string[]> {
  const { notes }: ReportFile = await writeReport({ map, destination, title: 'Flood' });
  return notes;
}

/** A month of a catalog without clouds. */
export async function composite(catalog: string, destination: string): Promise<[MosaicReport, MosaicPlan[]]> {
  const plans: MosaicPlan[] = [];
  const onPlan = (plan: MosaicPlan): void => {
    plans.push(plan);
  };
  const select = { datetime: '2021-07' };
  const layers = {
    bands: ['red'],
    expressions: ['ndvi = (nir - red) / (nir + red)'],
    mask: 'clouds',
  } as const;
  return [await mosaicCatalog({ catalog, destination, select, ...layers, count: true, onPlan }), plans];
}

/** Serves a map of rasters, until the view is disposed of. */
export async function onMap(paths: readonly string[]): Promise<[View, string]> {
  const view = await startView(paths, { backend: 'cpu', threads: 0 });
  return [view, view.report.url];
}
