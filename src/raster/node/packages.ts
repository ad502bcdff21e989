/** The optional packages that read some files, and whether they are here. */
import { messageOf, TerrachipError } from '../../errors.js';
import { NETCDF3_PACKAGE } from '../netcdf/netcdf3.js';
import { CODECS, type Codec, JPEG2000 } from './codecs/table.js';
import { HDF5_PACKAGE } from './hdf5.js';

/** An optional package, and how it is loaded. */
export interface OptionalPackage {
  readonly name: string;
  readonly load: () => Promise<unknown>;
}

/** An optional package, what it reads (compressions of GeoTIFF, formats), and whether it is here. */
export type ReaderPackage = { readonly package: string; readonly reads: readonly string[] } & (
  | { readonly available: true }
  | { readonly available: false; readonly problem: string; readonly remedy: string }
);

/** Packages of whole formats; those of compressions stand in the table of codecs. */
const FORMATS: readonly { requirement: OptionalPackage; reads: readonly string[] }[] = [
  { requirement: HDF5_PACKAGE, reads: ['netCDF-4', 'HDF5'] },
  { requirement: NETCDF3_PACKAGE, reads: ['netCDF-3'] },
];

/** What stands in the way of a package, or null. */
async function problemOf({ name, load }: OptionalPackage): Promise<{
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

/** All optional packages that read files. */
export async function probeReaders(): Promise<ReaderPackage[]> {
  const codecs = [...CODECS.values(), JPEG2000];
  const requirements = new Set(codecs.flatMap(({ requirement }) => requirement ?? []));
  const compressions = [...requirements].map((requirement) => ({
    requirement,
    reads: codecs.flatMap((codec) => (codec.requirement === requirement ? codec.name : [])),
  }));
  return Promise.all(
    [...compressions, ...FORMATS].map(({ requirement, reads }) => probePackage(requirement, reads)),
  );
}

/** Whether a package is here that reads some formats. */
export async function probePackage(
  requirement: OptionalPackage,
  reads: readonly string[],
): Promise<ReaderPackage> {
  const found = { package: requirement.name, reads };
  const problem = await problemOf(requirement);
  if (problem === null) return { ...found, available: true };
  return { ...found, available: false, problem: problem.problem, remedy: problem.remedy };
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
