/**
 * Errors that terrachip throws. A message is one sentence: the problem (with the file or option by name), then the remedy.
 */

/** The fields of an error, by code. */
export interface ErrorFields {
  /** A file, URL or value that cannot be used. */
  INVALID_INPUT: { source: string };
  /** An option or argument with an impossible value. */
  INVALID_OPTION: { option: string };
  /** Something valid that terrachip does not support. */
  UNSUPPORTED: { feature: string };
  /** A file, URL, model or phase that does not exist. */
  NOT_FOUND: { source: string };
  /** A request above a limit; `size` and `limit` are in the unit that the message names. */
  TOO_LARGE: { size: number; limit: number };
  /** An optional package or a driver that is not installed. */
  MISSING_DEPENDENCY: { dependency: string };
  /** A server or connection that failed after all retries. */
  NETWORK: { url: string; status?: number };
  /** The GPU device was lost or an operation on it failed. */
  DEVICE_LOST: { reason: string };
  /** The file system refused a write. */
  DISK: { path: string };
  /** Some units of a map are missing. */
  INCOMPLETE: { missing: number };
  /** Another process is at work on the same result. */
  BUSY: { source: string };
  /** Use of a resource after its disposal. */
  DISPOSED: { resource: string };
  /** A violated invariant: a bug in terrachip. */
  INTERNAL: { where: string };
}

/** The code of an error. */
export type ErrorCode = keyof ErrorFields;

/**
 * Process exit statuses other than 2, which is wrong usage or input: 75 retry later, 3 incomplete, 1 anything else
 * (75 is `EX_TEMPFAIL` of sysexits.h).
 */
const EXIT_STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  NETWORK: 75,
  DEVICE_LOST: 75,
  DISK: 75,
  INCOMPLETE: 3,
  BUSY: 75,
  DISPOSED: 1,
  INTERNAL: 1,
};

/** Removes user names and passwords from the URLs in a text. */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"'<>]*@/gi, '$1');
}

/**
 * An error with a code, the fields of that code, a remedy and a process exit status. Passwords in URLs are removed from
 * its message and fields.
 */
export class TerrachipError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'TerrachipError';
  readonly code: Code;
  readonly fields: ErrorFields[Code];
  /** What the user can do about it: the last clause of the message, which may be a question. */
  readonly remedy: string;
  readonly exitStatus: number;

  constructor(
    code: Code,
    problem: string,
    remedy: string,
    fields: ErrorFields[Code],
    options?: { cause?: unknown; exitStatus?: number },
  ) {
    super(
      withoutCredentials(`${problem}; ${remedy}${remedy.endsWith('?') ? '' : '.'}`),
      options?.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.fields = withoutSecrets(fields);
    this.remedy = withoutCredentials(remedy);
    this.exitStatus = options?.exitStatus ?? EXIT_STATUS[code] ?? 2;
  }
}

function withoutSecrets<Fields extends object>(fields: Fields): Fields {
  const texts = Object.entries(fields).map(([name, value]) => [
    name,
    typeof value === 'string' ? withoutCredentials(value) : value,
  ]);
  return { ...fields, ...Object.fromEntries(texts) };
}

/** Narrows to a terrachip error, optionally of one of the given codes. */
export function isTerrachipError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: Code[]
): error is TerrachipError<Code> {
  if (!isError(error) || error.name !== 'TerrachipError') return false;
  return codes.length === 0 || codes.some((code) => code === error.code);
}

/** The error for a file, URL or value that cannot be used. */
export function invalidInput(
  source: string,
  problem: string,
  remedy: string,
  cause?: unknown,
): TerrachipError {
  return new TerrachipError('INVALID_INPUT', `${source} ${problem}`, remedy, { source }, { cause });
}

/** The error for an option or argument. */
export function invalidOption(option: string, problem: string, remedy: string): TerrachipError {
  return new TerrachipError('INVALID_OPTION', `${option} ${problem}`, remedy, { option });
}

/** @throws {TerrachipError} INVALID_OPTION unless the value is one of the choices */
export function requireChoice<T>(option: string, value: T, choices: readonly T[]): void {
  if (choices.includes(value)) return;
  throw invalidOption(option, `cannot be "${String(value)}"`, `choose one of ${choices.join(', ')}`);
}

/** @throws {TerrachipError} INVALID_OPTION unless the value is a whole number from `least` to `most` */
export function requireWhole(
  option: string,
  value: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} on` : `${least} to ${most}`;
  throw invalidOption(option, `cannot be ${value}`, `give a whole number from ${range}`);
}

/** The error for something valid that terrachip does not support. */
export function unsupported(
  feature: string,
  problem: string,
  remedy: string,
  cause?: unknown,
): TerrachipError<'UNSUPPORTED'> {
  return new TerrachipError('UNSUPPORTED', problem, remedy, { feature }, { cause });
}

/** The error for a request above a limit. */
export function tooLarge(
  problem: string,
  remedy: string,
  fields: ErrorFields['TOO_LARGE'],
): TerrachipError<'TOO_LARGE'> {
  return new TerrachipError('TOO_LARGE', problem, remedy, fields);
}

/** The error for a violated invariant. */
export function internalError(where: string, problem: string): TerrachipError {
  return new TerrachipError(
    'INTERNAL',
    `${where}: ${problem}`,
    'this is a bug in terrachip, please report it',
    { where },
  );
}

/**
 * Whether a thrown value is an error of any realm: errors of Node's modules fail `instanceof Error` under a test runner
 * with its own globals.
 */
export function isError(
  thrown: unknown,
): thrown is Error & { code?: unknown; reason?: unknown; path?: unknown; input?: unknown } {
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown && 'stack' in thrown;
}

/** The message of a thrown value of any type. */
export function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}

/** The code of a Node error, such as `ENOENT`; empty for other values. */
export function codeOf(error: unknown): string {
  return isError(error) && typeof error.code === 'string' ? error.code : '';
}

/** An optional package: what needs it, and how it is loaded. */
export interface OptionalPackage<Module = unknown> {
  readonly name: string;
  /** What needs it, as the subject of the message: `reading netCDF-3`. */
  readonly purpose: string;
  /** The command that installs it; default `npm install NAME`. */
  readonly install?: string;
  /** The remedy if it is installed but cannot be loaded; default: to install it. */
  readonly repair?: string;
  readonly load: () => Promise<Module>;
}

/** Why an optional package cannot be used, and what to do, after a failure to load it. */
export function packageProblem(
  { name, purpose, install = `npm install ${name}`, repair }: Omit<OptionalPackage, 'load'>,
  cause: unknown,
): { problem: string; remedy: string } {
  const remedy = `run ${install}`;
  if (['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(codeOf(cause))) {
    return { problem: `${purpose} needs the optional package ${name}, which is not installed`, remedy };
  }
  const [reason] = messageOf(cause).split('\n');
  const problem = `${purpose} needs the package ${name}, which cannot be loaded (${reason})`;
  return { problem, remedy: repair ?? remedy };
}

/** The error for an optional package that cannot be loaded. */
export function missingPackage(wanted: Omit<OptionalPackage, 'load'>, cause: unknown): TerrachipError {
  const { problem, remedy } = packageProblem(wanted, cause);
  return new TerrachipError('MISSING_DEPENDENCY', problem, remedy, { dependency: wanted.name }, { cause });
}

/** Loads an optional package. @throws {TerrachipError} MISSING_DEPENDENCY */
export async function loadPackage<Module>(wanted: OptionalPackage<Module>): Promise<Module> {
  try {
    return await wanted.load();
  } catch (cause) {
    throw missingPackage(wanted, cause);
  }
}
