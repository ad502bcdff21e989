/** Addresses of S3: `s3://bucket/key`, and the URLs of their requests. */
import { invalidInput } from '../../errors.js';
import { percentDecoded, publicUrl } from '../http-errors.js';

/** An object, or a bucket where the key is empty. */
export interface S3Place {
  readonly bucket: string;
  readonly key: string;
}

/** Where buckets are. */
export interface S3Server {
  readonly region: string;
  /** The address of another server than Amazon's, with its scheme. */
  readonly endpoint?: string | undefined;
  /** Whether the bucket stands in the path of the address, not in its host. */
  readonly pathStyle?: boolean | undefined;
}

/** Letters that a bucket may have; S3 itself allows fewer, other servers more. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;

/** A bucket that can be a name of a host below a certificate for `*.s3.….amazonaws.com`. */
const HOST_NAME = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/** Whether a path is an address of S3. */
export function isS3(path: string): boolean {
  return /^s3:\/\//i.test(path);
}

/**
 * The place that an address names. Percent-encoding is taken off the key.
 * @throws {TerrachipError} INVALID_INPUT for one without a bucket
 */
export function s3Place(address: string): S3Place {
  const url = new URL(address);
  const bucket = percentDecoded(url.host);
  if (!BUCKET.test(bucket)) {
    throw invalidInput(publicUrl(address), 'names no bucket', 'write s3://BUCKET/KEY');
  }
  return { bucket, key: percentDecoded(url.pathname.replace(/^\//, '')) };
}

/** The address of a place, as people write it: `s3://bucket/key`. */
export function s3Address({ bucket, key }: S3Place, query: Readonly<Record<string, string>> = {}): string {
  const search = Object.entries(query).map(([name, value]) => `${name}=${strictlyEncoded(value)}`);
  return `s3://${bucket}/${encodedKey(key)}${search.length === 0 ? '' : `?${search.join('&')}`}`;
}

/**
 * The `https:` address of a place.
 * @param search the query, with its question mark
 * @throws {TerrachipError} INVALID_INPUT for an endpoint that is no address
 */
export function s3Url({ bucket, key }: S3Place, server: S3Server, search = ''): string {
  const { region, endpoint = amazonEndpoint(region) } = server;
  if (!/^https?:\/\//i.test(endpoint) || !URL.canParse(endpoint)) {
    throw invalidInput(`the endpoint ${publicUrl(endpoint)}`, 'is no address', 'give one as https://HOST');
  }
  const url = new URL(endpoint);
  const pathStyle = (server.pathStyle ?? server.endpoint !== undefined) || !HOST_NAME.test(bucket);
  const base = `${url.protocol}//${pathStyle ? '' : `${bucket}.`}${url.host}${url.pathname.replace(/\/+$/, '')}`;
  return `${base}${pathStyle ? `/${bucket}` : ''}/${encodedKey(key)}${search}`;
}

/** Amazon's own servers; those of China have a domain of their own. */
function amazonEndpoint(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

function encodedKey(key: string): string {
  return key.split('/').map(strictlyEncoded).join('/');
}

/** All but letters, digits and `-._~` as `%XX`, as signatures want it (RFC 3986). */
function strictlyEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
