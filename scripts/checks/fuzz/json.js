// Mutations of JSON documents: a value, a key or a position.

const NUMBERS = [
  0, 1, -1, 0.5, 2, 3, 255, 65535, 2 ** 20, 2 ** 24, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 1e308,
  -(2 ** 31), -1e308, 1e-300,
]; // biome-ignore format: a table

const TEXTS = [
  '', '.', '..', '../../../../etc/passwd', '/etc/passwd', 'c/0', '\u0000', '__proto__', 'constructor', 'NaN',
  'Infinity', '-Infinity', '0x7fc00000', 'big', 'little', 'C', 'F', '<f4', '>f8', '|b1', '<i8', '|O', '<U99999',
  '|S999999', '|V8', 'float32', 'float16', 'uint64', 'bool', 'string', 'complex64', 'bytes', 'zstd', 'gzip', 'blosc',
  'crc32c', 'transpose', 'sharding_indexed', 'vlen-utf8', 'zlib', 'lz4', 'bz2', 'shuffle', 'delta', 'packbits',
  'fixedscaleoffset', 'quantize', 'default', 'v2', 'regular', 'x', 'y', 'time', 'EPSG:32632', 'days since 1970-01-01',
  'seconds since 99999999-01-01', 'PROJCS[', 'A'.repeat(100_000), 'PROJCS["'.repeat(2_000),
]; // biome-ignore format: a table

/** Placeholder for arrays nested deeper than any stack, replaced in the text. */
const DEEP = '@deep@';

function anyValue(random) {
  const kind = random.below(10);
  if (kind < 4) return random.pick(NUMBERS);
  if (kind < 6) return random.pick(TEXTS);
  if (kind === 6) return random.pick([null, true, false]);
  if (kind < 9) return random.pick([[], {}, [[]], [null], Array(1000).fill(random.pick(NUMBERS))]);
  return DEEP;
}

/** All positions of a document: an array or object, and a key in it. */
function placesOf(document) {
  const places = [];
  const visit = (parent) => {
    if (typeof parent !== 'object' || parent === null) return;
    for (const key of Object.keys(parent)) {
      places.push({ parent, key, value: parent[key] });
      visit(parent[key]);
    }
  };
  visit(document);
  return places;
}

const sameKind = (random, value) => {
  if (typeof value === 'number') return random.pick(NUMBERS);
  return typeof value === 'string' ? random.pick(TEXTS) : anyValue(random);
};

const MUTATIONS = [
  function change(random, { parent, key, value }) {
    parent[key] = sameKind(random, value);
  },
  function replace(random, { parent, key }) {
    parent[key] = anyValue(random);
  },
  function remove(_, { parent, key }) {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  },
  function repeat(random, { parent, key, value }) {
    if (Array.isArray(parent)) parent.push(...Array(1 + random.below(40)).fill(value));
    else parent[random.pick(TEXTS)] = parent[key];
  },
  function scale(random, { parent, key, value }) {
    if (typeof value === 'number') parent[key] = value * random.pick([-1, 0.5, 2, 1024, 2 ** 20]);
    else if (Array.isArray(value)) parent[key] = value.map(() => random.pick(NUMBERS));
    else parent[key] = sameKind(random, value);
  },
  function swap(random, { parent, key }, places) {
    const other = random.pick(places);
    [parent[key], other.parent[other.key]] = [structuredClone(other.value), structuredClone(parent[key])];
  },
];

/**
 * Changes some values of a document.
 * @param {string} text JSON; anything else is returned unchanged
 */
export function mutateJson(random, text) {
  // A document that is already deep would overflow this process's stack.
  if (text.includes('['.repeat(20))) return text;
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    return text;
  }
  for (let k = random.below(3); k >= 0; k--) {
    const places = placesOf(document);
    if (places.length === 0) return JSON.stringify(anyValue(random));
    // Most changes are at the first levels, since attributes outnumber the keys that describe an array.
    const top = places.filter(({ parent }) => parent === document || parent.length > 0);
    random.pick(MUTATIONS)(random, random.pick(random.chance(0.5) && top.length > 0 ? top : places), places);
  }
  const depth = random.pick([30, 5000, 50_000]);
  return JSON.stringify(document).replaceAll(`"${DEEP}"`, '['.repeat(depth) + ']'.repeat(depth));
}
