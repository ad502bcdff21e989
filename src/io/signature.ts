/** Signed addresses: a query that opens a file for whoever has the address, for a while. */
import { isUrl } from './open-url.js';

/**
 * Members of queries that belong to a signature: Azure's shared access signatures (their short names only beside `sig`),
 * Amazon's, Google's and CloudFront's.
 */
const SIGNED = /^(x-amz-.+|x-goog-.+|awsaccesskeyid|googleaccessid|signature|expires|policy|key-pair-id)$/i;
const AZURE = /^(sv|ss|srt|sp|st|se|spr|sig|sr|si|sip|sdd|ske|sks|skt|skv|skoid|sktid|saoid|suoid|scid)$/;

/** An address without its signature, user and password. Other members of its query stay, and so do paths. */
export function withoutSignature(address: string): string {
  if (!isUrl(address) || !URL.canParse(address)) return address;
  const url = new URL(address);
  if (url.search === '' && url.username === '' && url.password === '') return address;
  url.username = '';
  url.password = '';
  const names = [...url.searchParams.keys()];
  const isAzure = names.includes('sig');
  const isOther = names.some((name) => /^(x-amz-signature|x-goog-signature|signature)$/i.test(name));
  if (!isAzure && !isOther) return url.href;
  // The other members keep the form in which they are written.
  const kept = url.search
    .slice(1)
    .split('&')
    .filter((part) => {
      const name = decodeURIComponent(part.split('=')[0].replaceAll('+', ' '));
      return !((isAzure && AZURE.test(name)) || SIGNED.test(name));
    });
  url.search = kept.join('&');
  return url.href;
}
