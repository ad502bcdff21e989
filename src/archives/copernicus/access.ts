/**
 * Bearer tokens of the Copernicus Data Space Ecosystem, by OAuth2 client credentials
 * (https://documentation.dataspace.copernicus.eu/APIs/SentinelHub/Overview/Authentication.html). A client is registered
 * in the dashboard of the account.
 */
import * as v from 'valibot';
import { invalidOption, isTerrachipError, TerrachipError } from '../../errors.js';
import { type Access, combineAccess } from '../../io/access.js';
import { publicUrl } from '../../io/http-errors.js';
import { isUrl, type OpenOptions } from '../../io/open-url.js';
import { requestJson } from '../../io/web-request.js';
import { validate } from '../../json.js';
import { type Dated, Expiring } from '../expiring.js';

const TOKEN_URL = 'https://identity.dataspace.copernicus.eu/auth/realms/CDSE/protocol/openid-connect/token';

/** The servers of Sentinel Hub in the Data Space (Catalog and Process APIs). Other servers get no token. */
const ORIGINS = ['https://sh.dataspace.copernicus.eu'];

/**
 * Milliseconds before its expiry from which a token is renewed. A token serves many requests: the endpoint would otherwise
 * answer 429 (https://docs.sentinel-hub.com/api/latest/api/overview/authentication/).
 */
const RENEW_BEFORE = 60_000;

/** Limit on a response; a token has some 2000 bytes. */
const MAX_ANSWER = 64 * 1024;

/** Requests for a token have no token. */
const NONE = combineAccess();

/** An OAuth2 client of the Data Space. */
export interface CopernicusCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The client that requests tokens, and the servers that get them. */
export interface CopernicusAccessOptions
  extends CopernicusCredentials,
    Omit<OpenOptions, 'signal' | 'headers' | 'access'> {
  /** The token endpoint (default: the Data Space's). */
  tokenUrl?: string;
  /** Origins that get the token (default `https://sh.dataspace.copernicus.eu`). */
  origins?: readonly string[];
}

const Token = v.object({
  access_token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,16384}$/, 'must be a token')),
  /** Seconds. */
  expires_in: v.pipe(v.number(), v.minValue(0), v.maxValue(1e7)),
});

/**
 * Adds a bearer token to requests to the Sentinel Hub of the Copernicus Data Space. The token is requested at first use, and
 * shared by concurrent requests; it is renewed a minute before it expires, and when a server refuses it.
 * @throws {TerrachipError} INVALID_OPTION for empty credentials, or a `tokenUrl` that is not a web address. Requests
 * throw NETWORK if the credentials are refused
 */
export function copernicusAccess(options: CopernicusAccessOptions): Access {
  const { clientId, clientSecret, tokenUrl = TOKEN_URL, origins = ORIGINS, ...request } = options;
  requireCredentials({ clientId, clientSecret });
  if (!isUrl(tokenUrl)) throw invalidOption('tokenUrl', 'is no web address', 'correct it');
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  }).toString();

  const ask = async (): Promise<Dated<string>> => {
    const asked = Date.now();
    try {
      const { document } = await requestJson(tokenUrl, {
        ...request,
        access: NONE,
        body,
        contentType: 'application/x-www-form-urlencoded',
        maxBytes: MAX_ANSWER,
      });
      const { access_token: value, expires_in: seconds } = validate(Token, document, publicUrl(tokenUrl));
      return { value, expiry: asked + 1000 * seconds };
    } catch (error) {
      if (isTerrachipError(error, 'NETWORK') && [400, 401, 403].includes(error.fields.status ?? 0)) {
        throw refusedCredentials(tokenUrl, error);
      }
      throw error;
    }
  };

  const token = new Expiring(ask, RENEW_BEFORE);
  return {
    async authorize({ url, refused, signal }) {
      if (!URL.canParse(url) || !origins.includes(new URL(url).origin)) return null;
      const value = await token.get(signal, (known) => refused?.headers.authorization === `Bearer ${known}`);
      return { url, headers: { authorization: `Bearer ${value}` } };
    },
  };
}

/** @throws {TerrachipError} INVALID_OPTION if one is missing */
export function requireCredentials({ clientId, clientSecret }: Partial<CopernicusCredentials>): void {
  const missing = !clientId ? 'clientId' : !clientSecret ? 'clientSecret' : null;
  if (missing === null) return;
  throw invalidOption(
    missing,
    'of the Copernicus Data Space is missing',
    'register an OAuth client in its dashboard, and give its id and secret',
  );
}

function refusedCredentials(url: string, cause: TerrachipError<'NETWORK'>): TerrachipError {
  return new TerrachipError(
    'NETWORK',
    `${publicUrl(url)} refused the client id and secret of the Copernicus Data Space`,
    'check them, and whether the client has ended',
    cause.fields,
    { cause, exitStatus: 2 },
  );
}
