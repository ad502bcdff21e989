import { copyFile, listFiles } from '../../workflow/index.js';
import { argument, defineCommand, flag } from '../command.js';

export const copyCommand = defineCommand(
  'cp',
  'copy a file between disk, web and object stores',
  {
    source: argument('<source>', 'path or URL: http:, https:, s3:, gs: or az:'),
    destination: argument('<destination>', 'path, folder or s3://BUCKET/KEY'),
  },
  async (values, { output, ...operation }) => {
    const report = await copyFile({ ...values, ...operation });
    output.result(report, `${report.destination}: ${report.bytes} bytes`);
  },
);

export const listCommand = defineCommand(
  'ls',
  'list the files of an S3 bucket',
  {
    url: argument('<url>', 's3://BUCKET/PREFIX'),
    recursive: flag('--recursive', 'also list files in folders below'),
  },
  async (values, { output, ...operation }) => {
    const list = await listFiles({ ...values, ...operation });
    const lines = list.files.map(
      ({ url, size, modified }) => `${String(size ?? '').padStart(14)}  ${modified ?? ''.padEnd(24)}  ${url}`,
    );
    output.result(list, [...lines, `${list.files.length} entries, ${list.bytes} bytes`].join('\n'));
  },
);
