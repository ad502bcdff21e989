import { TerrachipError } from '../../errors.js';

/** The error for an optional package that is not installed. */
export function missingPackage(name: string, format: string, cause: unknown): TerrachipError {
  return new TerrachipError(
    'MISSING_DEPENDENCY',
    `reading ${format} needs the package ${name}, which is not installed`,
    `run npm install ${name}`,
    { dependency: name },
    { cause },
  );
}
