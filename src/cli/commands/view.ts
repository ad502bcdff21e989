import { onAbort } from '../../io/abort.js';
import { startView } from '../../workflow/index.js';
import { parseCount } from '../arguments.js';
import { argumentList, defineCommand, option } from '../command.js';
import { ALLOW_LOCAL, BACKEND, THREADS } from '../shared-options.js';

const AFTER = `
The page shows rasters of any size: it asks for tiles of the map, which are warped as they are needed. Bands, expressions
(as of calc), stretch and colours are chosen there; a click shows the stored values. Nobody else can open the address: it
is of this machine only, and holds a token that is new each time. Ctrl-C ends the view.

  terrachip view scene.tif
  terrachip view terrachip-demo/map
  terrachip view scenes.parquet --port 8080`;

export const viewCommand = defineCommand(
  'view',
  'a map in the browser: rasters of any size, the layers of a map, or the rasters of a catalog',
  {
    paths: argumentList('<paths...>', 'rasters and folders of maps, or one catalog'),
    port: option('--port <n>', 'port on this machine (default: any that is free)', parseCount(0)),
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
