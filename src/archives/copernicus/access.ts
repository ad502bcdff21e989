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

/** The servers of Sentinel Hub in the Data Space: its Catalog and Process APIs. Others get no token. */
const ORIGINS = ['https://sh.dataspace.copernicus.eu'];

/**
 * Milliseconds before its end from which a token is renewed. Tokens are never asked for once a request: their endpoint
 * answers 429 to that (https://docs.sentinel-hub.com/api/latest/api/overview/authentication/).
 */
const RENEW_BEFORE = 60_000;

/** A token has some 2000 bytes. */
const MAX_ANSWER = 64 * 1024;

/** A token is asked for without a token. */
const NONE = combineAccess();

/** An OAuth2 client of the Data Space. */
export interface CopernicusCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Which client asks for tokens, and which servers they are for. */
export interface CopernicusAccessOptions
  extends CopernicusCredentials,
    Omit<OpenOptions, 'signal' | 'headers' | 'access'> {
  /** Where tokens are asked for (default: the Data Space's). */
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
 * Gives requests to the Sentinel Hub of the Copernicus Data Space a bearer token. It is asked for when it is first wanted,
 * once for all who wait; renewed a minute before it ends, and when a server refuses it.
 * @throws {TerrachipError} INVALID_OPTION for credentials that are empty, or a `tokenUrl` that is no web address. Requests
 * throw NETWORK where the credentials are refused
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

/** @throws {TerrachipError} INVALID_OPTION where one is missing */
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
