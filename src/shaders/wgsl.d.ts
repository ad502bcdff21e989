/** Each `shaders/<name>.wgsl` becomes a module `<name>.wgsl.js` whose default export is its text (scripts/build.js). */
declare module '*.wgsl.js' {
  const source: string;
  export default source;
}
