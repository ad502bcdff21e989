/** A protobuf file, read field by field. */
import protobuf from 'protobufjs';
import * as v from 'valibot';
import { invalidInput, messageOf } from '../../errors.js';
import type { ByteSource, ReadOptions } from '../../io/index.js';
import { decodeMessage } from './schema.js';

const WINDOW_BYTES = 2 ** 16;
/** Names and declarations are far shorter. */
const LONGEST_MESSAGE = 2 ** 26;
/** Far more than the axes of a tensor. */
const MOST_NUMBERS = 1024;
/** Tag and length of a field. */
const LONGEST_HEAD = 20;

/** Positions in the file. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface Field extends Range {
  readonly id: number;
  /** The value of a field that is a number; else null. */
  readonly value: number | null;
}

/** Walks through the fields of a protobuf file without reading long ones. */
export class OnnxFile {
  readonly name: string;
  readonly #source: ByteSource;
  readonly #options: ReadOptions;
  #window = new Uint8Array(0);
  #from = 0;

  constructor(source: ByteSource, options: ReadOptions) {
    this.name = source.name;
    this.#source = source;
    this.#options = options;
  }

  damaged(why: string): Error {
    return invalidInput(this.name, `is not an ONNX model, or is damaged (${why})`, 'give an .onnx file');
  }

  /** The fields of a message, in the order of the file. */
  async *fields({ start, end }: Range): AsyncGenerator<Field> {
    for (let at = start; at < end; ) {
      const head = await this.#bytes(at, Math.min(LONGEST_HEAD, end - at));
      const field = this.#head(head, at);
      if (field.end > end) throw this.damaged('a field ends beyond its message');
      yield field;
      at = field.end;
    }
  }

  async text(field: Range): Promise<string> {
    return new TextDecoder().decode(await this.#whole(field));
  }

  /** Whole numbers of a repeated field: one, or many in one range (packed), at most 1024. @throws {TerrachipError} if damaged */
  async numbers(field: Field): Promise<number[]> {
    if (field.value !== null) return [field.value];
    try {
      const reader = protobuf.Reader.create(await this.#whole(field));
      const values: number[] = [];
      while (reader.pos < reader.len && values.length < MOST_NUMBERS) values.push(Number(reader.int64()));
      return values;
    } catch (cause) {
      throw this.damaged(messageOf(cause));
    }
  }

  async message<Schema extends v.GenericSchema>(
    type: string,
    schema: Schema,
    field: Range,
  ): Promise<v.InferOutput<Schema>> {
    const bytes = await this.#whole(field);
    try {
      return v.parse(schema, decodeMessage(type, bytes));
    } catch (cause) {
      throw this.damaged(messageOf(cause));
    }
  }

  #head(bytes: Uint8Array, at: number): Field {
    try {
      const reader = protobuf.Reader.create(bytes);
      const tag = reader.uint32();
      const id = tag >>> 3;
      switch (tag & 7) {
        case 0: {
          const value = Number(reader.uint64());
          return { id, value, start: at, end: at + reader.pos };
        }
        case 1:
          return { id, value: null, start: at + reader.pos, end: at + reader.pos + 8 };
        case 2: {
          const length = reader.uint32();
          return { id, value: null, start: at + reader.pos, end: at + reader.pos + length };
        }
        case 5:
          return { id, value: null, start: at + reader.pos, end: at + reader.pos + 4 };
      }
    } catch (cause) {
      throw this.damaged(messageOf(cause));
    }
    throw this.damaged('a field has an unknown type');
  }

  async #whole({ start, end }: Range): Promise<Uint8Array> {
    if (end - start > LONGEST_MESSAGE) throw this.damaged('a name is too long');
    return this.#bytes(start, end - start);
  }

  async #bytes(offset: number, length: number): Promise<Uint8Array> {
    const inside = offset >= this.#from && offset + length <= this.#from + this.#window.length;
    if (!inside) {
      const wanted = Math.max(length, Math.min(WINDOW_BYTES, this.#source.size - offset));
      this.#window = await this.#source.read(offset, wanted, this.#options);
      this.#from = offset;
    }
    return this.#window.subarray(offset - this.#from, offset - this.#from + length);
  }
}
