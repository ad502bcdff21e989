// Installs gdal3.js, which reads Esri file geodatabases, in a cache folder: it is LGPL, and so not a dependency.
import { existsSync, mkdirSync } from 'node:fs';
import Module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { attempt } from '../programs.js';

/** Installs it once and lets terrachip find it. @returns null, or why it cannot be installed */
export async function installGdal3() {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'terrachip-checks');
  const folder = join(cache, 'gdal3');
  const installed = join(folder, 'node_modules');
  if (!existsSync(join(installed, 'gdal3.js', 'package.json'))) {
    mkdirSync(folder, { recursive: true });
    const options = ['--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    const { status, stderr } = await attempt('npm', ['install', ...options, 'gdal3.js@>=2.8']);
    if (status !== 0) return stderr.trim().split('\n').at(-1) ?? 'npm install fails';
  }
  process.env.NODE_PATH = [installed, process.env.NODE_PATH].filter(Boolean).join(':');
  // Node reads NODE_PATH at its start, and again here.
  Module._initPaths();
  return null;
}
