import { useEverything } from './everything.js';

// Vitest and Jest both have it.
globalThis.test('everything', async () => console.log(await useEverything()), 300_000);
