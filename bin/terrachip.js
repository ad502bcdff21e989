#!/usr/bin/env node
// libuv reads the size of its thread pool once, at its first use: it must be set before anything is imported.
// Decompression runs on that pool.
import { availableParallelism } from 'node:os';

process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism()));

const { main } = await import('../dist/cli/main.js');
await main(process.argv.slice(2));
