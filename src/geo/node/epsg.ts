import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type EpsgEntry, registerEpsgDatabase } from '../epsg-registry.js';

interface DatabaseRecord {
  name: string;
  proj4: string | null;
  wkt: string | null;
}

/** Reads one code of the `epsg-index` package: a file a code, so that nothing else is loaded. */
function lookUp(code: number): EpsgEntry | null {
  let text: string;
  try {
    text = readFileSync(fileURLToPath(import.meta.resolve(`epsg-index/s/${code}.json`)), 'utf8');
  } catch {
    return null;
  }
  const record = JSON.parse(text) as DatabaseRecord;
  if (!record.proj4) return null;
  return { name: record.name, proj4: record.proj4, ...(record.wkt ? { wkt: record.wkt } : {}) };
}

registerEpsgDatabase(lookUp);
