/** RapidAI4EO as files: a catalog of its locations, and lists of their images. */
import { openRapidAi4Eo, RAPIDAI4EO_FILES } from '../archives/node/rapidai4eo.js';
import { eachAsset, imageryRoot, imagesPerLocation } from '../archives/rapidai4eo/hrefs.js';
import { type ImageSelection, imagesOf, type RapidAi4EoProduct } from '../archives/rapidai4eo/index.js';
import { saveCatalog } from '../catalog/node/index.js';
import { requireOutput } from '../io/node/inputs.js';
import { CATALOG_FORMATS, requireEnding, writeAtomically } from '../io/node/output.js';
import type { OperationOptions } from '../progress.js';
import { type RowSelection, readPlace, selectRows } from './catalog.js';

/** The files of the corpus, and the catalog to write. */
export interface IndexRapidAi4EoOptions extends OperationOptions {
  /** GeoParquet or GeoJSON, by its ending. */
  readonly output: string;
  /** Path or URL of the outlines of all locations. Default: where they are published. */
  readonly geometries?: string;
  /** Path or URL of the labels; `none` for none. Default: where they are published. */
  readonly labels?: string;
}

/** The catalog that was written. */
export interface IndexRapidAi4EoReport {
  readonly output: string;
  readonly locations: number;
  readonly labelled: boolean;
}

/**
 * Writes the locations of RapidAI4EO as a catalog, with the share of each class of CORINE Land Cover as `clc_312` and of
 * each group of level 2 as `clc_31`, from 0 to 1.
 */
export async function indexRapidAi4Eo({
  output,
  geometries = RAPIDAI4EO_FILES.geometries,
  labels = RAPIDAI4EO_FILES.labels,
  ...operation
}: IndexRapidAi4EoOptions): Promise<IndexRapidAi4EoReport> {
  await requireOutput(output, { formats: CATALOG_FORMATS, inputs: [geometries, labels] });
  const locations = await openRapidAi4Eo({
    geometries,
    labels: labels === 'none' ? null : labels,
    ...operation,
  });
  await saveCatalog(locations.catalog, output, { signal: operation.signal });
  return { output, locations: locations.length, labelled: locations.isLabelled };
}

/** Which images are listed, and where. */
export interface ListRapidAi4EoOptions extends OperationOptions, RowSelection {
  /** A catalog of locations that `indexRapidAi4Eo` wrote. `datetime` selects images, not locations. */
  readonly locations: string;
  readonly products?: readonly RapidAi4EoProduct[];
  /**
   * A list with one address per line (`.txt`), or a catalog of the images (GeoParquet or GeoJSON). Left out, nothing is
   * written.
   */
  readonly output?: string;
  /** Paths below the folder of all images rather than whole addresses, as `azcopy copy --list-of-files` takes them. */
  readonly relative?: boolean;
}

/** What was listed. */
export interface ListRapidAi4EoReport {
  readonly output: string | null;
  readonly locations: number;
  readonly images: number;
  /** The folder of all images, to which relative paths belong. */
  readonly root: string;
}

/** Lines are written in pieces of this many. */
const PIECE = 10_000;

/**
 * Lists the images of some locations of RapidAI4EO.
 * @throws {TerrachipError} as the selection of rows and `getAssetHrefs`
 */
export async function listRapidAi4Eo(options: ListRapidAi4EoOptions): Promise<ListRapidAi4EoReport> {
  const { locations, output, products, datetime, relative = false, signal } = options;
  const inputs = [locations, options.geometry].filter((input) => input !== undefined);
  if (output !== undefined) await requireOutput(output, { formats: ['text', ...CATALOG_FORMATS], inputs });
  const region = await readPlace(options, signal);
  const found = await selectRows(locations, { ...options, datetime: undefined }, region, signal);
  const selection: ImageSelection = { products, temporalFilter: datetime };
  const root = imageryRoot();
  const report = { output: output ?? null, locations: found.length, root };
  const images = found.length * imagesPerLocation(selection);
  if (output === undefined) return { ...report, images };
  if (requireEnding(output, 'text', ...CATALOG_FORMATS) !== 'text') {
    await saveCatalog(imagesOf(found, selection), output, { signal });
    return { ...report, images };
  }
  const ids = Array.from(found, ({ id }) => id);
  await writeAtomically(output, async (file) => {
    let lines: string[] = [];
    for (const { href } of eachAsset(ids, selection)) {
      lines.push(relative ? href.slice(root.length + 1) : href);
      if (lines.length < PIECE) continue;
      signal?.throwIfAborted();
      await file.writeFile(`${lines.join('\n')}\n`);
      lines = [];
    }
    if (lines.length > 0) await file.writeFile(`${lines.join('\n')}\n`);
  });
  return { ...report, images };
}
