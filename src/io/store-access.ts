/** The public HTTPS form of addresses of object stores: `gs://` and `az://`. */
import { invalidInput } from '../errors.js';
import type { Access } from './access.js';
import { publicUrl } from './http-errors.js';

/** Reads `gs://BUCKET/KEY` and `az://ACCOUNT.blob.core.windows.net/CONTAINER/KEY` as what they are for everyone, without credentials. */
export const storeAccess: Access = {
  async authorize({ url, refresh }) {
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
