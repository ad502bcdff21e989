/**
 * The part of Python's pickle format, protocols 2 to 5, that files of weights use. The machine only puts plain
 * containers together; what a global means and what a call gives is for its host to say, or to refuse.
 */
import { invalidInput, messageOf, TerrachipError } from '../../errors.js';
import { OPCODES, type Opcode } from './opcodes.js';

/** What a host puts on the stack: a global's meaning, or what a call gave. */
export abstract class PickleObject {
  /** For messages. */
  abstract readonly kind: string;
}

/** Tuples and lists are arrays; both kinds of dictionary are maps. */
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
  /** What `module.name` stands for; throws for what must not be built. */
  lookup(module: string, name: string): PickleObject;
  /** What a call gives. */
  call(callee: PickleObject, args: readonly PickleValue[]): PickleValue;
  /** The object outside the pickle that an identifier names. */
  load(identifier: PickleValue): PickleObject;
}

/**
 * Instructions of a pickle. The largest published model has some 30 a tensor; every instruction may take 200 bytes of
 * memory.
 */
const MAX_INSTRUCTIONS = 2 ** 19;

/** Bytes of the name of a module or of a global. */
const MAX_NAME = 256;

const text = new TextDecoder('utf-8', { fatal: true });

/**
 * The value that a pickle stands for.
 * @param name the file, for messages
 * @throws {TerrachipError} INVALID_INPUT for a damaged pickle, or for an instruction that no weights need; TOO_LARGE
 * for one of more than 2^19 instructions
 */
export function unpickle(name: string, bytes: Uint8Array, host: PickleHost): PickleValue {
  return new PickleMachine(name, bytes, host).run();
}

class PickleMachine {
  /** What is done for each instruction that weights need. */
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
    GLOBAL: (machine) => machine.#push(machine.#host.lookup(machine.#line(), machine.#line())),
    STACK_GLOBAL: (machine) => {
      const [module, name] = machine.#popMany(2);
      const named = typeof module === 'string' && typeof name === 'string';
      if (!named || module.length > MAX_NAME || name.length > MAX_NAME)
        throw machine.#damaged('its pickle has a global without a name');
      machine.#push(machine.#host.lookup(module, name));
    },
    REDUCE: (machine) => machine.#reduce(),
    BUILD: (machine) => machine.#build(),
    BINPERSID: (machine) => machine.#push(machine.#host.load(machine.#popMany(1)[0])),
  };

  /** The same by the instructions' numbers. */
  static readonly #BY_CODE = new Map<number, (machine: PickleMachine) => void>(
    Object.entries(PickleMachine.#INSTRUCTIONS).map(([name, run]) => [OPCODES[name as Opcode], run]),
  );

  readonly #name: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #host: PickleHost;
  readonly #memo = new Map<number, PickleValue>();
  #at = 0;
  /** Items and characters that calls were given: each call may copy them. */
  #given = 0;
  #stack: PickleValue[] = [];
  /** The stacks below the marks. */
  readonly #below: PickleValue[][] = [];

  constructor(name: string, bytes: Uint8Array, host: PickleHost) {
    this.#name = name;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#host = host;
  }

  run(): PickleValue {
    if (this.#bytes[0] !== OPCODES.PROTO) throw this.#damaged('its pickle has no protocol');
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
    if (!(callee instanceof PickleObject)) throw this.#damaged('its pickle calls what is no function');
    if (!Array.isArray(args)) throw this.#damaged('its pickle calls a function without a list of arguments');
    // One list may be given to thousands of calls.
    for (const arg of args) this.#given += itemsOf(arg);
    if (this.#given > MAX_INSTRUCTIONS)
      throw this.#tooLarge(`has a pickle that gives its functions more than ${MAX_INSTRUCTIONS} items`);
    this.#push(this.#host.call(callee, args));
  }

  /** State dictionaries carry attributes (`_metadata`), which no weight needs: checked and dropped. */
  #build(): void {
    const [state] = this.#popMany(1);
    if (!(this.#top() instanceof Map) || !(state instanceof Map))
      throw this.#damaged('its pickle sets the attributes of what is no dictionary');
  }

  #append(items: PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#damaged('its pickle appends to what is no list');
    for (const item of items) list.push(item);
  }

  #setItems(items: PickleValue[]): void {
    const target = this.#top();
    if (!(target instanceof Map) || items.length % 2 !== 0)
      throw this.#damaged('its pickle sets an item of what is no dictionary');
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  }

  #addItems(items: PickleValue[]): void {
    const target = this.#top();
    if (!(target instanceof Set)) throw this.#damaged('its pickle adds to what is no set');
    for (const item of items) target.add(item);
  }

  #store(index: number): void {
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#damaged(`its pickle recalls item ${index}, which it never stored`);
    this.#push(value);
  }

  /** A line of a global's name. */
  #line(): string {
    const end = this.#bytes.subarray(this.#at, this.#at + MAX_NAME + 1).indexOf(10);
    if (end < 0) throw this.#damaged('its pickle has a global with an endless name');
    const line = this.#text(end);
    this.#at++;
    return line;
  }

  #text(length: number): string {
    const bytes = this.#take(length);
    try {
      return text.decode(bytes);
    } catch (cause) {
      throw this.#damaged(`its pickle has text that is no UTF-8 (${messageOf(cause)})`);
    }
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw this.#damaged('its pickle is truncated');
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  #unsigned(length: 1 | 2 | 4): number {
    const { byteOffset } = this.#take(length);
    const at = byteOffset - this.#bytes.byteOffset;
    if (length === 1) return this.#view.getUint8(at);
    return length === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  /** A length that the rest of the pickle must hold. */
  #length(bytes: 1 | 4 | 8): number {
    const low = bytes === 8 ? this.#unsigned(4) : this.#unsigned(bytes);
    const length = bytes === 8 ? this.#unsigned(4) * 2 ** 32 + low : low;
    if (length > this.#bytes.length - this.#at) throw this.#damaged('its pickle is truncated');
    return length;
  }

  #push(value: PickleValue): void {
    this.#stack.push(value);
  }

  #popMany(count: number): PickleValue[] {
    if (this.#stack.length < count) throw this.#damaged('its pickle takes more than it has');
    return this.#stack.splice(-count);
  }

  #top(): PickleValue {
    if (this.#stack.length === 0) throw this.#damaged('its pickle takes more than it has');
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
      `${this.#name} ${problem}`,
      'save the weights alone, with torch.save(model.state_dict(), …)',
      { size: MAX_INSTRUCTIONS + 1, limit: MAX_INSTRUCTIONS },
    );
  }

  #damaged(problem: string): TerrachipError {
    return invalidInput(this.#name, `is damaged: ${problem}`, 'get the file again');
  }

  #refuse(code: number): TerrachipError {
    const hex = `0x${code.toString(16).padStart(2, '0')}`;
    const [name] = Object.entries(OPCODES).find(([, known]) => known === code) ?? [];
    return name === undefined
      ? this.#damaged(`its pickle has the instruction ${hex}, which does not exist`)
      : invalidInput(
          this.#name,
          `has a pickle with the instruction ${name} (${hex}), which no weights need`,
          'save the weights alone, with torch.save(model.state_dict(), …)',
        );
  }
}

function itemsOf(value: PickleValue): number {
  if (value instanceof Map || value instanceof Set) return value.size;
  return Array.isArray(value) || typeof value === 'string' || value instanceof Uint8Array ? value.length : 1;
}

/** An integer of two's complement, the lowest byte first. */
function integerOf(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  const signed = BigInt.asIntN(8 * bytes.length, value);
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}
