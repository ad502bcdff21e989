/** The page: starts the workers and connects the steps. */
import { messageOf } from '../src/errors.js';
import { requireElement } from '../src/page/map/index.js';
import { App } from './app.js';
import { connectCalculate } from './calculate-panel.js';
import { Engine } from './client.js';
import { connectDownload } from './download-panel.js';
import { connectModel } from './model-panel.js';
import { connectOpen } from './open-panel.js';
import { connectReproject } from './reproject-panel.js';
import { connectShow } from './show-panel.js';
import { showSources } from './sources.js';

const shown = requireElement('engine', HTMLElement);

async function start(): Promise<void> {
  showSources();
  // ?device=cpu leaves a GPU unused.
  const device = new URLSearchParams(location.search).get('device') === 'cpu' ? 'cpu' : 'auto';
  const engine = await Engine.start(device);
  const { kind, adapter } = engine.info;
  const count = engine.workers.length === 1 ? 'one worker' : `${engine.workers.length} workers`;
  shown.textContent =
    kind === 'webgpu'
      ? `The kernels run on WebGPU (${adapter}).`
      : `${device === 'cpu' ? 'WebGPU is off' : 'This browser has no WebGPU'}: the kernels run on the CPU, in ${count}. The results are the same.`;
  const app = new App(engine);
  for (const connect of [
    connectOpen,
    connectShow,
    connectCalculate,
    connectReproject,
    connectModel,
    connectDownload,
  ])
    connect(app);
  app.changed();
  document.body.dataset.ready = kind;
}

start().catch((error: unknown) => {
  shown.textContent = `The page cannot start: ${messageOf(error)}`;
});
