import { TerrachipError } from '../../errors.js';

/**
 * Checks that a predictor is supported: 2 on whole words, 3 on floats of 2 to 4 or 8 bytes.
 * @param bitsPerSample both parts of a complex sample included
 * @throws {TerrachipError} UNSUPPORTED
 */
export function requirePredictor(
  name: string,
  predictor: number,
  bitsPerSample: number,
  isFloat: boolean,
): void {
  if (predictor === 1) return;
  if (predictor === 2 && [8, 16, 32, 64].includes(bitsPerSample)) return;
  if (predictor === 3 && isFloat && [16, 24, 32, 64].includes(bitsPerSample)) return;
  throw new TerrachipError(
    'UNSUPPORTED',
    `${name} uses TIFF predictor ${predictor} on samples of ${bitsPerSample} bits`,
    'rewrite it without a predictor (gdal_translate -co PREDICTOR=1)',
    { feature: `predictor ${predictor}` },
  );
}
