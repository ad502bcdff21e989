// Makes and disposes of idle backends, and prints threads, open files and resident memory before and after as JSON.
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [kind, count] = process.argv.slice(2);
const { createBackend } = await import('../../../dist/gpu/node/index.js');

const once = async () => {
  const backend = await createBackend({ backend: kind, threads: 2 });
  backend.dispose();
};

/** Counters of this process, after disposed backends had time to end. */
async function counters() {
  await sleep(1000);
  globalThis.gc?.();
  return {
    threads: readdirSync('/proc/self/task').length,
    files: readdirSync('/proc/self/fd').length,
    handles: process.getActiveResourcesInfo().length,
    mebibytes: Math.round(process.memoryUsage.rss() / 2 ** 20),
  };
}

// Excludes libraries that load once and pools that fill once.
for (let k = 0; k < 30; k++) await once();
const before = await counters();
for (let k = 0; k < Number(count); k++) await once();
console.log(JSON.stringify({ before, after: await counters() }));
process.exit(0);
