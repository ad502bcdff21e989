import { sizeOf } from '../geo/dtype.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { gatherChips } from '../kernels/index.js';
import { inputShape, type ModelSpec, timeSteps } from './model-spec.js';
import { tensorOf } from './phases.js';
import type { ModelSession } from './session.js';
import type { Strip } from './strip.js';

/**
 * A batch of chips, cut out of strips and normalised on the device. A model always runs on a full batch, padded with
 * zeros, so that a chip's result does not depend on the number of chips.
 */
export class ChipBatch {
  /** (chip, channel, y, x) by input name. */
  readonly inputs: ReadonlyMap<string, DeviceTensor<'float32'>>;
  #count = 0;
  /** Chips, from the start, that may hold values of this batch or an earlier one. */
  #written: number;

  constructor(
    private readonly backend: Backend,
    private readonly spec: ModelSpec,
    readonly size: number,
  ) {
    this.#written = size;
    const pixels = spec.chip.size;
    this.inputs = new Map(
      spec.inputs.map((input) => {
        const shape = [size, sizeOf(inputShape(spec, input, 1)) / pixels ** 2, pixels, pixels];
        return [input.name, backend.allocate(shape, 'float32')];
      }),
    );
  }

  /** Chips added so far. */
  get count(): number {
    return this.#count;
  }

  /** Adds chips of a strip, by their columns in its row of chips. The batch must have room for them. */
  add(strip: Strip, columns: readonly number[]): void {
    const { layout, rows } = strip;
    const origins = this.backend.upload(
      Int32Array.from(columns.flatMap((column) => [layout.columnStarts[column], rows.start])),
    );
    for (const { image, planes } of strip.images) {
      const { input } = image;
      const steps = timeSteps(this.spec, input);
      const step = image.phase === undefined || steps === 1 ? 0 : this.spec.phases.indexOf(image.phase);
      for (const [band, plane] of planes.entries()) {
        gatherChips(this.backend, {
          plane,
          firstRow: rows.start,
          sceneWidth: layout.width,
          sceneHeight: layout.height,
          origins,
          chips: tensorOf(this.inputs, input),
          firstChip: this.#count,
          channel: band * steps + step,
          mean: input.mean[band],
          std: input.std[band],
          replacement: input.nodataReplacement,
        });
      }
    }
    origins.dispose();
    this.#count += columns.length;
    this.#written = Math.max(this.#written, this.#count);
  }

  /** Downloads the chips, (chip, channel, y, x) by input name, and empties the batch. */
  async take(): Promise<Map<string, Float32Array>> {
    const values = new Map<string, Float32Array>();
    for (const [name, tensor] of this.inputs) {
      const all = await this.backend.download(tensor);
      values.set(name, all.subarray(0, (this.#count * all.length) / this.size));
    }
    this.#count = 0;
    return values;
  }

  /** Runs the model on the chips and empties the batch. @returns as `ModelSession.run` */
  async run(session: ModelSession): Promise<DeviceTensor<'float32'>> {
    const count = this.#count;
    for (const tensor of this.inputs.values()) {
      const chip = tensor.length / this.size;
      const stale = this.#written - count;
      if (stale > 0) this.backend.write(tensor, new Float32Array(stale * chip), count * chip);
    }
    this.#written = count;
    this.#count = 0;
    return session.run(this.backend, this.inputs, this.size, count);
  }

  dispose(): void {
    for (const tensor of this.inputs.values()) tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
