/** Reads the folder of a map that `infer` wrote. */
import { join } from 'node:path';
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import type { ModelClass } from '../inference/node/index.js';
import { readJson } from '../io/node/json.js';
import { validate } from '../json.js';
import { type Plan, parsePlan } from './plan.js';

export interface MapFolder {
  readonly path: string;
  /** Empty for a regression. */
  readonly classes: readonly ModelClass[];
  /** Whether each class has a band of its own. */
  readonly multilabel: boolean;
  /** The quantities of a regression; else empty. */
  readonly values: readonly { readonly name: string; readonly units?: string }[];
  /** Uses that the model is not suited for, as the map says. */
  readonly limitations: string;
  /** How the map was made. */
  readonly plan: Plan;
}

const Item = v.object({
  properties: v.optional(v.object({ 'terrachip:limitations': v.optional(v.string()) })),
  assets: v.object({
    classes: v.optional(
      v.object({
        'terrachip:classes': v.array(
          v.object({ name: v.string(), colour: v.pipe(v.string(), v.regex(/^#[0-9a-fA-F]{6}$/)) }),
        ),
        'terrachip:multilabel': v.optional(v.boolean()),
      }),
    ),
    values: v.optional(
      v.object({
        'terrachip:values': v.array(v.object({ name: v.string(), units: v.optional(v.string()) })),
      }),
    ),
  }),
});
const Run = v.object({ plan: v.unknown() });

/** Reads the layers and the plan of a map. @throws {TerrachipError} NOT_FOUND or INVALID_INPUT */
export async function readMapFolder(path: string): Promise<MapFolder> {
  const itemPath = join(path, 'item.json');
  const { assets, properties } = validate(Item, await readJson(itemPath), itemPath);
  if (assets.classes === undefined && assets.values === undefined) {
    throw invalidInput(itemPath, 'has neither classes nor values', 'give the folder that infer wrote');
  }
  const runPath = join(path, 'run.json');
  const { plan } = validate(Run, await readJson(runPath), runPath);
  return {
    path,
    classes: assets.classes?.['terrachip:classes'] ?? [],
    multilabel: assets.classes?.['terrachip:multilabel'] ?? false,
    values: assets.values?.['terrachip:values'] ?? [],
    limitations: properties?.['terrachip:limitations'] ?? '',
    plan: parsePlan(plan, runPath),
  };
}
