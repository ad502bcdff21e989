import { messageOf, TerrachipError } from '../../../errors.js';
import { CODECS, type Codec } from './table.js';

/** An optional package that some compressions need, and whether it is here. */
export type CodecPackage = { readonly package: string; readonly compressions: readonly string[] } & (
  | { readonly available: true }
  | { readonly available: false; readonly problem: string; readonly remedy: string }
);

/** What stands in the way of a codec's package, or null. */
async function problemOf({ name, load }: NonNullable<Codec['requirement']>): Promise<{
  problem: string;
  remedy: string;
  cause: unknown;
} | null> {
  try {
    await load();
    return null;
  } catch (cause) {
    const [message] = messageOf(cause).split('\n');
    const missing = /Cannot find (package|module)/.test(message);
    const problem = missing
      ? `the optional package ${name} is not installed`
      : `the package ${name} cannot be loaded (${message})`;
    return { problem, remedy: `run npm install ${name}`, cause };
  }
}

/** The optional packages of all codecs. */
export async function probeCodecs(): Promise<CodecPackage[]> {
  const codecs = [...CODECS.values()];
  const requirements = new Set(codecs.flatMap(({ requirement }) => requirement ?? []));
  return Promise.all(
    [...requirements].map(async (requirement) => {
      const found = {
        package: requirement.name,
        compressions: codecs.flatMap((codec) => (codec.requirement === requirement ? codec.name : [])),
      };
      const problem = await problemOf(requirement);
      if (problem === null) return { ...found, available: true };
      return { ...found, available: false, problem: problem.problem, remedy: problem.remedy };
    }),
  );
}

/** @throws {TerrachipError} UNSUPPORTED that names the file and the package that its compression needs */
export async function requirePackage(file: string, codec: Codec): Promise<void> {
  const found = codec.requirement === undefined ? null : await problemOf(codec.requirement);
  if (found === null) return;
  throw new TerrachipError(
    'UNSUPPORTED',
    `${file} is compressed by ${codec.name}, and ${found.problem}`,
    found.remedy,
    { feature: codec.name },
    { cause: found.cause },
  );
}
