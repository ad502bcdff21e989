/** Shows rasters on a map in the browser, by a web server for this machine only. */
import { invalidOption, requireWhole } from '../../errors.js';
import { type BackendOptions, createBackend } from '../../gpu/node/index.js';
import type { OperationOptions } from '../../progress.js';
import { Resource } from '../../resource.js';
import { OpenLayers } from './open-layers.js';
import { type PageFile, readPage } from './page-files.js';
import { ViewServer } from './server.js';
import { readSubject } from './subject.js';
import { TileStore } from './tile-store.js';

/** Options of `startView`. */
export interface ViewOptions extends OperationOptions, BackendOptions {
  /** From a catalog on a server, take files of this machine and addresses of its network too. */
  allowLocal?: boolean;
  /** Default: 0, any that is free. */
  port?: number;
}

/** What a view shows. */
export interface ViewReport {
  /** With a token, without which nothing is answered. */
  url: string;
  /** Layers of rasters and maps. */
  layers: number;
  /** Rows of a catalog; null for none. */
  rows: number | null;
}

/** A running view. Dispose of it to end it. */
export class View extends Resource {
  constructor(
    readonly report: ViewReport,
    private readonly parts: readonly (() => Promise<void>)[],
  ) {
    super();
  }

  async dispose(): Promise<void> {
    for (const end of this.parts) await end();
  }
}

/** Serves a view with the page that the package holds. */
export async function startView(paths: readonly string[], options: ViewOptions = {}): Promise<View> {
  return serveView(paths, options, await readPage());
}

/** @param page the files of the page by name */
export async function serveView(
  paths: readonly string[],
  options: ViewOptions,
  page: ReadonlyMap<string, PageFile>,
): Promise<View> {
  const { port = 0, signal } = options;
  if (paths.length === 0) throw invalidOption('paths', 'are missing', 'name a raster, a map or a catalog');
  requireWhole('port', port, 0, 65_535);
  const subject = await readSubject(paths, options);
  const backend = await createBackend(options);
  const layers = new OpenLayers(subject, backend);
  const parts = [() => layers.dispose(), async () => backend.dispose()];
  try {
    // A file that cannot be shown is an error here, not on the page.
    for (const id of subject.first) {
      signal?.throwIfAborted();
      await layers.use(id, async () => undefined);
    }
    const { document } = subject;
    const server = await ViewServer.start({ document, layers, tiles: new TileStore(layers), page }, port);
    const report = {
      url: server.url,
      layers: document.layers.length,
      rows: document.catalog?.count ?? null,
    };
    return new View(report, [() => server.dispose(), ...parts]);
  } catch (error) {
    for (const end of parts) await end();
    throw error;
  }
}
