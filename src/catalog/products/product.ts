import { invalidInput } from '../../errors.js';
import { checkBounds, intersectBounds, unwrapBounds } from '../../geo/bounds.js';
import { type Bounds, Crs, type CrsLike, GeoBox, transformBounds } from '../../geo/index.js';
import type { Units } from '../../raster/index.js';
import type { CatalogAsset, CatalogRow } from '../row.js';
import { tellsOf } from './clouds.js';
import type { ProductAttributes, ProductDescription, ProductFile } from './description.js';
import { type BandPlan, type LoadBandsOptions, type LoadedBands, loadBands, pixelSizeIn } from './load.js';
import { bandNamed, CLOUD_BANDS, commonNameOf, PRODUCT_BANDS, type ProductBandName } from './names.js';

/** A band of a product. */
export interface ProductBand {
  readonly name: ProductBandName;
  /** The product's own name for it: `B04`; for cloud masks, the name of their source. */
  readonly id: string;
  /** Pixel sizes of its files in units of the product's CRS, finest first; empty if unknown without opening them. */
  readonly resolutions: readonly number[];
}

/** The grid that a product is loaded onto: `geobox`, or the product's own grid by `bounds` and `resolution`. */
export interface ProductLoadOptions extends LoadBandsOptions {
  /** The grid to load onto, in any CRS. */
  geobox?: GeoBox;
  /** An area of interest. In degrees, a west greater than the east crosses the antimeridian. */
  bounds?: Bounds;
  /** The CRS of `bounds`. Default: longitude and latitude on WGS 84. */
  boundsCrs?: CrsLike;
  /** Pixel size in units of the product's CRS. Default: that of the finest requested band. */
  resolution?: number;
}

/** A satellite product with its attributes and its bands by common names. Images are opened only by `load`. */
export class Product {
  readonly attributes: ProductAttributes;
  readonly bands: readonly ProductBand[];
  readonly #description: ProductDescription;

  constructor(description: ProductDescription) {
    this.attributes = description.attributes;
    this.#description = description;
    this.bands = PRODUCT_BANDS.flatMap((name): ProductBand[] => {
      const files = this.#filesOf(name);
      if (files.length === 0) return [];
      const sizes = files.flatMap(({ resolution }) => resolution ?? []);
      const { clouds } = description;
      const id = isMask(name) && clouds !== null && 'id' in clouds ? clouds.id : files[0].id;
      return [{ name, id, resolutions: [...new Set(sizes)].sort((a, b) => a - b) }];
    });
  }

  /** Whether the product has a band, by EOReader's name, STAC's common name, or its own name (`B04`). */
  has(band: string): boolean {
    return this.#find(band) !== null;
  }

  /**
   * Loads bands onto one grid.
   *
   * Reflectance is stored · scale + offset, with the offset from the metadata (Sentinel-2 since baseline 04.00). Before
   * resampling, stored nodata becomes NaN, saturated pixels too, and reflectance below 0 becomes 0. Of several files of
   * a band, the coarsest one that is not coarser than the grid is read.
   * @throws {TerrachipError} INVALID_INPUT for a missing band, or an area outside the product; INVALID_OPTION for units
   * or a resampling that do not suit a band; TOO_LARGE above `maxBytes`
   */
  async load(bands: readonly string[], options: ProductLoadOptions = {}): Promise<LoadedBands> {
    const { name } = this.attributes;
    if (bands.length === 0)
      throw invalidInput(name, 'is asked for no bands', `choose some of ${this.#names()}`);
    const chosen = bands.map((band) => {
      const bandName = this.#find(band);
      if (bandName !== null) return bandName;
      throw invalidInput(name, `has no band ${JSON.stringify(band)}`, `choose some of ${this.#names()}`);
    });
    const finest = chosen.map((band) => this.#filesOf(band)[0]);
    const grid = options.geobox ?? this.#ownGrid(finest, options);
    const plans = chosen.map((band): BandPlan => {
      const clouds = isMask(band) ? this.#description.clouds : null;
      return { name: band, file: fileFor(this.#filesOf(band), grid), clouds };
    });
    return loadBands(plans, grid, options);
  }

  /** The product as a catalog row, with one asset per file. */
  row(): CatalogRow {
    const { attributes, collection, files, properties } = this.#description;
    const assets: Record<string, CatalogAsset> = {};
    for (const file of files) {
      const units = UNITS[file.quantity];
      assets[file.key] = {
        href: file.href,
        mediaType: file.mediaType,
        roles: ['data'],
        bands: [
          {
            name: file.id,
            commonName: commonNameOf(file.name),
            index: 1,
            ...(file.nodata === null ? {} : { nodata: file.nodata }),
            scale: file.scale,
            offset: file.offset,
          },
        ],
        ...(units === undefined ? {} : { units }),
        ...(file.geobox === null ? {} : { geobox: file.geobox }),
      };
    }
    return {
      id: attributes.name,
      collection,
      footprint: attributes.footprint,
      interval: attributes.acquired,
      href: files[0]?.href ?? '',
      assets,
      properties,
    };
  }

  /** The attributes as in EOReader, one per line. */
  toString(): string {
    const a = this.attributes;
    const lines: [string, unknown][] = [
      ['condensed name', a.condensedName],
      ['path', a.path],
      ['constellation', a.constellation],
      ['platform', a.platform],
      ['sensor type', a.sensorType],
      ['product type', a.productType],
      ['pixel size', a.pixelSize],
      ['acquired', a.acquired.toJSON()[0]],
      ['tile', a.tile],
      [
        'orbit',
        a.relativeOrbit === null ? a.orbitDirection : `${a.relativeOrbit} ${a.orbitDirection ?? ''}`.trim(),
      ],
      ['processing baseline', a.processingBaseline],
      ['cloud cover', a.cloudCover === null ? null : `${a.cloudCover} %`],
      ['CRS', a.crs?.toString() ?? null],
      ['bands', this.bands.map(({ name, id }) => (name === id ? name : `${name} (${id})`)).join(', ')],
    ];
    const declared = lines.filter(([, value]) => value !== null);
    return [a.name, ...declared.map(([label, value]) => `  ${label}: ${value}`)].join('\n');
  }

  #names(): string {
    return this.bands.map(({ name }) => name).join(', ');
  }

  #find(band: string): ProductBandName | null {
    const name = bandNamed(band);
    if (name !== null && this.#filesOf(name).length > 0) return name;
    const file = this.#description.files.find(({ id }) => id.toLowerCase() === band.toLowerCase());
    return file?.name ?? null;
  }

  /** The files of a band, finest first; for a cloud mask, its source or the band that marks pixels without data. */
  #filesOf(name: ProductBandName): readonly ProductFile[] {
    const { files, clouds } = this.#description;
    if (isMask(name)) {
      if (clouds === null || !tellsOf(clouds, name)) return [];
      if ('valid' in clouds) return [clouds.valid];
    }
    const source = isMask(name) && clouds !== null && 'name' in clouds ? clouds.name : name;
    // Landsat's only near-infrared band has both names.
    const isLandsat = this.attributes.constellation === 'Landsat';
    const other = isLandsat && (source === 'NIR' || source === 'NARROW_NIR') ? LANDSAT_NIR : null;
    const own = files.filter((file) => file.name === source);
    const matching = own.length > 0 ? own : files.filter((file) => file.name === other);
    return [...matching].sort((a, b) => (a.resolution ?? 0) - (b.resolution ?? 0));
  }

  /** The product's grid at a resolution, clipped to an area of interest. */
  #ownGrid(files: readonly ProductFile[], { bounds, boundsCrs, resolution }: ProductLoadOptions): GeoBox {
    const { name } = this.attributes;
    const placed = files.flatMap(({ geobox }) => geobox ?? []);
    const [finest] = [...placed].sort((a, b) => a.resolution[0] - b.resolution[0]);
    if (finest === undefined) {
      throw invalidInput(name, 'does not declare its pixel grid', 'give the geobox to load onto');
    }
    const [width, height] = finest.resolution;
    const [x0, , , y1] = finest.bounds;
    const size = resolution ?? Math.max(width, height);
    if (!(size > 0) || !Number.isFinite(size))
      throw invalidInput(
        `a resolution of ${size}`,
        'is impossible',
        'give a positive pixel size in CRS units',
      );
    const area = bounds === undefined ? finest.bounds : boundsIn(finest.crs, bounds, boundsCrs);
    const part = intersectBounds(area, finest.bounds);
    if (part === null) {
      const remedy = `give one that overlaps [${finest.bounds.join(', ')}] in ${finest.crs}`;
      throw invalidInput(`the area [${(bounds ?? area).join(', ')}]`, `does not overlap ${name}`, remedy);
    }
    // Pixels are aligned to the product's upper left corner.
    const left = Math.floor((part[0] - x0) / size + ON_EDGE);
    const top = Math.floor((y1 - part[3]) / size + ON_EDGE);
    const right = Math.max(left + 1, Math.ceil((part[2] - x0) / size - ON_EDGE));
    const bottom = Math.max(top + 1, Math.ceil((y1 - part[1]) / size - ON_EDGE));
    const corner: Bounds = [x0 + left * size, y1 - bottom * size, x0 + right * size, y1 - top * size];
    return GeoBox.fromSize(corner, finest.crs, right - left, bottom - top);
  }
}

const LANDSAT_NIR = 'NARROW_NIR';

/** Units of assets in catalog rows; kelvin is not one of them. */
const UNITS: Readonly<Partial<Record<ProductFile['quantity'], Units>>> = {
  reflectance: 'reflectance',
  power: 'linear_power',
  class: 'class',
  bits: 'bits',
};

function isMask(band: ProductBandName): boolean {
  return CLOUD_BANDS.some((mask) => mask === band);
}

/** Reprojects bounds to a product's CRS; in degrees, a west greater than the east crosses the antimeridian. */
function boundsIn(crs: Crs, bounds: Bounds, boundsCrs: CrsLike = Crs.wgs84): Bounds {
  const from = Crs.parse(boundsCrs);
  return transformBounds(checkBounds(unwrapBounds(bounds, from)), from, crs);
}

/** Tolerance for coordinates at a pixel's edge, in pixels. */
const ON_EDGE = 1e-6;

/** The coarsest file of a band that is not coarser than a grid; the finest if none is known to be. */
function fileFor(files: readonly ProductFile[], grid: GeoBox): ProductFile {
  const fine = files.filter(({ geobox }) => {
    const size = geobox === null ? null : pixelSizeIn(geobox.crs, grid);
    return geobox !== null && size !== null && geobox.resolution[0] <= Math.max(...size) * (1 + ON_EDGE);
  });
  return fine.at(-1) ?? files[0];
}
