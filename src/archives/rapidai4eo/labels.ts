/** The labels of RapidAI4EO: the share of each class of CORINE Land Cover 2018 in each location. */
import { invalidInput } from '../../errors.js';
import { CLC_CLASSES } from './clc.js';

/** Possible names of the column of ids. */
const ID_COLUMNS = ['sample_id', 'id'];

/** A share may exceed 1 or 100 by the rounding of its text. */
const TOLERANCE = 1e-3;

/** The shares of classes in a row. */
export interface LabelRow {
  readonly id: string;
  /** As in the file, in the order of `CLC_CLASSES`; 0 for an empty field and for a class without a column. */
  readonly values: Float32Array;
}

/**
 * The rows of a table of labels: CSV with a header, a column `sample_id`, and a column for each class, named by its code as
 * in `clc_311`, as in the corpus' label files, or `311`. Other columns are ignored.
 * @throws {TerrachipError} INVALID_INPUT without these columns, or for a field that is not a share
 */
export async function* labelRows(
  lines: AsyncIterable<string>,
  name: string,
): AsyncGenerator<LabelRow, void, undefined> {
  let columns: Columns | null = null;
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line === '') continue;
    const fields = line.split(',');
    if (columns === null) {
      columns = columnsOf(fields, name);
      continue;
    }
    const values = new Float32Array(CLC_CLASSES.length);
    for (const [column, index] of columns.classes) {
      const field = fields[column];
      // Most shares are 0.
      if (field === '0' || field === '0.0' || field === undefined) continue;
      const text = unquoted(field);
      const value = text === '' ? 0 : Number(text);
      if (!(value >= 0 && value <= 100 + TOLERANCE)) {
        throw invalidInput(
          `${name}: line ${number}`,
          `has ${JSON.stringify(text.slice(0, 40))} for the class ${CLC_CLASSES[index].code}`,
          'write shares from 0 to 1, or percentages',
        );
      }
      values[index] = value;
    }
    yield { id: unquoted(fields[columns.id] ?? ''), values };
  }
  if (columns === null) throw invalidInput(name, 'is empty', 'give the table of labels');
}

interface Columns {
  readonly id: number;
  /** The column of each class, and its index in `CLC_CLASSES`. */
  readonly classes: readonly (readonly [column: number, index: number])[];
}

function columnsOf(header: readonly string[], name: string): Columns {
  const names = header.map((text) =>
    unquoted(text)
      .toLowerCase()
      .replace(/^\uFEFF/, ''),
  );
  const id = names.findIndex((text) => ID_COLUMNS.includes(text));
  const classes = CLC_CLASSES.flatMap(({ code }, index) => {
    const column = names.findIndex((text) => text.replace(/^clc_?/, '') === code);
    return column < 0 ? [] : [[column, index] as const];
  });
  if (id < 0 || classes.length === 0) {
    throw invalidInput(
      name,
      `has no column ${id < 0 ? 'sample_id' : 'of a class such as clc_311'}`,
      'give the table of labels of the corpus',
    );
  }
  return { id, classes };
}

function unquoted(text: string): string {
  const bare = text.trim();
  return bare.startsWith('"') && bare.endsWith('"') && bare.length > 1 ? bare.slice(1, -1) : bare;
}
