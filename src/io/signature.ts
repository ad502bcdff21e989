/** Signatures in addresses, which are stored nowhere. */
import { withoutCredentials } from '../errors.js';

/** Parameters of shared access signatures of Azure (https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas). */
const AZURE =
  'sv|ss|srt|sr|st|se|sp|spr|sip|sig|si|sdd|skoid|sktid|skt|ske|sks|skv|saoid|suoid|scid|ses|sduoid';

/** Parameters of S3, Google Cloud Storage and CloudFront, and keys that servers take in a query. */
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
}

/** An address as it may be stored: without user, password, signature and keys. */
export function storedAddress(address: string): string {
  return withoutCredentials(withoutSignature(address));
}
