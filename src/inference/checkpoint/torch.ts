/** `torch.save` files since PyTorch 1.6: a zip file with one pickle, and one uncompressed entry per storage. */
import { invalidInput, TerrachipError } from '../../errors.js';
import { untilAborted } from '../../io/abort.js';
import type { ByteSource } from '../../io/index.js';
import { checkKey } from '../../io/key.js';
import { openZip, type ZipArchive } from '../../io/zip.js';
import { CHECKPOINT_DTYPES, type CheckpointDType, dtypesBy } from './checkpoint.js';
import { type CheckpointOptions, type ChosenTensors, chooseWeights, type Weights } from './choice.js';
import { type PickleHost, PickleObject, type PickleValue, unpickle } from './pickle.js';
import { checkStrided, type Storage, StridedCheckpoint, type StridedTensor } from './strided.js';

/** The pickle of a thousand tensors has 200 KiB. */
const MAX_PICKLE_BYTES = 16 * 2 ** 20;

/** About 60 000 storages. */
const MAX_DIRECTORY_BYTES = 8 * 2 ** 20;

const STORAGES = dtypesBy('torch');

class StorageClass extends PickleObject {
  readonly kind = 'storage class';

  constructor(readonly dtype: CheckpointDType) {
    super();
  }
}

class StoredStorage extends PickleObject {
  readonly kind = 'storage';

  constructor(readonly storage: Storage) {
    super();
  }
}

class StoredTensor extends PickleObject {
  readonly kind = 'tensor';

  constructor(readonly tensor: StridedTensor) {
    super();
  }
}

class Builder extends PickleObject {
  readonly kind = 'function';

  /** @param build returns undefined for invalid arguments */
  constructor(readonly build: (args: readonly PickleValue[]) => PickleValue | undefined) {
    super();
  }
}

/**
 * Opens a `torch.save` file: a state dictionary, or a dictionary with one under `state_dict`, as in Lightning's
 * checkpoints, under `model_state_dict` or under `model`. No code in the file is run. A pickle that names anything but
 * tensors and plain containers is refused, even outside of the weights. The entries `version`, `.format_version` and
 * `.storage_alignment` are ignored: the zip directory has the offsets of the storages.
 * @throws {TerrachipError} INVALID_INPUT, UNSUPPORTED or TOO_LARGE
 */
export async function openTorch(
  source: ByteSource,
  { signal, weights }: CheckpointOptions,
): Promise<StridedCheckpoint> {
  const zip = await untilAborted(openZip(source, { maxDirectoryBytes: MAX_DIRECTORY_BYTES }), signal);
  for (const key of zip.entries.keys()) checkKey(source.name, key);
  const root = rootOf(source.name, zip);
  await checkByteOrder(source, zip, root);
  const pickle = `${root}/data.pkl`;
  const size = storedSize(source, zip, pickle);
  if (size > MAX_PICKLE_BYTES) {
    throw new TerrachipError(
      'TOO_LARGE',
      `${source.name} has a pickle of ${size} bytes, more than the limit of ${MAX_PICKLE_BYTES}`,
      'save the weights alone, with torch.save(model.state_dict(), …)',
      { size, limit: MAX_PICKLE_BYTES },
    );
  }
  const bytes = await untilAborted(zip.read(pickle, 0, size), signal);
  const value = unpickle(source.name, bytes, new TorchHost(source, zip, root));
  return new StridedCheckpoint(source, 'torch', stateDictionary(source.name, value, weights));
}

/** The archive's root folder. */
function rootOf(name: string, zip: ZipArchive): string {
  const roots = [...zip.entries.keys()].flatMap((key) => /^([^/]+)\/data\.pkl$/.exec(key)?.[1] ?? []);
  const [root] = roots;
  if (roots.length !== 1) {
    throw invalidInput(name, 'is a zip file, but not from torch.save', 'give a checkpoint of PyTorch');
  }
  if (zip.entries.has(`${root}/constants.pkl`)) {
    const problem = 'is a TorchScript program, not a checkpoint';
    throw invalidInput(name, problem, 'save its state_dict() with torch.save');
  }
  return root;
}

async function checkByteOrder(source: ByteSource, zip: ZipArchive, root: string): Promise<void> {
  const key = `${root}/byteorder`;
  if (!zip.entries.has(key)) return;
  const size = storedSize(source, zip, key);
  const order = size > 16 ? '' : new TextDecoder().decode(await zip.read(key, 0, size));
  if (order === 'little') return;
  throw invalidInput(
    source.name,
    order === 'big' ? 'was saved on a big-endian machine' : 'is damaged: it has an unknown byte order',
    'save it again on a little-endian machine',
  );
}

/** The size of an uncompressed entry, checked against the file's size. */
function storedSize({ name, size }: ByteSource, zip: ZipArchive, key: string): number {
  const entry = zip.entries.get(key);
  if (entry === undefined) throw invalidInput(name, `is damaged: it lacks ${key}`, 'get the file again');
  if (!entry.stored) {
    const problem = `has the compressed entry ${key}, which torch.save does not write`;
    throw invalidInput(name, problem, 'save it with torch.save');
  }
  if (entry.size > size) {
    const problem = `is damaged: its ${size} bytes cannot hold the ${entry.size} of ${key}`;
    throw invalidInput(name, problem, 'get the file again');
  }
  return entry.size;
}

class TorchHost implements PickleHost {
  readonly #builders: ReadonlyMap<string, Builder>;

  constructor(
    private readonly source: ByteSource,
    private readonly zip: ZipArchive,
    private readonly root: string,
  ) {
    const set = new Builder(([items]) => (Array.isArray(items) ? new Set(items) : undefined));
    // Protocol 2 has no bytes: they are pickled as Latin-1 text.
    const bytes = new Builder(([text, encoding]) =>
      typeof text === 'string' && encoding === 'latin1' && /^[\0-\xff]*$/.test(text)
        ? Uint8Array.from(text, (character) => character.charCodeAt(0))
        : undefined,
    );
    this.#builders = new Map([
      ['torch._utils._rebuild_tensor_v2', new Builder((args) => this.#tensor(args))],
      ['torch._utils._rebuild_parameter', new Builder(([data]) => asTensor(data))],
      ['torch.Size', new Builder(([shape]) => (Array.isArray(shape) ? shape : undefined))],
      ['collections.OrderedDict', new Builder(([items = []]) => dictionaryOf(items))],
      // Milestones of a learning-rate schedule.
      ['collections.Counter', new Builder(([counts]) => (counts instanceof Map ? counts : undefined))],
      ['_codecs.encode', bytes],
      ['__builtin__.bytes', new Builder((args) => (args.length === 0 ? new Uint8Array(0) : undefined))],
      ['builtins.set', set],
      ['__builtin__.set', set],
      ['builtins.frozenset', set],
      ['__builtin__.frozenset', set],
    ]);
  }

  lookup(module: string, name: string): PickleObject {
    const dtype = module === 'torch' ? STORAGES.get(name) : undefined;
    if (dtype !== undefined) return new StorageClass(dtype);
    const builder = this.#builders.get(`${module}.${name}`);
    if (builder !== undefined) return builder;
    if (module === 'torch' && /^[A-Z]\w{0,30}Storage$/.test(name)) {
      throw new TerrachipError(
        'UNSUPPORTED',
        `${this.source.name} holds a torch.${name}`,
        `convert it to one of ${[...STORAGES.values()].join(', ')}`,
        { feature: `torch.${name}` },
      );
    }
    const named = JSON.stringify(`${module}.${name}`).slice(1, -1);
    throw invalidInput(
      this.source.name,
      `builds ${named}, but only tensors and plain containers are read`,
      'do not trust it, or save the weights alone with torch.save(model.state_dict(), …) if you know it',
    );
  }

  call(callee: PickleObject, args: readonly PickleValue[]): PickleValue {
    const value = callee instanceof Builder ? callee.build(args) : undefined;
    if (value === undefined) {
      const problem = `is damaged: its pickle calls a ${callee.kind} with invalid arguments`;
      throw invalidInput(this.source.name, problem, 'get the file again');
    }
    return value;
  }

  /** `('storage', class, key, device, elements)`; older files append None. */
  load(identifier: PickleValue): PickleObject {
    const [tag, type, key, , length, view = null] = Array.isArray(identifier) ? identifier : [];
    const known =
      tag === 'storage' &&
      type instanceof StorageClass &&
      typeof key === 'string' &&
      /^\w{1,64}$/.test(key) &&
      typeof length === 'number' &&
      view === null;
    if (!known) {
      const problem = 'is damaged: its pickle has an invalid storage identifier';
      throw invalidInput(this.source.name, problem, 'get the file again');
    }
    const { dtype } = type;
    const entry = `${this.root}/data/${key}`;
    const size = storedSize(this.source, this.zip, entry);
    if (size !== length * CHECKPOINT_DTYPES[dtype].bytes) {
      throw invalidInput(
        this.source.name,
        `is damaged: ${entry} has ${size} bytes, which do not fit ${length} elements of type ${dtype}`,
        'get the file again',
      );
    }
    return new StoredStorage({
      dtype,
      length,
      read: (offset, count, signal) => untilAborted(this.zip.read(entry, offset, count), signal),
    });
  }

  /** `(storage, offset, shape, strides, …)`. Flags such as "negated" change values: tensors with flags are refused. */
  #tensor([stored, offset, shape, strides, , , bits = null]: readonly PickleValue[]):
    | StoredTensor
    | undefined {
    const plain = bits === null || (bits instanceof Map && bits.size === 0);
    const fits = stored instanceof StoredStorage && typeof offset === 'number' && plain;
    if (!fits || !isNumbers(shape) || !isNumbers(strides)) return undefined;
    const tensor = { storage: stored.storage, shape: [...shape], strides: [...strides], offset };
    checkStrided(this.source.name, tensor);
    return new StoredTensor(tensor);
  }
}

function asTensor(value: PickleValue): StoredTensor | undefined {
  return value instanceof StoredTensor ? value : undefined;
}

function isNumbers(value: PickleValue): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

/** A map from a list of pairs. */
function dictionaryOf(items: PickleValue): Map<PickleValue, PickleValue> | undefined {
  if (!Array.isArray(items)) return undefined;
  const dictionary = new Map<PickleValue, PickleValue>();
  for (const item of items) {
    if (!Array.isArray(item) || item.length !== 2) return undefined;
    dictionary.set(item[0], item[1]);
  }
  return dictionary;
}

/** Names under which a dictionary has a state dictionary, and under which it has averaged weights. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model', 'module'];
const EMA_WRAPPERS = [
  'state_dict_ema',
  'model_ema',
  'ema_state_dict',
  'model_ema_state_dict',
  'ema_model',
  'ema',
];
/** Wrappers in wrappers. The limit ends dictionaries that contain themselves. */
const MAX_WRAPPERS = 3;

function stateDictionary(name: string, value: PickleValue, weights: Weights | undefined): ChosenTensors {
  const tensors = tensorsIn(value);
  const averaged = firstOf(value, EMA_WRAPPERS);
  if (tensors.size === 0 && averaged.size === 0) {
    const problem = 'holds no tensors by name, at its root or under state_dict';
    throw invalidInput(name, problem, 'save a state dictionary: torch.save(model.state_dict(), …)');
  }
  return chooseWeights(name, tensors, weights, averaged);
}

/** The tensors of the first wrapper that has some, else of the dictionary itself. Other values are ignored. */
function tensorsIn(value: PickleValue | undefined, depth = 0): Map<string, StridedTensor> {
  const tensors = new Map<string, StridedTensor>();
  if (!(value instanceof Map) || depth > MAX_WRAPPERS) return tensors;
  const wrapped = firstOf(value, WRAPPERS, depth + 1);
  if (wrapped.size > 0) return wrapped;
  for (const [key, item] of value) {
    if (typeof key === 'string' && item instanceof StoredTensor) tensors.set(key, item.tensor);
  }
  return tensors;
}

function firstOf(value: PickleValue, names: readonly string[], depth = 1): Map<string, StridedTensor> {
  const found = value instanceof Map ? names.map((name) => value.get(name)) : [];
  for (const each of found) {
    const tensors = tensorsIn(each, depth);
    if (tensors.size > 0) return tensors;
  }
  return new Map();
}
