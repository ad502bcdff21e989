/** The optional packages that read some files, and whether they are installed. */
import { type OptionalPackage, packageProblem } from '../../errors.js';
import { compressionName } from '../codecs/table.js';
import { NETCDF3_PACKAGE } from '../netcdf/netcdf3.js';
import { CODECS } from './codecs/table.js';
import { HDF5_PACKAGE } from './hdf5.js';

/** An optional package, the compressions or formats that it reads, and whether it is installed. */
export type ReaderPackage = { readonly package: string; readonly reads: readonly string[] } & (
  | { readonly available: true }
  | { readonly available: false; readonly problem: string; readonly remedy: string }
);

/** Packages of formats; those of compressions are in the table of codecs. */
const FORMATS: readonly { requirement: OptionalPackage; reads: readonly string[] }[] = [
  { requirement: HDF5_PACKAGE, reads: ['netCDF-4', 'HDF5'] },
  { requirement: NETCDF3_PACKAGE, reads: ['netCDF-3'] },
];

/** All optional packages that read files. */
export async function probeReaders(): Promise<ReaderPackage[]> {
  const requirements = new Set([...CODECS.values()].flatMap(({ requirement }) => requirement ?? []));
  const compressions = [...requirements].map((requirement) => ({
    requirement,
    reads: [...CODECS].flatMap(([key, codec]) =>
      codec.requirement === requirement ? compressionName(key) : [],
    ),
  }));
  return Promise.all(
    [...compressions, ...FORMATS].map(({ requirement, reads }) => probePackage(requirement, reads)),
  );
}

/** Whether a package that reads some formats is installed. */
export async function probePackage(
  requirement: OptionalPackage,
  reads: readonly string[],
): Promise<ReaderPackage> {
  const reader = { package: requirement.name, reads };
  try {
    await requirement.load();
    return { ...reader, available: true };
  } catch (cause) {
    return { ...reader, available: false, ...packageProblem(requirement, cause) };
  }
}
