/** Signed access to S3 and to servers that speak its protocol. */
import { AwsV4Signer } from 'aws4fetch';
import type { Access, AccessRequest, Authorized } from '../access.js';
import { combineAccess } from '../access.js';
import { exchange } from '../exchange.js';
import { isS3, type S3Place, s3Place, s3Url } from './address.js';

/** A key of S3. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The token of credentials that expire. */
  readonly sessionToken?: string | undefined;
}

/** How S3 is read and written. */
export interface S3Options {
  /** Without them requests are not signed. A function is called again if the server refuses its credentials. */
  credentials?: S3Credentials | ((signal?: AbortSignal) => Promise<S3Credentials | null>) | null | undefined;
  /** The region of the buckets (default: requested from Amazon; `us-east-1` at an endpoint). */
  region?: string | undefined;
  /** Address of another server than Amazon's, such as `https://eodata.dataspace.copernicus.eu`. */
  endpoint?: string | undefined;
  /** Whether the bucket stands in the path of addresses, not in the host (default: at an endpoint). */
  pathStyle?: boolean | undefined;
  /** Whether to pay for reads from buckets that require it (default false). */
  requesterPays?: boolean | undefined;
}

/** The server of Amazon that knows the region of every bucket. */
const AMAZON = 'https://s3.amazonaws.com';
const DEFAULT_REGION = 'us-east-1';

/**
 * Reads and writes `s3://bucket/key`, signed by Signature Version 4 where there are credentials. The region of a bucket is
 * asked for where none is given, and when the server refuses the one that is.
 */
export function s3Access(options: S3Options = {}): Access {
  const { endpoint, pathStyle } = options;
  const regions = new Map<string, Promise<string>>();
  const discover = (bucket: string, signal?: AbortSignal): Promise<string> => {
    const region = regionOf(bucket, endpoint ?? AMAZON, signal).then(
      (found) => found ?? options.region ?? DEFAULT_REGION,
    );
    regions.set(bucket, region);
    region.catch(() => regions.delete(bucket));
    return region;
  };
  const first = (bucket: string, signal?: AbortSignal): Promise<string> => {
    if (options.region !== undefined) return Promise.resolve(options.region);
    return endpoint === undefined ? discover(bucket, signal) : Promise.resolve(DEFAULT_REGION);
  };
  return {
    async authorize(request) {
      const { signal, refresh } = request;
      if (!isS3(request.url)) return null;
      const place = s3Place(request.url);
      const known = regions.get(place.bucket);
      const before = await (known ?? first(place.bucket, signal));
      const mayBeWrong = refresh && known === undefined;
      const region = mayBeWrong ? await discover(place.bucket, signal).catch(() => before) : before;
      const mayDiffer = region !== before || typeof options.credentials === 'function';
      if (refresh && !mayDiffer) return null;
      const url = s3Url(place, { region, endpoint, pathStyle }, new URL(request.url).search);
      return sign(request, url, region, options);
    },
  };
}

async function sign(
  request: AccessRequest,
  url: string,
  region: string,
  options: S3Options,
): Promise<Authorized> {
  const { credentials: given = null, requesterPays = false } = options;
  const credentials = typeof given === 'function' ? await given(request.signal) : given;
  const payer: Record<string, string> = requesterPays ? { 'x-amz-request-payer': 'requester' } : {};
  if (credentials === null) return { url, headers: payer };
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signer = new AwsV4Signer({
    method: request.method,
    url,
    headers: { 'x-amz-content-sha256': await hashOf(request.body), ...payer },
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    service: 's3',
    region,
  });
  const { headers } = await signer.sign();
  return { url, headers: Object.fromEntries(headers) };
}

/** The SHA-256 of a body in hexadecimal digits; what is read has none. */
async function hashOf(body: Uint8Array | undefined): Promise<string> {
  if (body === undefined) return 'UNSIGNED-PAYLOAD';
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(body)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The region of a bucket in a server's answer of any status; null without it. */
async function regionOf(bucket: string, server: string, signal?: AbortSignal): Promise<string | null> {
  const place: S3Place = { bucket, key: '' };
  const url = s3Url(place, { region: DEFAULT_REGION, endpoint: server, pathStyle: true });
  const nobody = { access: combineAccess() };
  return exchange(url, { method: 'HEAD', headers: {} }, nobody, signal, async ({ response }) => {
    await response.body?.cancel();
    const region = response.headers.get('x-amz-bucket-region');
    return region !== null && /^[a-z0-9-]{1,40}$/.test(region) ? region : null;
  });
}
