/** Reads the folder of a map that `infer` wrote. */
import { join } from 'node:path';
import * as v from 'valibot';
import { readJson } from '../io/node/json.js';
import { validate } from '../json.js';
import { type Plan, parsePlan } from './plan.js';

export interface MapClass {
  readonly name: string;
  /** `#rrggbb`. */
  readonly colour: string;
}

export interface MapFolder {
  readonly path: string;
  readonly classes: readonly MapClass[];
  /** How the map was made. */
  readonly plan: Plan;
}

const Item = v.object({
  assets: v.object({
    classes: v.object({
      'terrachip:classes': v.array(
        v.object({ name: v.string(), colour: v.pipe(v.string(), v.regex(/^#[0-9a-fA-F]{6}$/)) }),
      ),
    }),
  }),
});
const Run = v.object({ plan: v.unknown() });

/** Reads the classes and the plan of a map. @throws {TerrachipError} NOT_FOUND or INVALID_INPUT */
export async function readMapFolder(path: string): Promise<MapFolder> {
  const itemPath = join(path, 'item.json');
  const item = validate(Item, await readJson(itemPath), itemPath);
  const runPath = join(path, 'run.json');
  const { plan } = validate(Run, await readJson(runPath), runPath);
  return { path, classes: item.assets.classes['terrachip:classes'], plan: parsePlan(plan, runPath) };
}
