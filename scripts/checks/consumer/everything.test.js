import { useEverything } from './everything.js';

// Vitest and Jest both define it.
globalThis.test('everything', async () => console.log(await useEverything()), 300_000);
