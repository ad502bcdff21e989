/**
 * The subset of Python's pickle format, protocols 2 to 5, that weight files use. The machine builds plain containers only;
 * its host resolves globals, calls and persistent identifiers, or refuses them.
 */
import { invalidInput, messageOf, TerrachipError } from '../../errors.js';
import { OPCODES, type Opcode } from './opcodes.js';

/** An object that a host creates: a resolved global, or the result of a call. */
export abstract class PickleObject {
  /** For messages. */
  abstract readonly kind: string;
}

/** Tuples and lists are arrays; dict and OrderedDict are maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Set<PickleValue>
  | PickleObject;

export interface PickleHost {
  /** Resolves the global `module.name`. Throws for one that is not allowed. */
  lookup(module: string, name: string): PickleObject;
  /** The result of a call. */
  call(callee: PickleObject, args: readonly PickleValue[]): PickleValue;
  /** The object of a persistent identifier (`persistent_load` in Python). */
  load(identifier: PickleValue): PickleObject;
}

/** The largest published model has about 30 instructions per tensor. An instruction may take 200 bytes of memory. */
const MAX_INSTRUCTIONS = 2 ** 19;

/** Bytes of a module's or global's name. */
const MAX_NAME = 256;

const EMPTY_STACK = 'its pickle reads from an empty stack';

const text = new TextDecoder('utf-8', { fatal: true });

/**
 * Decodes a pickle.
 * @param name the file, for messages
 * @throws {TerrachipError} INVALID_INPUT for a damaged pickle, or an instruction that weights do not need; TOO_LARGE for
 * more than 2^19 instructions
 */
export function unpickle(name: string, bytes: Uint8Array, host: PickleHost): PickleValue {
  return new PickleMachine(name, bytes, host).run();
}

class PickleMachine {
  static readonly #INSTRUCTIONS: Readonly<Partial<Record<Opcode, (machine: PickleMachine) => void>>> = {
    PROTO: (machine) => {
      const protocol = machine.#unsigned(1);
      if (protocol < 2 || protocol > 5) throw machine.#damaged(`its pickle has protocol ${protocol}`);
    },
    FRAME: (machine) => {
      machine.#length(8);
    },
    NONE: (machine) => machine.#push(null),
    NEWTRUE: (machine) => machine.#push(true),
    NEWFALSE: (machine) => machine.#push(false),
    BININT1: (machine) => machine.#push(machine.#unsigned(1)),
    BININT2: (machine) => machine.#push(machine.#unsigned(2)),
    BININT: (machine) => machine.#push(machine.#unsigned(4) | 0),
    LONG1: (machine) => machine.#push(integerOf(machine.#take(machine.#unsigned(1)))),
    BINFLOAT: (machine) => {
      const bytes = machine.#take(8);
      machine.#push(new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0));
    },
    SHORT_BINUNICODE: (machine) => machine.#push(machine.#text(machine.#length(1))),
    BINUNICODE: (machine) => machine.#push(machine.#text(machine.#length(4))),
    BINUNICODE8: (machine) => machine.#push(machine.#text(machine.#length(8))),
    SHORT_BINBYTES: (machine) => machine.#push(machine.#take(machine.#length(1))),
    BINBYTES: (machine) => machine.#push(machine.#take(machine.#length(4))),
    EMPTY_LIST: (machine) => machine.#push([]),
    EMPTY_TUPLE: (machine) => machine.#push([]),
    EMPTY_DICT: (machine) => machine.#push(new Map()),
    EMPTY_SET: (machine) => machine.#push(new Set()),
    FROZENSET: (machine) => machine.#push(new Set(machine.#sinceMark())),
    MARK: (machine) => {
      machine.#below.push(machine.#stack);
      machine.#stack = [];
    },
    TUPLE: (machine) => machine.#push(machine.#sinceMark()),
    TUPLE1: (machine) => machine.#push(machine.#popMany(1)),
    TUPLE2: (machine) => machine.#push(machine.#popMany(2)),
    TUPLE3: (machine) => machine.#push(machine.#popMany(3)),
    APPEND: (machine) => machine.#append(machine.#popMany(1)),
    APPENDS: (machine) => machine.#append(machine.#sinceMark()),
    SETITEM: (machine) => machine.#setItems(machine.#popMany(2)),
    SETITEMS: (machine) => machine.#setItems(machine.#sinceMark()),
    ADDITEMS: (machine) => machine.#addItems(machine.#sinceMark()),
    BINPUT: (machine) => machine.#store(machine.#unsigned(1)),
    LONG_BINPUT: (machine) => machine.#store(machine.#unsigned(4)),
    MEMOIZE: (machine) => machine.#store(machine.#memo.size),
    BINGET: (machine) => machine.#recall(machine.#unsigned(1)),
    LONG_BINGET: (machine) => machine.#recall(machine.#unsigned(4)),
    GLOBAL: (machine) => machine.#push(machine.host.lookup(machine.#line(), machine.#line())),
    STACK_GLOBAL: (machine) => {
      const [module, name] = machine.#popMany(2);
      const named = typeof module === 'string' && typeof name === 'string';
      if (!named || module.length > MAX_NAME || name.length > MAX_NAME)
        throw machine.#damaged('its pickle has a global without a name');
      machine.#push(machine.host.lookup(module, name));
    },
    REDUCE: (machine) => machine.#reduce(),
    BUILD: (machine) => machine.#build(),
    BINPERSID: (machine) => machine.#push(machine.host.load(machine.#popMany(1)[0])),
  };

  static readonly #BY_CODE = new Map<number, (machine: PickleMachine) => void>(
    Object.entries(PickleMachine.#INSTRUCTIONS).map(([name, run]) => [OPCODES[name as Opcode], run]),
  );

  readonly #view: DataView;
  readonly #memo = new Map<number, PickleValue>();
  #at = 0;
  /** Items and characters in the arguments of all calls, which the host may copy. */
  #argumentItems = 0;
  #stack: PickleValue[] = [];
  /** One stack for each open mark. */
  readonly #below: PickleValue[][] = [];

  constructor(
    private readonly name: string,
    private readonly bytes: Uint8Array,
    private readonly host: PickleHost,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): PickleValue {
    if (this.bytes[0] !== OPCODES.PROTO) throw this.#damaged('its pickle has no protocol');
    for (let count = 0; count < MAX_INSTRUCTIONS; count++) {
      const code = this.#unsigned(1);
      if (code === OPCODES.STOP) return this.#popMany(1)[0];
      const run = PickleMachine.#BY_CODE.get(code);
      if (run === undefined) throw this.#refuse(code);
      run(this);
    }
    throw this.#tooLarge(`has a pickle of more than ${MAX_INSTRUCTIONS} instructions`);
  }

  #reduce(): void {
    const [callee, args] = this.#popMany(2);
    if (!(callee instanceof PickleObject))
      throw this.#damaged('its pickle calls an object that is not a function');
    if (!Array.isArray(args)) throw this.#damaged('its pickle calls a function without a tuple of arguments');
    // The total is limited, since thousands of calls may share one list.
    for (const arg of args) this.#argumentItems += itemsOf(arg);
    if (this.#argumentItems > MAX_INSTRUCTIONS)
      throw this.#tooLarge(`has a pickle whose calls have more than ${MAX_INSTRUCTIONS} items as arguments`);
    this.#push(this.host.call(callee, args));
  }

  /** Drops the attributes of state dictionaries (`_metadata`), which weights do not need. */
  #build(): void {
    const [state] = this.#popMany(1);
    if (!(this.#top() instanceof Map) || !(state instanceof Map))
      throw this.#damaged('its pickle sets attributes of an object that is not a dictionary');
  }

  #append(items: PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#damaged('its pickle appends to an object that is not a list');
    for (const item of items) list.push(item);
  }

  #setItems(items: PickleValue[]): void {
    const target = this.#top();
    if (!(target instanceof Map) || items.length % 2 !== 0)
      throw this.#damaged('its pickle sets an item of an object that is not a dictionary');
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  }

  #addItems(items: PickleValue[]): void {
    const target = this.#top();
    if (!(target instanceof Set)) throw this.#damaged('its pickle adds to an object that is not a set');
    for (const item of items) target.add(item);
  }

  #store(index: number): void {
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined)
      throw this.#damaged(`its pickle reads memo item ${index}, which it did not store`);
    this.#push(value);
  }

  #line(): string {
    const end = this.bytes.subarray(this.#at, this.#at + MAX_NAME + 1).indexOf(10);
    if (end < 0) throw this.#damaged('its pickle has a global whose name is too long');
    const line = this.#text(end);
    this.#at++;
    return line;
  }

  #text(length: number): string {
    const bytes = this.#take(length);
    try {
      return text.decode(bytes);
    } catch (cause) {
      throw this.#damaged(`its pickle has text that is not UTF-8 (${messageOf(cause)})`);
    }
  }

  #take(length: number): Uint8Array {
    if (length > this.bytes.length - this.#at) throw this.#damaged('its pickle is truncated');
    const bytes = this.bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  #unsigned(length: 1 | 2 | 4): number {
    const { byteOffset } = this.#take(length);
    const at = byteOffset - this.bytes.byteOffset;
    if (length === 1) return this.#view.getUint8(at);
    return length === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  /** A length, checked against the rest of the pickle. */
  #length(bytes: 1 | 4 | 8): number {
    const low = bytes === 8 ? this.#unsigned(4) : this.#unsigned(bytes);
    const length = bytes === 8 ? this.#unsigned(4) * 2 ** 32 + low : low;
    if (length > this.bytes.length - this.#at) throw this.#damaged('its pickle is truncated');
    return length;
  }

  #push(value: PickleValue): void {
    this.#stack.push(value);
  }

  #popMany(count: number): PickleValue[] {
    if (this.#stack.length < count) throw this.#damaged(EMPTY_STACK);
    return this.#stack.splice(-count);
  }

  #top(): PickleValue {
    if (this.#stack.length === 0) throw this.#damaged(EMPTY_STACK);
    return this.#stack[this.#stack.length - 1];
  }

  #sinceMark(): PickleValue[] {
    const below = this.#below.pop();
    if (below === undefined) throw this.#damaged('its pickle misses a mark');
    const items = this.#stack;
    this.#stack = below;
    return items;
  }

  #tooLarge(problem: string): TerrachipError {
    return new TerrachipError(
      'TOO_LARGE',
      `${this.name} ${problem}`,
      'save the weights alone, with torch.save(model.state_dict(), …)',
      { size: MAX_INSTRUCTIONS + 1, limit: MAX_INSTRUCTIONS },
    );
  }

  #damaged(problem: string): TerrachipError {
    return invalidInput(this.name, `is damaged: ${problem}`, 'get the file again');
  }

  #refuse(code: number): TerrachipError {
    const hex = `0x${code.toString(16).padStart(2, '0')}`;
    const [name] = Object.entries(OPCODES).find(([, known]) => known === code) ?? [];
    return name === undefined
      ? this.#damaged(`its pickle has the instruction ${hex}, which does not exist`)
      : invalidInput(
          this.name,
          `has a pickle with the instruction ${name} (${hex}), which weights do not need`,
          'save the weights alone, with torch.save(model.state_dict(), …)',
        );
  }
}

function itemsOf(value: PickleValue): number {
  if (value instanceof Map || value instanceof Set) return value.size;
  return Array.isArray(value) || typeof value === 'string' || value instanceof Uint8Array ? value.length : 1;
}

/** A little-endian integer in two's complement. */
function integerOf(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  const signed = BigInt.asIntN(8 * bytes.length, value);
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}
