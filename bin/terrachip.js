#!/usr/bin/env node
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

// libuv reads the size of its thread pool once, at its first use: it must be set before anything is imported.
// Decompression runs on that pool.
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism()));

// A heap of few objects is collected after each few megabytes of pixels, hundreds of times in a scene. With this, it may
// first grow to twice its size. To one and a half for maps: they hold much more memory, and spend little time on pixels.
setFlagsFromString(`--heap-growing-percent=${process.argv[2] === 'infer' ? 50 : 100}`);

const { main } = await import('../dist/cli/main.js');
await main(process.argv.slice(2));
