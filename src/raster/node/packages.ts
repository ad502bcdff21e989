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

/** All optional packages that read files. */
export async function probeReaders(): Promise<ReaderPackage[]> {
  const readers = new Map<OptionalPackage, string[]>();
  for (const [compression, { requirement }] of CODECS) {
    if (requirement === undefined) continue;
    readers.set(requirement, [...(readers.get(requirement) ?? []), compressionName(compression)]);
  }
  readers.set(HDF5_PACKAGE, ['netCDF-4', 'HDF5']).set(NETCDF3_PACKAGE, ['netCDF-3']);
  return Promise.all([...readers].map(([requirement, reads]) => probePackage(requirement, reads)));
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
