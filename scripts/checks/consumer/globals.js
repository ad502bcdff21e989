// Imports a specifier and prints the globals that this added and the number of its exports.
const specifier = process.argv[2];
const before = new Set(Reflect.ownKeys(globalThis));
const module = await import(specifier, specifier.endsWith('.json') ? { with: { type: 'json' } } : undefined);
const after = Reflect.ownKeys(globalThis);
const changed = [
  ...after.filter((key) => !before.has(key)),
  ...[...before].filter((key) => !after.includes(key)),
];
console.log(JSON.stringify({ changed: changed.map(String), names: Object.keys(module) }));
