import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConversionConfig, type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import { Ajv } from 'ajv';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import {
  EmbeddingSpecSchema,
  parseModelSpec,
  RegressionSpecSchema,
  SegmentationSpecSchema,
} from '../src/inference/model-spec.js';
import { EventSchema, readEvent } from '../src/workflow/acquire/event.js';
import {
  AcquisitionItemSchema,
  AcquisitionSchema,
  readAcquisition,
  SelectedItemsSchema,
} from '../src/workflow/acquisition.js';
import {
  BandSchema,
  ImageSchema,
  NodataSchema,
  readScene,
  SceneInputSchema,
  SceneSchema,
  UnitsSchema,
} from '../src/workflow/scene.js';
import { temporaryFolder } from './support/files.js';

/**
 * The JSON schemas in schemas/ are generated here from the schemas of the readers; `vitest -u` writes them. Their
 * descriptions are from the tables of docs/scene.md, which must have a row for each key.
 */
const DOCUMENTS = {
  scene: { section: 'Scene file', schema: SceneSchema },
  event: { section: 'Event file', schema: EventSchema },
  acquisition: { section: 'Acquisition manifest', schema: AcquisitionSchema },
  model: {
    section: 'Model file',
    schema: v.union([SegmentationSpecSchema, RegressionSpecSchema, EmbeddingSpecSchema]),
  },
};
const PAGE = 'docs/scene.md';

/**
 * In a file, units and nodata may also be members beside bands, and then the input needs none; one item may stand for a
 * list of one.
 */
const AS_WRITTEN = new Map<unknown, v.GenericSchema>([
  [
    ImageSchema,
    v.objectWithRest({ units: v.optional(UnitsSchema), nodata: v.optional(NodataSchema) }, BandSchema),
  ],
  [
    SelectedItemsSchema,
    v.union([AcquisitionItemSchema, v.pipe(v.array(AcquisitionItemSchema), v.minLength(1))]),
  ],
  [SceneInputSchema, v.object({ ...SceneInputSchema.entries, units: v.optional(UnitsSchema) })],
]);

/** The members of a schema that contain other schemas. */
interface Parts {
  readonly type: string;
  readonly entries?: Record<string, Parts>;
  readonly wrapped?: Parts;
  readonly item?: Parts;
  readonly rest?: Parts;
  readonly options?: readonly Parts[];
  readonly key?: Parts;
  readonly value?: Parts;
  readonly pipe?: readonly Parts[];
}

/** The schema of a document as written: dictionaries are records, and transformed parts have their input form. */
function written(schema: Parts): Parts {
  const replacement = AS_WRITTEN.get(schema);
  if (replacement !== undefined) return written(replacement as Parts);
  const map = schema.pipe?.find(({ type }) => type === 'map');
  if (map?.key !== undefined && map.value !== undefined) {
    return { ...v.record(v.string(), v.any()), key: map.key, value: written(map.value) } as Parts;
  }
  if (schema.type === 'custom') return v.record(v.string(), v.any()) as Parts;
  if (schema.pipe !== undefined) {
    const [first, ...actions] = schema.pipe;
    const { pipe: _, ...whole } = written(first);
    return { ...schema, ...whole, pipe: [whole, ...actions] };
  }
  return {
    ...schema,
    ...(schema.entries && {
      entries: Object.fromEntries(Object.entries(schema.entries).map(([key, part]) => [key, written(part)])),
    }),
    ...(schema.wrapped && { wrapped: written(schema.wrapped) }),
    ...(schema.item && { item: written(schema.item) }),
    ...(schema.rest && { rest: written(schema.rest) }),
    ...(schema.type === 'union' && schema.options && { options: schema.options.map(written) }),
  };
}

const CONFIG: ConversionConfig = {
  ignoreActions: ['finite'],
  // Keys for notes and extensions are free; others must be known.
  overrideSchema: ({ valibotSchema, jsonSchema }) =>
    valibotSchema.type === 'object'
      ? {
          ...jsonSchema,
          patternProperties: { '^(comment|description)$|^(\\$|_|//|x-)|^[\\w-]+:': {} },
          additionalProperties: false,
        }
      : undefined,
};

/** The rows of a section's table of keys. */
function rowsOf(section: string): Map<string, string> {
  const text =
    readFileSync(PAGE, 'utf8')
      .split(/^## /m)
      .find((part) => part.startsWith(section)) ?? '';
  return new Map([...text.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, key, meaning]) => [key, meaning]));
}

/** Of a form that is a list of another form, that one: its keys are described once. */
function listedForm(form: JsonSchema, forms: readonly JsonSchema[]): JsonSchema {
  const { items } = form;
  if (typeof items !== 'object' || Array.isArray(items)) return form;
  const keysOf = ({ properties }: JsonSchema): string => Object.keys(properties ?? {}).join();
  return forms.some((other) => other.properties && keysOf(other) === keysOf(items)) ? items : form;
}

/** Adds descriptions to the keys of a schema, and returns the keys. */
function describeKeys(schema: JsonSchema, path: string, rows: ReadonlyMap<string, string>): string[] {
  const keys = Object.entries(schema.properties ?? {});
  const rest = schema.additionalProperties;
  const isNamed = typeof rest === 'object' && Object.keys(rest).length > 0;
  const members: [string, JsonSchema][] = [
    ...keys.map(([key, member]): [string, JsonSchema] => [`${path}.${key}`, member as JsonSchema]),
    ...(isNamed ? [[`${path}.*`, rest] as [string, JsonSchema]] : []),
  ];
  const own = members.flatMap(([name, member]) => {
    const key = name.slice(1);
    const row = [...rows].find(([candidate]) => candidate.replace(/\b[A-Z]+\b/g, '*') === key);
    if (row !== undefined) member.description = row[1];
    return [key, ...describeKeys(member, name, rows)];
  });
  const forms = (schema.anyOf ?? []) as JsonSchema[];
  const items = schema.items !== undefined && !Array.isArray(schema.items) ? schema.items : undefined;
  return [
    ...own,
    ...(typeof items === 'object' ? describeKeys(items, `${path}[]`, rows) : []),
    ...forms.flatMap((form) => describeKeys(listedForm(form, forms), path, rows)),
  ];
}

const made = Object.entries(DOCUMENTS).map(([name, { section, schema }]) => {
  const rows = rowsOf(section);
  const json = toJsonSchema(written(schema as Parts) as v.GenericSchema, CONFIG);
  const keys = describeKeys(json, '', rows);
  return { name, json: { title: `terrachip: ${section.toLowerCase()}`, ...json }, keys: new Set(keys), rows };
});

const ajv = new Ajv({ strict: false });
const validators = new Map(made.map(({ name, json }) => [name, ajv.compile(json)]));

describe.each(made)('the JSON schema of a document: $name', ({ name, json, keys, rows }) => {
  it('is generated from the schema of the reader', async () => {
    await expect(`${JSON.stringify(json, null, 2)}\n`).toMatchFileSnapshot(`../schemas/${name}.schema.json`);
  });

  it('has each of its keys documented', () => {
    const documented = [...rows.keys()].map((key) => key.replace(/\b[A-Z]+\b/g, '*'));
    const names = [...keys].filter((key) => !key.endsWith('.*') || documented.includes(key));
    expect(documented.toSorted()).toEqual(names.toSorted());
  });
});

/** Reads a document as terrachip does. */
const READERS: Readonly<Record<string, (file: string) => Promise<unknown>>> = {
  scene: readScene,
  event: readEvent,
  acquisition: readAcquisition,
  model: async (file) => parseModelSpec(JSON.parse(await readFile(file, 'utf8')), file),
};

/** The examples of a page, each with the name of its schema. */
function examplesOf(file: string): [string, Document][] {
  return [...readFileSync(file, 'utf8').matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => {
    const document: Document = JSON.parse(text);
    return [/(\w+)\.schema\.json$/.exec(String(document.$schema))?.[1] ?? 'scene', document];
  });
}

type Document = Record<string, unknown>;

/** Whether the reader and an independent validator accept a document. */
async function verdicts(name: string, document: unknown): Promise<{ reader: boolean; schema: boolean }> {
  const file = join(await temporaryFolder(), `${name}.json`);
  await writeFile(file, JSON.stringify(document));
  const reader = await READERS[name](file).then(
    () => true,
    () => false,
  );
  return { reader, schema: validators.get(name)?.(document) === true };
}

const page = examplesOf(PAGE);
const [scene, event, acquisition, model] = ['scene', 'event', 'acquisition', 'model'].map(
  (name) => page.find(([each]) => each === name)?.[1],
);

describe('JSON schemas', () => {
  it.each([PAGE, 'README.md'])('accept the examples of %s', async (file) => {
    const examples = examplesOf(file);
    expect(examples.length).toBeGreaterThan(0);
    for (const [name, document] of examples) {
      expect(await verdicts(name, document)).toEqual({ reader: true, schema: true });
    }
  });

  it.each(readdirSync('models'))('accept the model %s', async (name) => {
    const document = JSON.parse(readFileSync(`models/${name}/model.json`, 'utf8'));
    expect(await verdicts('model', document)).toEqual({ reader: true, schema: true });
  });

  const band = { href: 's1.tif' };
  const ofBands = (phase: unknown, more = {}) => ({
    ...scene,
    inputs: { S1RTC: { phases: { event: phase }, ...more } },
  });

  it.each<[string, boolean, string, unknown]>([
    ['units of a phase', true, 'scene', ofBands({ units: 'dB', VV: band })],
    [
      'a band in two files',
      true,
      'scene',
      ofBands({ VV: { ...band, tiles: [band] } }, { units: 'dB', mosaic: 'mean' }),
    ],
    ['a file without an address', false, 'scene', ofBands({ VV: { ...band, tiles: [{}] } }, { units: 'dB' })],
    ['a mosaic of medians', false, 'scene', ofBands({ VV: band }, { units: 'dB', mosaic: 'median' })],
    [
      'units of a band, no data of a phase',
      true,
      'scene',
      ofBands({ nodata: 'nan', VV: { ...band, units: 'dB' } }),
    ],
    ['keys for notes', true, 'scene', { ...scene, _note: 1, '//': 'x', 'eo:snow_cover': 3 }],
    ['an unknown key', false, 'scene', { ...scene, phase: ['event'] }],
    ['unknown units', false, 'scene', ofBands({ VV: band }, { units: 'decibel' })],
    ['a band numbered from 0', false, 'scene', ofBands({ VV: { ...band, band: 0 } }, { units: 'dB' })],
    ['a grid of two kinds at once', false, 'scene', { ...scene, grid: { crs: 'EPSG:32632', width: 3 } }],
    ['no inputs', false, 'scene', { ...scene, inputs: undefined }],
    ['clouds above all', false, 'event', { ...event, modalities: { S2L2A: { max_cloud: 101 } } }],
    ['a list of modalities', false, 'event', { ...event, modalities: ['S2L2A'] }],
    [
      'three corners',
      false,
      'acquisition',
      { ...acquisition, event: { name: 'x', bbox: [1, 2, 3], phase_dates: {} } },
    ],
    ['no phases', false, 'acquisition', { ...acquisition, phase_order: [] }],
    ['an encoder', true, 'model', { ...model, output: { name: 'tokens', tokens: 196, channels: 192 } }],
    ['one class', true, 'model', { ...model, output: { name: 'x', classes: [{ name: 'a' }] } }],
    ['no classes', false, 'model', { ...model, output: { name: 'x', classes: [] } }],
    [
      'a regression',
      true,
      'model',
      { ...model, output: { name: 'x:0', task: 'regression', values: [{ name: 'height', units: 'm' }] } },
    ],
    ['a regression without values', false, 'model', { ...model, output: { name: 'x', task: 'regression' } }],
    [
      'a colour by name',
      false,
      'model',
      {
        ...model,
        output: {
          name: 'x',
          classes: [
            { name: 'a', colour: 'red' },
            { name: 'b', colour: '#FFFFFF' },
          ],
        },
      },
    ],
    ['another version', false, 'model', { ...model, schemaVersion: 2 }],
  ])('accept and refuse the same documents as the readers: %s', async (_, accepted, name, document) => {
    expect(await verdicts(name, document)).toEqual({ reader: accepted, schema: accepted });
  });
});
