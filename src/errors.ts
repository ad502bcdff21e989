/**
 * Every error that terrachip throws on purpose. A message is one sentence: what is wrong (with the file or the
 * option by name), then what to do about it.
 */

/** The typed fields that an error of each code carries. */
export interface ErrorFields {
  /** A file, URL or value that cannot be used as it is. */
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
  /** The GPU device was lost or refused an operation it had promised. */
  DEVICE_LOST: { reason: string };
  /** The file system refused a write. */
  DISK: { path: string };
  /** Some units of a map are missing. */
  INCOMPLETE: { missing: number };
  /** Use of a resource after its disposal. */
  DISPOSED: { resource: string };
  /** A broken promise inside terrachip: a bug to report. */
  INTERNAL: { where: string };
}

/** The code of an error, by which programs tell errors apart. */
export type ErrorCode = keyof ErrorFields;

/**
 * Process exit statuses: 2 wrong usage or input, 75 worth retrying, 3 incomplete, 1 anything else
 * (75 is `EX_TEMPFAIL` of sysexits.h).
 */
const EXIT_STATUS: Readonly<Record<ErrorCode, number>> = {
  INVALID_INPUT: 2,
  INVALID_OPTION: 2,
  UNSUPPORTED: 2,
  NOT_FOUND: 2,
  TOO_LARGE: 2,
  MISSING_DEPENDENCY: 2,
  NETWORK: 75,
  DEVICE_LOST: 75,
  DISK: 75,
  INCOMPLETE: 3,
  DISPOSED: 1,
  INTERNAL: 1,
};

/** A text whose addresses have lost their user and password. */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"'<>]*@/gi, '$1');
}

/**
 * An error with a code, the fields of that code, a remedy and a process exit status. Neither its message nor its fields
 * hold a password of an address.
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
    this.exitStatus = options?.exitStatus ?? EXIT_STATUS[code];
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

/** The problem with an input, in the common case of a file or URL that cannot be used. */
export function invalidInput(
  source: string,
  problem: string,
  remedy: string,
  cause?: unknown,
): TerrachipError {
  return new TerrachipError('INVALID_INPUT', `${source} ${problem}`, remedy, { source }, { cause });
}

/** The problem with an option or argument. */
export function invalidOption(option: string, problem: string, remedy: string): TerrachipError {
  return new TerrachipError('INVALID_OPTION', `${option} ${problem}`, remedy, { option });
}

/** A promise inside terrachip that did not hold. */
export function internalError(where: string, problem: string): TerrachipError {
  return new TerrachipError(
    'INTERNAL',
    `${where}: ${problem}`,
    'this is a bug in terrachip, please report it',
    {
      where,
    },
  );
}

/**
 * Whether something that was thrown is an error, of whatever realm: those of Node's modules are not `instanceof Error` in
 * code that a test runner has given globals of its own.
 */
export function isError(
  thrown: unknown,
): thrown is Error & { code?: unknown; reason?: unknown; path?: unknown; input?: unknown } {
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown && 'stack' in thrown;
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}

/** The code of an error of Node's, such as `ENOENT`; empty for others. */
export function codeOf(error: unknown): string {
  return isError(error) && typeof error.code === 'string' ? error.code : '';
}

/** Whether an import failed since the package is not there. */
export function isNotInstalled(error: unknown): boolean {
  return ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(codeOf(error));
}
