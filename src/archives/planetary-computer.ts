/**
 * Shared access signatures of Microsoft's Planetary Computer. Its files are in Azure Blob Storage; a token for a container
 * is requested at `…/token/ACCOUNT/CONTAINER` and appended to the address of a file
 * (https://planetarycomputer.microsoft.com/docs/concepts/sas/).
 */
import * as v from 'valibot';
import { invalidOption, isTerrachipError } from '../errors.js';
import { type Access, combineAccess } from '../io/access.js';
import { publicUrl } from '../io/http-errors.js';
import { isUrl, type OpenOptions } from '../io/open-url.js';
import { withoutSignature } from '../io/signature.js';
import { requestJson } from '../io/web-request.js';
import { validate } from '../json.js';
import { type Dated, Expiring } from './expiring.js';

/** The token endpoint. */
const ENDPOINT = 'https://planetarycomputer.microsoft.com/api/sas/v1';

/** Milliseconds before its expiry from which a token is renewed, as in Microsoft's own client. */
const RENEW_BEFORE = 60_000;

/** Limit on containers with cached tokens. */
const MAX_CONTAINERS = 1000;

/** Limit on a response; one with a token has some 500 bytes. */
const MAX_ANSWER = 64 * 1024;

/** Requests for a token have no token. */
const NONE = combineAccess();

/** The account of public files, which need no token. */
const PUBLIC_ACCOUNT = 'ai4edatasetspublicassets';

/** The container of a file in Azure Blob Storage. */
export interface BlobPlace {
  readonly account: string;
  readonly container: string;
}

/** How files of the Planetary Computer are signed. */
export interface PlanetaryComputerOptions extends Omit<OpenOptions, 'signal' | 'headers' | 'access'> {
  /** A key that allows more requests. Without one, the rate limit is lower. */
  subscriptionKey?: string;
  /** The token endpoint (default `https://planetarycomputer.microsoft.com/api/sas/v1`). */
  endpoint?: string;
  /**
   * The container of an address; null if it needs no token. Default: that of addresses of
   * `ACCOUNT.blob.core.windows.net` and `az:`, except for the account of public files.
   */
  containerOf?: (url: URL) => BlobPlace | null;
}

const Token = v.object({
  token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,4096}$/, 'must be the query of an address')),
  'msft:expiry': v.pipe(v.string(), v.isoTimestamp()),
});

/** The query of a signature; null for a container unknown to the Planetary Computer. */
type Signature = string | null;

/**
 * Signs addresses of the Planetary Computer when they are read. The token of a container is requested once for concurrent
 * readers; it is renewed a minute before it expires, and when a server refuses it. A signature in an address is replaced when
 * it has expired or is refused. Addresses of other hosts, and containers unknown to the Planetary Computer, are left
 * unchanged.
 * @throws {TerrachipError} INVALID_OPTION for an `endpoint` that is not a web address
 */
export function planetaryComputerAccess(options: PlanetaryComputerOptions = {}): Access {
  const { subscriptionKey, endpoint = ENDPOINT, containerOf = containerOfBlob, ...request } = options;
  if (!isUrl(endpoint)) throw invalidOption('endpoint', 'is no web address', 'correct it');
  const headers: Record<string, string> =
    subscriptionKey === undefined ? {} : { 'Ocp-Apim-Subscription-Key': subscriptionKey };
  const signatures = new Map<string, Expiring<Signature>>();

  const ask = async (container: string): Promise<Dated<Signature>> => {
    const url = `${endpoint.replace(/\/+$/, '')}/token/${container}`;
    try {
      const { document } = await requestJson(url, {
        ...request,
        access: NONE,
        headers,
        maxBytes: MAX_ANSWER,
      });
      const { token, 'msft:expiry': expiry } = validate(Token, document, publicUrl(url));
      return { value: token, expiry: Date.parse(expiry) };
    } catch (error) {
      if (isTerrachipError(error, 'NOT_FOUND')) return { value: null, expiry: Infinity };
      throw error;
    }
  };

  const signatureOf = (container: string): Expiring<Signature> => {
    const known = signatures.get(container);
    if (known !== undefined) return known;
    const [oldest] = signatures.keys();
    if (oldest !== undefined && signatures.size >= MAX_CONTAINERS) signatures.delete(oldest);
    const signature = new Expiring(() => ask(container), RENEW_BEFORE);
    signatures.set(container, signature);
    return signature;
  };

  return {
    async authorize({ url, refresh, refused, signal }) {
      const address = new URL(url.replace(/^az:/i, 'https:'));
      const place = containerOf(address);
      if (place === null) return null;
      if (!refresh && isSigned(address)) return { url: address.href, headers: {} };
      const container = `${encodeURIComponent(place.account)}/${encodeURIComponent(place.container)}`;
      const signature = await signatureOf(container).get(
        signal,
        (value) => value !== null && refused !== undefined && sigOf(refused.url) === sigOf(`?${value}`),
      );
      return signature === null ? null : { url: signedUrl(address, signature), headers: {} };
    },
  };
}

/** The container of an address of Azure Blob Storage; null for other hosts and for public files. */
function containerOfBlob({ protocol, hostname, pathname }: URL): BlobPlace | null {
  const [, account] = /^([a-z0-9-]+)\.blob\.core\.windows\.net$/.exec(hostname) ?? [];
  const [, container] = /^\/([^/]+)\/./.exec(pathname) ?? [];
  if (protocol !== 'https:' || account === undefined || container === undefined) return null;
  return account === PUBLIC_ACCOUNT ? null : { account, container };
}

/** The signature in the query of an address; null without one. */
function sigOf(address: string): string | null {
  return new URLSearchParams(address.replace(/^[^?]*/s, '')).get('sig');
}

/** Whether an address has a signature that is still valid. */
function isSigned({ searchParams }: URL): boolean {
  if (!searchParams.has('sig')) return false;
  const end = Date.parse(searchParams.get('se') ?? '');
  return Number.isNaN(end) || Date.now() < end - RENEW_BEFORE;
}

/** An address with this signature instead of its own; other parts of its query, such as `snapshot`, are kept. */
function signedUrl(address: URL, signature: string): string {
  const bare = new URL(withoutSignature(address.href));
  bare.search = bare.search === '' ? signature : `${bare.search}&${signature}`;
  return bare.href;
}
