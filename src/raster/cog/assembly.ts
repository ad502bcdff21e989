/** Puts the levels of a COG together: the order of tiles in the file, and its head. */
import { invalidInput } from '../../errors.js';
import { BLOCK_LEADER_BYTES, type CogImage, type CogLayout, encodeHead } from './directory.js';
import type { CogLevel } from './level.js';
import { CLASSIC_LIMIT, type CogSettings } from './options.js';
import { framedBytes } from './tile-store.js';

/** A COG whose tiles are all cut: its levels, the full image first. */
export interface CogParts {
  readonly layout: Omit<CogLayout, 'bigTiff'>;
  readonly levels: readonly CogLevel[];
  /** Whether the file gets the mask that was written. */
  readonly hasMask: boolean;
  /** Null to choose by the size. */
  readonly bigTiff: boolean | null;
}

/** The groups of a level's tiles in the file. */
export function groupsOf(level: CogLevel, settings: CogSettings, hasMask: boolean): number[] {
  const groups = [...level.groups.keys()];
  return settings.mask !== false && !hasMask ? groups.slice(0, -1) : groups;
}

/**
 * The head of the file.
 * @throws {TerrachipError} INVALID_INPUT for a file that is too large for a classic TIFF, if it must be one
 */
export function headOf(path: string, parts: CogParts): Uint8Array<ArrayBuffer> {
  const { layout, levels, hasMask } = parts;
  const bytes = levels
    .flatMap((level) =>
      groupsOf(level, layout.settings, hasMask).flatMap((group) => level.byteCountsOf(group)),
    )
    .reduce((sum, count) => sum + framedBytes(count), 0);
  const encode = (bigTiff: boolean, headBytes: number): Uint8Array<ArrayBuffer> =>
    encodeHead({ ...layout, bigTiff }, imagesOf(parts, headBytes));
  const classic = encode(false, 0).byteLength + bytes;
  if (parts.bigTiff === false) requireClassic(path, classic);
  const bigTiff = parts.bigTiff ?? classic > CLASSIC_LIMIT;
  return encode(bigTiff, encode(bigTiff, 0).byteLength);
}

/** Images in the order of directories, the full one first; their data is in the opposite order, masks after images. */
function imagesOf({ layout, levels, hasMask }: CogParts, headBytes: number): CogImage[] {
  let offset = headBytes;
  const images: CogImage[][] = [];
  for (const level of [...levels].reverse()) {
    const place = (group: number): Pick<CogImage, 'offsets' | 'byteCounts'> => {
      const byteCounts = level.byteCountsOf(group);
      const offsets = byteCounts.map((count) => {
        const at = count === 0 ? 0 : offset + BLOCK_LEADER_BYTES;
        offset += framedBytes(count);
        return at;
      });
      return { offsets, byteCounts };
    };
    const groups = groupsOf(level, layout.settings, hasMask).map(place);
    const masks = hasMask ? groups.splice(-1) : [];
    const { width, height } = level;
    images.unshift([
      {
        width,
        height,
        isMask: false,
        offsets: groups.flatMap(({ offsets }) => offsets),
        byteCounts: groups.flatMap(({ byteCounts }) => byteCounts),
      },
      ...masks.map((tiles) => ({ width, height, isMask: true, ...tiles })),
    ]);
  }
  return images.flat();
}

/** @throws {TerrachipError} INVALID_INPUT for more bytes than a classic TIFF can address */
export function requireClassic(path: string, bytes: number): void {
  if (bytes <= CLASSIC_LIMIT) return;
  throw invalidInput(
    path,
    `takes ${Math.ceil(bytes)} bytes, more than a classic TIFF can address`,
    'leave the choice of BigTIFF to auto',
  );
}
