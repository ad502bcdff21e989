/**
 * Each `<name>.wgsl` and `<name>.json` becomes a module whose default export is its text, each `<name>.wasm` one whose
 * default export is its bytes in base64 (scripts/build.js).
 */
declare module '*.wgsl.js' {
  const text: string;
  export default text;
}

declare module '*.json.js' {
  const text: string;
  export default text;
}

declare module '*.wasm.js' {
  const base64: string;
  export default base64;
}
