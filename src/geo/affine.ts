import { invalidInput } from '../errors.js';

/** `[a, b, c, d, e, f]`, in rasterio's order. */
export type AffineTuple = readonly [number, number, number, number, number, number];

/**
 * An affine transform: `x' = a·x + b·y + c`, `y' = d·x + e·y + f`. A raster's transform takes pixel coordinates
 * (column, row; pixel centres at +0.5) to CRS coordinates (x or longitude first).
 */
export class Affine {
  constructor(
    readonly a: number,
    readonly b: number,
    readonly c: number,
    readonly d: number,
    readonly e: number,
    readonly f: number,
  ) {}

  static readonly identity = new Affine(1, 0, 0, 0, 1, 0);

  static fromTuple(tuple: AffineTuple): Affine {
    return new Affine(...tuple);
  }

  /** From GDAL's geotransform `[x0, dx/dcolumn, dx/drow, y0, dy/dcolumn, dy/drow]`. */
  static fromGeoTransform(g: AffineTuple): Affine {
    return new Affine(g[1], g[2], g[0], g[4], g[5], g[3]);
  }

  static translation(x: number, y: number): Affine {
    return new Affine(1, 0, x, 0, 1, y);
  }

  static scale(x: number, y: number): Affine {
    return new Affine(x, 0, 0, 0, y, 0);
  }

  apply(x: number, y: number): [number, number] {
    return [this.a * x + this.b * y + this.c, this.d * x + this.e * y + this.f];
  }

  /** The transform that applies `inner` first, then this one. */
  compose(inner: Affine): Affine {
    return new Affine(
      this.a * inner.a + this.b * inner.d,
      this.a * inner.b + this.b * inner.e,
      this.a * inner.c + this.b * inner.f + this.c,
      this.d * inner.a + this.e * inner.d,
      this.d * inner.b + this.e * inner.e,
      this.d * inner.c + this.e * inner.f + this.f,
    );
  }

  get determinant(): number {
    return this.a * this.e - this.b * this.d;
  }

  /** True without rotation and shear. */
  get isRectilinear(): boolean {
    return this.b === 0 && this.d === 0;
  }

  /** @throws {TerrachipError} INVALID_INPUT when the transform is degenerate. */
  inverse(): Affine {
    const det = this.determinant;
    if (!Number.isFinite(det) || det === 0) {
      throw invalidInput(
        `the transform (${this.toTuple().join(', ')})`,
        'cannot be inverted',
        'give a transform with non-zero pixel sizes',
      );
    }
    const a = this.e / det;
    const b = -this.b / det;
    const d = -this.d / det;
    const e = this.a / det;
    return new Affine(a, b, -a * this.c - b * this.f, d, e, -d * this.c - e * this.f);
  }

  toTuple(): AffineTuple {
    return [this.a, this.b, this.c, this.d, this.e, this.f];
  }

  toJSON(): AffineTuple {
    return this.toTuple();
  }

  /** Whether all coefficients are equal, within a relative tolerance (default 0). */
  equals(other: Affine, tolerance = 0): boolean {
    const theirs = other.toTuple();
    return this.toTuple().every((v, i) => Math.abs(v - theirs[i]) <= tolerance * Math.max(1, Math.abs(v)));
  }
}
