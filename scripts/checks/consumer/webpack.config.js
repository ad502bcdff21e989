import { natives } from './natives.js';

export default {
  mode: 'development',
  devtool: false,
  target: 'node20',
  entry: './run.js',
  stats: 'errors-only',
  experiments: { outputModule: true },
  output: {
    path: `${import.meta.dirname}/out/webpack`,
    filename: 'run.js',
    module: true,
    chunkFormat: 'module',
  },
  externals: Object.fromEntries(natives.map((name) => [name, `import ${name}`])),
};
