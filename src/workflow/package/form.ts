/** What the forms of a package have in common. */
import type { Acquisition } from '../acquisition.js';
import type { EventImages, PackageImage } from './manifest.js';
import type { RowMask } from './valid-pixels.js';

/** The content of a package. */
export interface PackagePlan extends EventImages {
  readonly folder: string;
}

/** Takes the bands of an image. */
export interface ImageWriter extends AsyncDisposable {
  /**
   * Adds rows of a band, top to bottom: `rows × width` values, NaN for no data. All rows of a band come before those of the
   * next.
   */
  writeBand(band: number, values: Float32Array): Promise<void>;
  /** Called once, after the last row. */
  finish(): Promise<void>;
}

/** The windows of a package's list of chips. */
export interface PackagedChips {
  /** Windows of the grid. */
  readonly windows: number;
  /** Windows with enough valid pixels, which are in the list. */
  readonly kept: number;
}

/** The files of a package. Disposing removes files that are not whole. */
export interface PackageForm extends AsyncDisposable {
  /** All files that it may write, relative to the folder. */
  readonly files: readonly string[];
  /** The file that `infer` reads, relative to the folder. */
  readonly scene: string;
  /** The file of the label, relative to the folder. */
  readonly label: string;
  /** The file of an image, relative to the folder. Images of one file are opened one after the other. */
  fileOf(image: PackageImage): string;
  openImage(image: PackageImage): Promise<ImageWriter>;
  /**
   * Writes everything but the images.
   * @param valid 1 where every band of every phase has data
   * @param label 1 in the flood; null for none
   */
  finish(valid: RowMask, label: RowMask | null): Promise<PackagedChips>;
}

/** The time of the phase `event` in ISO 8601; undefined without its date. */
export function eventTime({ document }: Acquisition): string | undefined {
  const date = document.event.phase_dates.event;
  return date === undefined || date.includes('T') ? date : `${date}T00:00:00Z`;
}
