/** GDAL's PAM: metadata that GDAL and ArcGIS write to a sidecar, `NAME.aux.xml`. */
import { messageOf } from '../errors.js';
import { Affine, Crs } from '../geo/index.js';
import type { ByteSource } from '../io/index.js';
import { findFirst, parseXml, textOf, type XmlElement } from '../xml.js';
import { byDomain, parseNodata, storedNodata } from './geotiff/bands.js';
import type { Georeference } from './geotiff/georeference.js';
import type { BandInfo, ColourTable, Metadata, Raster } from './raster.js';

/** A band's metadata in the sidecar; null for a missing field. */
export interface PamBand {
  readonly nodata: number | null;
  readonly scale: number | null;
  readonly offset: number | null;
  readonly description: string | null;
  readonly colourInterpretation: string | null;
  readonly colourTable: ColourTable | null;
  readonly metadata: Metadata;
}

/** A sidecar's content without statistics and histograms. */
export interface Pam {
  readonly crs: Crs | null;
  readonly transform: Affine | null;
  readonly gcps: Raster['gcps'];
  readonly placeProblem: string | null;
  readonly metadata: Metadata;
  readonly bands: ReadonlyMap<number, PamBand>;
}

/** @returns null for another XML document @throws {TerrachipError} INVALID_INPUT or TOO_LARGE for a file that is no XML */
export async function readPam(source: ByteSource, signal?: AbortSignal): Promise<Pam | null> {
  const bytes = await source.read(0, source.size, { signal });
  const root = parseXml(bytes, source.name);
  if (root.name !== 'PAMDataset') return null;
  const child = (name: string): XmlElement | undefined => root.children.find((each) => each.name === name);
  const bandElements = root.children.filter(({ name }) => name === 'PAMRasterBand');
  return {
    ...parseSystem(child('SRS')?.text || esriSystem(root)),
    transform: parseTransform(child('GeoTransform')?.text ?? ''),
    gcps: parsePoints(child('GCPList')),
    metadata: parseMetadata(root),
    bands: new Map(bandElements.map((band, k) => [Number(band.attributes.band ?? k + 1), parseBand(band)])),
  };
}

/** Merges file and sidecar. As in GDAL, georeference, nodata and colour interpretation of the sidecar win, else the file. */
export function withPam<
  About extends {
    bands: readonly BandInfo[];
    metadata: Metadata;
    place: Georeference;
    colourTable: ColourTable | null;
  },
>(about: About, pam: Pam | null): About {
  if (pam === null) return about;
  const { place, metadata, colourTable } = about;
  const transform = pam.transform ?? place.transform;
  const gcps = transform === null ? (place.gcps ?? pam.gcps) : null;
  return {
    ...about,
    bands: about.bands.map((band) => {
      const beside = pam.bands.get(band.index);
      if (beside === undefined) return band;
      const ownScale = band.scale !== 1 || band.offset !== 0;
      return {
        ...band,
        nodata: beside.nodata === null ? band.nodata : storedNodata(beside.nodata, band.dtype),
        ...(ownScale ? {} : { scale: beside.scale ?? 1, offset: beside.offset ?? 0 }),
        description: band.description ?? beside.description,
        colourInterpretation: beside.colourInterpretation ?? band.colourInterpretation,
        metadata: { ...band.metadata, ...mergeDomain(band.metadata, beside.metadata) },
      };
    }),
    metadata: { ...metadata, ...mergeDomain(metadata, pam.metadata) },
    place: {
      ...place,
      crs: pam.crs ?? place.crs,
      transform,
      gcps,
      placeProblem: pam.placeProblem ?? (pam.crs === null ? place.placeProblem : null),
    },
    colourTable: colourTable ?? (about.bands.length === 1 ? (pam.bands.get(1)?.colourTable ?? null) : null),
  };
}

function mergeDomain(own: Metadata, beside: Metadata): Metadata {
  return Object.fromEntries(
    Object.entries(beside).map(([domain, items]) => [domain, { ...own[domain], ...items }]),
  );
}

/** The WKT of the CRS in ArcGIS's transformation, whose other parts are ignored. */
function esriSystem(root: XmlElement): string {
  const form = root.children.find(
    ({ name, attributes }) => name === 'Metadata' && attributes.domain === 'xml:ESRI',
  );
  const system = form === undefined ? null : findFirst(form, 'SpatialReference');
  return (system && textOf(system, 'WKT')) ?? '';
}

function parseSystem(text: string): Pick<Pam, 'crs' | 'placeProblem'> {
  if (text === '') return { crs: null, placeProblem: null };
  try {
    return { crs: Crs.parse(text), placeProblem: null };
  } catch (error) {
    return {
      crs: null,
      placeProblem: `has an .aux.xml file with a system that cannot be used (${messageOf(error)})`,
    };
  }
}

function parseTransform(text: string): Affine | null {
  const g = text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map(Number);
  if (g.length !== 6 || !g.every(Number.isFinite)) return null;
  const transform = Affine.fromGeoTransform([g[0], g[1], g[2], g[3], g[4], g[5]]);
  return transform.determinant === 0 ? null : transform;
}

/** Ground control points; pixel corners are whole numbers. */
function parsePoints(list: XmlElement | undefined): Raster['gcps'] {
  const points = (list?.children ?? []).map(({ attributes }) => ({
    column: Number(attributes.Pixel),
    row: Number(attributes.Line),
    x: Number(attributes.X),
    y: Number(attributes.Y),
    z: Number(attributes.Z ?? 0),
  }));
  const usable = points.filter((point) => Object.values(point).every(Number.isFinite));
  if (usable.length === 0) return null;
  return { crs: parseSystem(list?.attributes.Projection ?? '').crs, points: usable };
}

function parseMetadata(root: XmlElement): Metadata {
  const domains = root.children.filter(
    ({ name, attributes }) => name === 'Metadata' && attributes.format !== 'xml',
  );
  return byDomain(
    domains.flatMap(({ attributes: { domain = '' }, children }) =>
      children.flatMap(({ attributes: { key: name }, text: value }) =>
        name === undefined || name.startsWith('STATISTICS_') ? [] : [{ domain, name, value }],
      ),
    ),
  );
}

function parseBand(band: XmlElement): PamBand {
  const text = (name: string): string | null =>
    band.children.find((each) => each.name === name)?.text || null;
  const number = (name: string): number | null => {
    const value = Number(text(name) ?? Number.NaN);
    return Number.isFinite(value) ? value : null;
  };
  const nodata = band.children.find(({ name }) => name === 'NoDataValue');
  return {
    nodata: exactNodata(nodata?.attributes.le_hex_equiv) ?? parseNodata(nodata?.text ?? null),
    scale: number('Scale'),
    offset: number('Offset'),
    description: text('Description'),
    colourInterpretation: text('ColorInterp')?.toLowerCase() ?? null,
    colourTable: parseColours(band.children.find(({ name }) => name === 'ColorTable')),
    metadata: parseMetadata(band),
  };
}

/** A float64 from its bytes in hexadecimal, which GDAL writes next to the decimals. */
function exactNodata(hex: string | undefined): number | null {
  if (hex === undefined || !/^[0-9a-f]{16}$/i.test(hex)) return null;
  const bytes = Uint8Array.from({ length: 8 }, (_, k) => Number.parseInt(hex.slice(2 * k, 2 * k + 2), 16));
  return new DataView(bytes.buffer).getFloat64(0, true);
}

function parseColours(table: XmlElement | undefined): ColourTable | null {
  if (table === undefined) return null;
  const part = (text: string | undefined): number =>
    Math.min(255, Math.max(0, Math.round(Number(text) || 0)));
  const colours = table.children.map(
    ({ attributes: { c1, c2, c3 } }) => [part(c1), part(c2), part(c3)] as const,
  );
  return colours.length === 0 || colours.length > 65536 ? null : colours;
}
