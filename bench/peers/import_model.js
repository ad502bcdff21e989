// Imports a checkpoint; prints the seconds and the peak memory in MiB as JSON.
//
//   node bench/peers/import_model.js CHECKPOINT FOLDER fp32|fp16
import { importModel } from '../../dist/workflow/model/import.js';

const [checkpoint, output, precision] = process.argv.slice(2);
const start = process.hrtime.bigint();
const report = await importModel({
  checkpoint,
  output,
  precision,
  statistics: 'impactmesh-flood',
  ...(precision === 'fp16' ? { sampleChips: 1 } : {}),
});
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
const { parameters, nodes, gflopPerChip, halfPrecision } = report;
const peakMiB = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ seconds, peakMiB, parameters, nodes, gflopPerChip, halfPrecision }));
