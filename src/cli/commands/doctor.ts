import { diagnose } from '../../workflow/index.js';
import { defineCommand } from '../command.js';

export const doctorCommand = defineCommand(
  'doctor',
  'show adapters, providers and versions, and what to install',
  {},
  async (_, { output }) => {
    const report = await diagnose();
    const { webgpu, onnx, resident } = report;
    output.result(
      report,
      [
        `terrachip       ${report.terrachip}, Node ${report.node}, ${report.platform}`,
        `processor       ${report.processor}, ${report.cores} cores, ${(report.memoryBytes / 2 ** 30).toFixed(1)} GiB`,
        `webgpu          ${webgpu.available ? `${webgpu.adapter} (${webgpu.adapterClass})` : webgpu.problem}`,
        `onnx            ${onnx.available ? onnx.providers.join(', ') : onnx.problem}`,
        `webgpu-resident ${resident.available ? 'onnxruntime-web on that adapter' : resident.problem}`,
        ...report.readers.map(
          (found) =>
            `${found.reads.join(', ').padEnd(16)}${found.available ? found.package : `${found.problem}; ${found.remedy}`}`,
        ),
        `--backend auto takes ${report.autoBackend}`,
      ].join('\n'),
    );
  },
);
