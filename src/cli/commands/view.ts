import { onAbort } from '../../io/abort.js';
import { startView } from '../../workflow/index.js';
import { parseCount } from '../arguments.js';
import { argumentList, defineCommand, option } from '../command.js';
import { ALLOW_LOCAL, BACKEND, THREADS } from '../shared-options.js';

const AFTER = `
The page shows rasters of any size: map tiles are warped on demand. Choose bands, expressions (as in calc), stretch and
colours on the page; click a pixel to see its stored values. The address works on this machine only, and holds a token that
is new each time. Ctrl-C ends the view.

  terrachip view scene.tif
  terrachip view terrachip-demo/map
  terrachip view scenes.parquet --port 8080`;

export const viewCommand = defineCommand(
  'view',
  'show rasters of any size, the layers of a map, or the rasters of a catalog on a map in the browser',
  {
    paths: argumentList('<paths...>', 'rasters and map folders, or one catalog'),
    port: option('--port <n>', 'port on this machine (default: any free port)', parseCount(0)),
    allowLocal: ALLOW_LOCAL,
    backend: BACKEND,
    threads: THREADS,
  },
  async ({ paths, ...values }, { output, signal, ...operation }) => {
    await using view = await startView(paths, { ...values, ...operation, signal });
    const { report } = view;
    output.result(report, `${report.url}\nOpen this address in a browser; Ctrl-C ends the view.`);
    await new Promise<void>((done) => onAbort(signal, done));
  },
  { after: AFTER },
);
