import { invalidInput } from '../../errors.js';
import type { BandInfo, MaskRequest, Raster } from '../../raster/index.js';
import { RasterView } from '../../raster/raster-view.js';
import { levelBox } from '../../raster/request.js';
import type { QualityReader } from './quality.js';

/** A raster with the band metadata of its catalog row, masked by a quality band. */
export class SourceView extends RasterView {
  /** Pixels masked by the quality band so far. */
  maskedPixels = 0;
  readonly #hasMask: boolean;
  readonly #quality: QualityReader | null;

  constructor(raster: Raster, bands: readonly BandInfo[], quality: QualityReader | null) {
    super(raster, { bands, mask: quality !== null && raster.mask !== 'band masks' ? 'mask' : raster.mask });
    this.#hasMask = raster.mask !== null;
    this.#quality = quality;
  }

  /** The file's own mask combined with the quality band. */
  override async readMask(request: MaskRequest = {}): Promise<Uint8Array | null> {
    const own = this.#hasMask ? await super.readMask(request) : null;
    if (this.#quality === null) return own;
    const level = levelBox(this, request.level ?? 0);
    const all = { x: 0, y: 0, width: level.width, height: level.height };
    const { x, y, width, height } = request.window ?? all;
    const quality = await this.#quality.validity(level.window(x, y, width, height), request.signal);
    if (own !== null && own.length !== quality.length) {
      throw invalidInput(this.name, 'has a mask of another size than its pixels', 'get the file again');
    }
    let masked = 0;
    const result = new Uint8Array(quality.length);
    for (let i = 0; i < result.length; i++) {
      if (quality[i] === 0) masked++;
      else result[i] = own === null ? 255 : own[i];
    }
    this.maskedPixels += masked;
    return result;
  }
}
