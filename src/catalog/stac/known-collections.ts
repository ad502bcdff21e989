/** Collections of a STAC API, for searches that found nothing. */
import * as v from 'valibot';
import { invalidOption, isTerrachipError } from '../../errors.js';
import { publicUrl } from '../../io/http-errors.js';
import type { OpenOptions } from '../../io/open-url.js';
import { requestJson } from '../../io/web-request.js';
import { nearestOf } from '../../json/keys.js';

const Collections = v.looseObject({ collections: v.array(v.looseObject({ id: v.string() })) });

/**
 * Checks that a server has collections, as far as it lists them.
 * @param home the address of the API
 * @throws {TerrachipError} INVALID_OPTION for a collection that it does not have
 */
export async function requireCollections(
  home: string,
  ids: readonly string[],
  request: OpenOptions,
): Promise<void> {
  for (const id of ids) {
    const answer = await ask(`${home}/collections/${encodeURIComponent(id)}`, request);
    if (answer !== 'absent') continue;
    const list = v.safeParse(Collections, await ask(`${home}/collections`, request));
    const known = list.success ? list.output.collections.map((collection) => collection.id) : [];
    // The server may have paths of its own for collections.
    if (known.length === 0 || known.includes(id)) continue;
    const nearest = nearestOf(id, known);
    throw invalidOption(
      'collections',
      `has "${id}", which ${publicUrl(home)} does not know`,
      nearest === null ? `choose one of ${listed(known)}` : `did you mean "${nearest}"?`,
    );
  }
}

async function ask(url: string, request: OpenOptions): Promise<unknown> {
  try {
    return (await requestJson(url, request)).document;
  } catch (error) {
    request.signal?.throwIfAborted();
    return isTerrachipError(error, 'NOT_FOUND') ? 'absent' : null;
  }
}

const SHOWN = 12;

function listed(names: readonly string[]): string {
  return names.length > SHOWN ? `${names.slice(0, SHOWN).join(', ')}, …` : names.join(', ');
}
