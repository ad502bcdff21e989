import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import resolve from '@rollup/plugin-node-resolve';
import { natives } from './natives.js';

export default {
  input: 'run.js',
  output: { dir: 'out/rollup' },
  external: natives,
  plugins: [resolve({ exportConditions: ['node'], preferBuiltins: true }), commonjs(), json()],
};
