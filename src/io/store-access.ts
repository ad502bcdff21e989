/** How addresses of object stores are read without credentials: `s3://`, `gs://` and `az://`. */
import { invalidInput } from '../errors.js';
import type { Access } from './access.js';
import { publicUrl } from './http-errors.js';
import { isS3 } from './s3/address.js';

/** Made once, when the first address of S3 is read: it remembers the regions of buckets. */
let anonymousS3: Promise<Access> | undefined;

/** Reads public `s3://BUCKET/KEY`, `gs://BUCKET/KEY` and `az://ACCOUNT.blob.core.windows.net/CONTAINER/KEY` addresses. */
export const storeAccess: Access = {
  async authorize(request) {
    const { url, refresh } = request;
    if (isS3(url)) {
      anonymousS3 ??= import('./s3/access.js').then(({ s3Access }) => s3Access());
      return (await anonymousS3).authorize(request);
    }
    const address = refresh ? null : httpsForm(new URL(url));
    return address === null ? null : { url: address, headers: {} };
  },
};

/** Null for an address of another scheme. @throws {TerrachipError} INVALID_INPUT for one without an account */
function httpsForm(url: URL): string | null {
  if (url.protocol === 'gs:') return `https://storage.googleapis.com/${url.host}${url.pathname}${url.search}`;
  if (url.protocol !== 'az:') return null;
  if (/\.blob\.core\.windows\.net$/i.test(url.host)) return `https://${url.host}${url.pathname}${url.search}`;
  throw invalidInput(
    publicUrl(url.href),
    'does not say which account the container belongs to',
    'write az://ACCOUNT.blob.core.windows.net/CONTAINER/KEY',
  );
}
