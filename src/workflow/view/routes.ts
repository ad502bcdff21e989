/** What a view's server answers: the page, documents, tiles, values, and ranges of files. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { invalidOption, TerrachipError } from '../../errors.js';
import { parseResampling } from '../../kernels/resampling.js';
import type { PixelAt } from '../../raster/map-tiles.js';
import type { ValuesDocument, ViewDocument } from './documents.js';
import { sendFile } from './file-ranges.js';
import type { OpenLayers } from './open-layers.js';
import type { PageFile } from './page-files.js';
import type { TileStore } from './tile-store.js';

/** What is served. */
export interface Routes {
  readonly document: ViewDocument;
  readonly layers: OpenLayers;
  readonly tiles: TileStore;
  /** By name; the empty name is the page itself. */
  readonly page: ReadonlyMap<string, PageFile>;
}

/** Bands of one tile. */
const MOST_BANDS = 32;

/**
 * Answers a request. Requests contain ids of layers and names of the page's files, never paths.
 * @param path the path after the token, with its query
 */
export async function answer(
  { document, layers, tiles, page }: Routes,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const [route, query] = splitQuery(path);
  const file = page.get(route);
  if (file !== undefined) return send(response, file.type, file.content);
  if (route === 'view.json') return sendJson(response, document);
  const [kind, id = '', ...rest] = route.split('/');
  if (kind === 'layers' && rest.length === 0) {
    return sendJson(response, await layers.use(id, async (layer) => layer.document));
  }
  if (kind === 'values' && rest.length === 0) {
    const [longitude, latitude] = ['lng', 'lat'].map((name) => numberOf(query, name));
    const bands = query.has('bands') ? bandsOf(query) : undefined;
    const pixel = await layers.use(id, ({ tiles }) => tiles.valueAt(longitude, latitude, bands, signal));
    return sendJson(response, valuesOf(pixel));
  }
  if (kind === 'tiles' && rest.length === 3) {
    const [z, x, y] = rest.map((part) => (/^\d{1,9}$/.test(part) ? Number(part) : Number.NaN));
    const resampling = parseResampling(query.get('resampling') ?? 'nearest', 'resampling');
    const bands = bandsOf(query);
    const values = await tiles.read({ id, tile: { z, x, y }, bands, resampling }, signal);
    if (values.length > 0) return send(response, 'application/octet-stream', values);
    response.statusCode = 204;
    response.end();
    return;
  }
  if (kind === 'file' && rest.length === 0) {
    const local = await layers.use(id, async (layer) => (layer.document.hasFile ? layer.source.path : null));
    if (local !== null) return sendFile(local, request, response);
  }
  throw new TerrachipError('NOT_FOUND', `there is no ${route.slice(0, 100)}`, 'reload the page', {
    source: route,
  });
}

function splitQuery(path: string): [route: string, query: URLSearchParams] {
  const at = path.indexOf('?');
  return at < 0
    ? [path, new URLSearchParams()]
    : [path.slice(0, at), new URLSearchParams(path.slice(at + 1))];
}

function numberOf(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw invalidOption(name, `cannot be "${text.slice(0, 40)}"`, 'give a number');
  }
  return value;
}

function bandsOf(query: URLSearchParams): number[] {
  const text = query.get('bands') ?? '1';
  const bands = text.split(',').map(Number);
  if (bands.length > MOST_BANDS || !bands.every((band) => Number.isSafeInteger(band) && band >= 1)) {
    const remedy = `give at most ${MOST_BANDS} numbers from 1 on, with commas between`;
    throw invalidOption('bands', `cannot be "${text.slice(0, 40)}"`, remedy);
  }
  return bands;
}

function valuesOf(pixel: PixelAt | null): ValuesDocument {
  return pixel === null ? null : { ...pixel, values: pixel.values.map(inJson) };
}

/** Infinities as texts, which JSON has no numbers for. */
function inJson(value: number | null): number | string | null {
  return value === null || Number.isFinite(value) ? value : String(value);
}

function sendJson(response: ServerResponse, document: unknown): void {
  send(response, 'application/json; charset=utf-8', JSON.stringify(document));
}

/** Node leaves out the content if only the header was requested. */
function send(response: ServerResponse, type: string, content: string | Uint8Array): void {
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', Buffer.byteLength(content));
  response.end(content);
}
