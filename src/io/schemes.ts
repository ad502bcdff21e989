/** Addresses that other tools open and terrachip does not: what they are, and how to write them here. */
import { TerrachipError } from '../errors.js';
import { percentDecoded, publicUrl } from './http-errors.js';

/** A store's schemes, its name, and the address of a file in a bucket, as terrachip reads it. */
const STORES: readonly [schemes: RegExp, name: string, address: (bucket: string, key: string) => string][] = [
  [/^s3[an]?$/, 'Amazon S3', (bucket, key) => `s3://${bucket}/${key}`],
  [/^gc?s$/, 'Google Cloud Storage', (bucket, key) => `gs://${bucket}/${key}`],
  [
    /^(az|azure|adl|abfss?|wasbs?)$/,
    'Azure Blob Storage',
    (container, key) => `https://ACCOUNT.blob.core.windows.net/${container}/${key}`,
  ],
  [/^oss$/, 'Alibaba Cloud OSS', (bucket, key) => `https://${bucket}.REGION.aliyuncs.com/${key}`],
];

/** GDAL's and rasterio's ways into archives. */
const ARCHIVE = /^(?:\/vsi(?:zip|tar|gzip|7z|rar)\/|(?:zip|tar|gzip)(?:\+[a-z0-9]+)?:\/\/)/i;

/** GDAL's names of arrays in a file, as in `NETCDF:"file.nc":variable`. */
const SUBDATASET = /^(?:netcdf|hdf5|zarr|hdf4[a-z_]*):(?:"([^"]+)"|([^":]+(?:\.\w+)))(?::\/*(.+))?$/i;

/** Whether a path is an address of its own, not a place relative to a folder: a URL of any kind, or one of GDAL's. */
export function isAddress(path: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(path) || /^\/vsi[a-z0-9_]+[/?]/i.test(path) || SUBDATASET.test(path);
}

/** The error for an address that terrachip does not open; null for a path, `file:`, `http:`, `https:`, `s3:`, `gs:` or `az:`. */
export function foreignAddress(path: string): TerrachipError | null {
  // Joined to a folder's file, an address loses a slash.
  const isForeign = isAddress(path) || /^[a-z][a-z0-9+.-]+:\//i.test(path);
  if (!isForeign || /^(?:file:|(?:https?|s3|gs|az):\/\/)/i.test(path)) return null;
  const { problem, remedy, feature } = explain(path);
  return new TerrachipError('UNSUPPORTED', `${publicName(path)} ${problem}`, remedy, { feature });
}

function explain(path: string): { problem: string; remedy: string; feature: string } {
  const subdataset = SUBDATASET.exec(path);
  if (subdataset !== null) {
    const [, quoted, plain = quoted, variable] = subdataset;
    const here = variable === undefined ? plain : `${plain}#${variable}`;
    return {
      problem: "is GDAL's name of an array in a file",
      remedy: `write ${here}`,
      feature: "GDAL's subdatasets",
    };
  }
  const archive = ARCHIVE.exec(path);
  if (archive !== null) {
    const [, file = 'FILE.zip', entry = 'ENTRY'] =
      /^(.*?\.(?:zip|shz|kmz))(?:[/!]+(.+))?$/i.exec(path.slice(archive[0].length).replace(/^\{|\}/g, '')) ??
      [];
    return {
      problem: "is GDAL's or rasterio's name of a file in an archive",
      remedy: `write ${withoutVsi(file)}#${entry} for a zip file, or unpack it first`,
      feature: 'paths into archives',
    };
  }
  const web = withoutVsi(path);
  if (/^https?:/i.test(web)) {
    return {
      problem: "is GDAL's name of an address",
      remedy: `write ${publicUrl(web)}`,
      feature: "GDAL's /vsi paths",
    };
  }
  const [, scheme = '', rest = ''] =
    /^(?:\/vsi)?([a-z0-9+._-]+?)(?:_streaming)?(?::\/\/?|\/)(.*)$/is.exec(path) ?? [];
  const name = scheme.toLowerCase();
  const known = STORES.find(([schemes]) => schemes.test(name));
  if (known === undefined) {
    return {
      problem: path.startsWith('/') ? "is a path of GDAL's virtual files" : `has the scheme ${name}:`,
      remedy: 'download the file and give its path, or give an http:, https:, s3:, gs: or az: address',
      feature: `${name} addresses`,
    };
  }
  const [, store, address] = known;
  return {
    problem: `is an address of ${store} in another program's words`,
    remedy: `write ${ownAddress(rest, address)}`,
    feature: `${name} addresses`,
  };
}

/** `container@account.host/key` is how Hadoop writes Azure's addresses. */
function ownAddress(rest: string, address: (bucket: string, key: string) => string): string {
  const [place] = rest.split(/[?#]/);
  const at = place.indexOf('/');
  const [bucket, key] = at < 0 ? [place, ''] : [place.slice(0, at), place.slice(at + 1)];
  const [, container, account] = /^([^@:]+)@([^.@]+)\.(?:dfs|blob)\.core\.windows\.net$/i.exec(bucket) ?? [];
  if (container !== undefined) return `https://${account}.blob.core.windows.net/${container}/${key}`;
  return address(bucket.replace(/^.*@/, ''), key);
}

/** The address after `/vsicurl/` and `/vsicurl?url=`. */
function withoutVsi(path: string): string {
  const plain = path.replace(/^\/?vsicurl(?:_streaming)?\//i, '');
  const [, encoded] = /^\/vsicurl\?(?:.*&)?url=([^&]+)/i.exec(path) ?? [];
  return encoded === undefined ? plain : percentDecoded(encoded);
}

/** An address for messages: without user, password and query. */
function publicName(path: string): string {
  return path
    .replace(/^([a-z][a-z0-9+.-]+:\/)(?!\/)/i, '$1/')
    .replace(/:\/\/[^/@]*:[^/@]*@/, '://')
    .replace(/^(\/vsicurl\?).*$/i, '$1…')
    .replace(/(:\/\/[^?]*)\?.*$/s, '$1');
}
