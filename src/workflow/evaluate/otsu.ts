/** A histogram with bins of equal width. Values beyond the ends count in the outermost bins. */
export class Histogram {
  readonly counts: Float64Array;

  /** @param low lower edge of the first bin @param high upper edge of the last bin */
  constructor(
    readonly low: number,
    high: number,
    readonly binsPerUnit: number,
  ) {
    this.counts = new Float64Array(Math.round((high - low) * binsPerUnit));
  }

  /** Adds the finite values. */
  add(values: Float32Array): void {
    const last = this.counts.length - 1;
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      const bin = Math.floor((value - this.low) * this.binsPerUnit);
      this.counts[Math.max(0, Math.min(last, bin))]++;
    }
  }

  /** The lower edge of a bin. */
  edge(bin: number): number {
    return (this.low * this.binsPerUnit + bin) / this.binsPerUnit;
  }
}

/**
 * The threshold of the greatest between-class variance (Otsu 1979, doi:10.1109/TSMC.1979.4310076): an edge between two
 * bins, the lowest of several.
 * @returns null when all values are in one bin
 */
export function otsuThreshold(histogram: Histogram): number | null {
  const { counts } = histogram;
  let total = 0;
  let weighted = 0;
  for (const [bin, count] of counts.entries()) {
    total += count;
    weighted += count * bin;
  }
  let best = 0;
  let threshold: number | null = null;
  let below = 0;
  let weightedBelow = 0;
  for (const [bin, count] of counts.entries()) {
    below += count;
    weightedBelow += count * bin;
    const above = total - below;
    if (below === 0 || above === 0) continue;
    const distance = weightedBelow / below - (weighted - weightedBelow) / above;
    const variance = below * above * distance * distance;
    if (variance > best) {
      best = variance;
      threshold = histogram.edge(bin + 1);
    }
  }
  return threshold;
}
