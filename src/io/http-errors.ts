/** Errors of servers that fail or refuse. */
import { isError, messageOf, TerrachipError } from '../errors.js';

/** The error for an answer that a retry does not change. */
export function refused(
  url: string,
  problem: string,
  status: number,
  remedy = 'give the headers or the signed address that it wants, or download the file first',
): TerrachipError {
  return new TerrachipError(
    'NETWORK',
    `${publicUrl(url)} ${problem}`,
    remedy,
    { url: publicUrl(url), status },
    { exitStatus: 2 },
  );
}

/** The error for an answer that a retry may change. */
export function networkError(url: string, problem: string, status?: number, cause?: unknown): TerrachipError {
  return new TerrachipError(
    'NETWORK',
    `${publicUrl(url)} ${problem}`,
    'try again later, or check the network and the address',
    { url: publicUrl(url), ...(status === undefined ? {} : { status }) },
    { cause },
  );
}

/** Statuses of failures that may pass. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** @param told what the server says about it, with a space before it; may be empty */
export function refusalOf(
  url: string,
  response: Response,
  told = '',
  retryAfterUnit?: RetryAfterUnit,
): TerrachipError {
  const { status } = response;
  const name = publicUrl(url);
  if (status === 404 || status === 410) {
    const fields = { source: name };
    return new TerrachipError('NOT_FOUND', `${name} does not exist${told}`, 'check the address', fields);
  }
  if (status === 401 || status === 403) {
    const why = 'it may not be read without credentials, or they do not suffice';
    return refused(url, `answered ${status}: ${why}${told}`, status);
  }
  if (!isPassing(status)) return refused(url, `answered ${status}${told}`, status, 'check the request');
  return networkError(url, `answered ${status}${told}`, status, {
    retryAfter: millisecondsOf(response.headers.get('retry-after') ?? '', retryAfterUnit),
  });
}

/** The unit of a number in `Retry-After`. */
export type RetryAfterUnit = 'seconds' | 'milliseconds';

/** The wait that `Retry-After` asks for: a number, or until a date; 0 for neither. */
export function millisecondsOf(retryAfter: string, unit: RetryAfterUnit = 'seconds'): number {
  const number = retryAfter.trim() === '' ? Number.NaN : Number(retryAfter);
  const scale = unit === 'seconds' ? 1000 : 1;
  const wait = Number.isNaN(number) ? Date.parse(retryAfter) - Date.now() : scale * number;
  return Number.isNaN(wait) ? 0 : Math.max(0, wait);
}

/** Why a fetch failed. `fetch` has the reason in the cause of its error; for TLS it is the cause's `reason`. */
export function reasonOf(error: unknown): string {
  const cause = isError(error) ? error.cause : undefined;
  if (!isError(cause)) return messageOf(error);
  if (typeof cause.reason === 'string') return `TLS: ${cause.reason}`;
  return cause.message === '' ? messageOf(error) : cause.message;
}

/** Whether an answer is a page for people. No file that terrachip reads starts as HTML does. */
export function isWebPage(response: Response, body: Uint8Array): boolean {
  const start = new TextDecoder().decode(body.subarray(0, 1024)).replace(/^\s*(?:<\?xml[^>]*>\s*)?/, '');
  if (/^<(?:!doctype\s+html|html|head|body)\b/i.test(start)) return true;
  // Some servers send XML as HTML.
  return (
    isHtmlType(response) && /^<(?:!--|script|meta|title|form|div|p|h[1-6]|center|noscript)\b/i.test(start)
  );
}

export function isHtmlType(response: Response): boolean {
  return /^(?:text\/html|application\/xhtml\+xml)\b/i.test(response.headers.get('content-type') ?? '');
}

export function webPage(url: string, response: Response): TerrachipError {
  const name = publicUrl(url);
  const from = response.url === '' ? name : publicUrl(response.url);
  const moved = from === name ? '' : `, redirected to ${from}`;
  return refused(url, `answered with a web page (HTML) instead of the file${moved}, probably a login`, 200);
}

/** A URL fit for messages and records: without user, password and query, which may hold a signature. */
export function publicUrl(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  } catch {
    return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1').replace(/[?#].*$/s, '');
  }
}

/** Text without percent-encoding; unchanged where it is not valid. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
