// Worker threads use everything, with and without workerData.
import { Worker } from 'node:worker_threads';

for (const workerData of [undefined, { mine: true }, new SharedArrayBuffer(8)]) {
  const worker = new Worker(new URL('./run.js', import.meta.url), { workerData });
  await new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', (status) => (status === 0 ? resolve() : reject(new Error(`status ${status}`))));
  });
}
