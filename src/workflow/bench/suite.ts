/** Suites: lists of cases that are measured one after the other. */
import type { Backend } from '../../gpu/index.js';
import type { ProviderChoice } from '../../inference/node/index.js';
import type { OperationOptions } from '../../progress.js';

/** One thing that is measured. */
export interface BenchCase {
  readonly name: string;
  /** How much a run does, in `unit`, such as 51 Mpixel. */
  readonly amount: number;
  readonly unit: string;
  run(): unknown;
  /** Seconds of the parts of the last run. */
  parts?(): Readonly<Record<string, number>>;
}

/** The context that all cases of a run share. */
export interface BenchContext extends Pick<OperationOptions, 'signal'> {
  readonly backend: Backend;
  readonly provider: ProviderChoice;
  readonly threads: number | undefined;
  /** Whether inputs are small: for trying it out, not for results. */
  readonly quick: boolean;
  /** An empty folder. */
  readonly folder: string;
}

/** Prepares its cases one by one. A case's resources are released when the next one is requested. */
export type Suite = (context: BenchContext) => AsyncGenerator<BenchCase, void>;
