<<<<<<< HEAD
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
=======
/** Signatures in addresses, which are stored nowhere. */

/** Parameters of shared access signatures of Azure (https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas). */
const AZURE =
  'sv|ss|srt|sr|st|se|sp|spr|sip|sig|si|sdd|skoid|sktid|skt|ske|sks|skv|saoid|suoid|scid|ses|sduoid';

/** Those of S3, Google Cloud Storage and CloudFront, and keys that servers take in a query. */
const OTHERS =
  'x-amz-[\\w-]+|x-goog-[\\w-]+|awsaccesskeyid|googleaccessid|signature|expires|policy|key-pair-id|security-token|access_?token|token|api_?key|subscription-key|ocp-apim-subscription-key';

const SECRET = new RegExp(`^(?:${OTHERS})$`, 'i');
const SECRET_OF_AZURE = new RegExp(`^(?:${AZURE})$`, 'i');

/** An address without the signature and keys in its query; what else is in it stays as it is written. */
export function withoutSignature(address: string): string {
  const [, before = address, query, after = ''] = /^([^?#]*)\?([^#]*)(#.*)?$/s.exec(address) ?? [];
  if (query === undefined) return address;
  const isSas = /(?:^|&)sig=/i.test(query);
  const kept = query.split('&').filter((part) => {
    const name = part.replace(/=.*$/s, '');
    return !SECRET.test(name) && !(isSas && SECRET_OF_AZURE.test(name));
  });
  const rest = kept.join('&');
  return `${before}${rest === '' ? '' : `?${rest}`}${after}`;
>>>>>>> integration
}
