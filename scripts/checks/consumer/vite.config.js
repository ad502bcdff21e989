export default {
  build: { outDir: 'out/vite', lib: { entry: 'page.js', formats: ['es'], fileName: () => 'page.js' } },
};
