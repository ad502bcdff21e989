/** Each `<name>.wgsl` and `<name>.json` becomes a module whose default export is its text (scripts/build.js). */
declare module '*.wgsl.js' {
  const text: string;
  export default text;
}

declare module '*.json.js' {
  const text: string;
  export default text;
}
