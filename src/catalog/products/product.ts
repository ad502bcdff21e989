import { invalidInput } from '../../errors.js';
import { checkBounds, intersectBounds, unwrapBounds } from '../../geo/bounds.js';
import { type Bounds, Crs, type CrsLike, GeoBox, transformBounds } from '../../geo/index.js';
import type { CatalogAsset, CatalogRow } from '../row.js';
import { tellsOf } from './clouds.js';
import type { ProductAttributes, ProductDescription, ProductFile } from './description.js';
import { type BandPlan, type LoadBandsOptions, type LoadedBands, loadBands } from './load.js';
import { bandNamed, CLOUD_BANDS, commonNameOf, PRODUCT_BANDS, type ProductBandName } from './names.js';
import { pixelSizeIn } from './pixel-size.js';

/** A band that a product has. */
export interface ProductBand {
  readonly name: ProductBandName;
  /** As the product calls it: `B04`; for masks of clouds, the band or file they are made of. */
  readonly id: string;
  /** Pixel sizes of its files in units of the product's CRS, finest first; empty where only opening them would tell. */
  readonly resolutions: readonly number[];
}

/** Which grid a product is loaded onto. */
export interface ProductLoadOptions extends LoadBandsOptions {
  /** The grid to load onto, in any CRS. */
  geobox?: GeoBox;
  /**
   * Or an area of interest: the product's own grid, at `resolution`, as far as the area reaches. In degrees, a west
   * greater than the east crosses the antimeridian.
   */
  bounds?: Bounds;
  /** The CRS of `bounds`. Default: longitude and latitude on WGS 84. */
  boundsCrs?: CrsLike;
  /** Pixel size in units of the product's CRS. Default: that of the finest band asked for. */
  resolution?: number;
}

/** A product of a satellite: what it is, and its bands by common names. Nothing is opened before it is loaded. */
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

  /** Whether there is a band of a name: EOReader's, STAC's common name, or the product's own (`B04`). */
  has(band: string): boolean {
    return this.#find(band) !== null;
  }

  /**
   * Loads bands onto one grid.
   *
   * Reflectance is stored · scale + offset: the offset of Sentinel-2's baselines from 04.00 on is the metadata's, a
   * stored nodata is told before it is added, and what is below 0 after it becomes 0, both before resampling. Pixels
   * that are marked as saturated have no data. Of several files of a band, the coarsest that is not coarser than the
   * grid is read.
   * @throws {TerrachipError} INVALID_INPUT for a band that the product does not have, or an area outside it;
   * INVALID_OPTION for units or a resampling that do not suit a band; TOO_LARGE above `maxBytes`
   */
  async load(bands: readonly string[], options: ProductLoadOptions = {}): Promise<LoadedBands> {
    const { name } = this.attributes;
    if (bands.length === 0)
      throw invalidInput(name, 'is asked for no bands', `choose some of ${this.#names()}`);
    const found = bands.map((band) => {
      const known = this.#find(band);
      if (known !== null) return known;
      throw invalidInput(name, `has no band ${JSON.stringify(band)}`, `choose some of ${this.#names()}`);
    });
    const finest = found.map((band) => this.#filesOf(band)[0]);
    const grid = options.geobox ?? this.#ownGrid(finest, options);
    const plans = found.map((band): BandPlan => {
      const clouds = isMask(band) ? this.#description.clouds : null;
      return { name: band, file: fileFor(this.#filesOf(band), grid), clouds };
    });
    return loadBands(plans, grid, options);
  }

  /** The product as a row of a catalog: an asset a file. */
  row(): CatalogRow {
    const { attributes, collection, files, properties } = this.#description;
    const assets: Record<string, CatalogAsset> = {};
    for (const file of files) {
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
        ...(file.quantity === 'class' || file.quantity === 'bits' ? { units: file.quantity } : {}),
        ...(file.quantity === 'power' ? { units: 'linear_power' as const } : {}),
        ...(file.quantity === 'reflectance' ? { units: 'reflectance' as const } : {}),
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

  /** The attributes as EOReader prints them, one a line. */
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
    const known = lines.filter(([, value]) => value !== null);
    return [a.name, ...known.map(([label, value]) => `  ${label}: ${value}`)].join('\n');
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

  /** The files of a band, finest first; of a mask, those it is made of, or that say where there is data. */
  #filesOf(name: ProductBandName): readonly ProductFile[] {
    const { files, clouds } = this.#description;
    if (isMask(name)) {
      if (clouds === null || !tellsOf(clouds, name)) return [];
      if ('valid' in clouds) return [clouds.valid];
    }
    const source = isMask(name) && clouds !== null && 'name' in clouds ? clouds.name : name;
    // Landsat has one near-infrared band, under both names.
    const isLandsat = this.attributes.constellation === 'Landsat';
    const other = isLandsat && (source === 'NIR' || source === 'NARROW_NIR') ? LANDSAT_NIR : null;
    const own = files.filter((file) => file.name === source);
    const found = own.length > 0 ? own : files.filter((file) => file.name === other);
    return [...found].sort((a, b) => (a.resolution ?? 0) - (b.resolution ?? 0));
  }

  /** The product's pixels at a size, as far as an area of interest reaches. */
  #ownGrid(files: readonly ProductFile[], { bounds, boundsCrs, resolution }: ProductLoadOptions): GeoBox {
    const { name } = this.attributes;
    const placed = files.flatMap(({ geobox }) => geobox ?? []);
    const [finest] = [...placed].sort((a, b) => a.resolution[0] - b.resolution[0]);
    if (finest === undefined) {
      throw invalidInput(name, 'does not say where its pixels lie', 'give the geobox to load onto');
    }
    const [width, height] = finest.resolution;
    const [x0, y0, x1, y1] = finest.bounds;
    const size = resolution ?? Math.max(width, height);
    if (!(size > 0) || !Number.isFinite(size)) {
      throw invalidInput(
        `a resolution of ${size}`,
        'is impossible',
        'give a positive pixel size in CRS units',
      );
    }
    const area = bounds === undefined ? finest.bounds : boundsIn(finest.crs, bounds, boundsCrs);
    const part = intersectBounds(area, finest.bounds);
    if (part === null) {
      throw invalidInput(
        `the area [${(bounds ?? area).join(', ')}]`,
        `does not touch ${name}`,
        `give one that meets [${[x0, y0, x1, y1].join(', ')}] in ${finest.crs}`,
      );
    }
    // Whole pixels, counted from the product's upper left corner, so that areas and sizes line up.
    const left = Math.floor((part[0] - x0) / size + ON_EDGE);
    const top = Math.floor((y1 - part[3]) / size + ON_EDGE);
    const right = Math.max(left + 1, Math.ceil((part[2] - x0) / size - ON_EDGE));
    const bottom = Math.max(top + 1, Math.ceil((y1 - part[1]) / size - ON_EDGE));
    const corner: Bounds = [x0 + left * size, y1 - bottom * size, x0 + right * size, y1 - top * size];
    return GeoBox.fromSize(corner, finest.crs, right - left, bottom - top);
  }
}

const LANDSAT_NIR = 'NARROW_NIR';

function isMask(band: ProductBandName): boolean {
  return CLOUD_BANDS.some((mask) => mask === band);
}

/** Bounds in a product's CRS; those in degrees whose west is greater than their east cross the antimeridian. */
function boundsIn(crs: Crs, bounds: Bounds, boundsCrs: CrsLike = Crs.wgs84): Bounds {
  const from = Crs.parse(boundsCrs);
  return transformBounds(checkBounds(unwrapBounds(bounds, from)), from, crs);
}

/** Coordinates this close to a pixel's edge are on it, in pixels. */
const ON_EDGE = 1e-6;

/** The coarsest of a band's files that is not coarser than a grid; the finest where that cannot be told. */
function fileFor(files: readonly ProductFile[], grid: GeoBox): ProductFile {
  const fine = files.filter(({ geobox }) => {
    const size = geobox === null ? null : pixelSizeIn(geobox.crs, grid);
    return geobox !== null && size !== null && geobox.resolution[0] <= Math.max(...size) * (1 + ON_EDGE);
  });
  return fine.at(-1) ?? files[0];
}
