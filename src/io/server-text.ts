/** What a server says about a failure, cleaned for a message. */
import { publicUrl } from './http-errors.js';

/** The most bytes of an error's body. */
export const MAX_ERROR_BYTES = 64 * 1024;

/** The most characters that a message repeats. */
const MAX_TOLD = 300;

/** Keys of JSON under which servers explain themselves: STAC APIs, Sentinel Hub, OAuth, problem details (RFC 9457). */
const KEYS = ['message', 'description', 'detail', 'error_description', 'title', 'error', 'errors', 'reason'];

/**
 * The explanation in an error's body, JSON or the XML of object stores, as one printable line.
 * @param secrets texts that must not be repeated
 * @returns empty where there is none
 */
export function toldBy(body: Uint8Array, secrets: readonly string[]): string {
  const text = new TextDecoder().decode(body.subarray(0, MAX_ERROR_BYTES)).trim();
  const told = /^[[{"]/.test(text) ? ofJson(text) : ofXml(text);
  return shown(told, secrets);
}

function ofJson(text: string): string {
  try {
    return explanationIn(JSON.parse(text), 0);
  } catch {
    return '';
  }
}

function explanationIn(value: unknown, depth: number): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || depth > 4) return '';
  if (Array.isArray(value)) return explanationIn(value[0], depth + 1);
  const members = new Map(Object.entries(value));
  for (const key of KEYS) {
    const found = explanationIn(members.get(key), depth + 1);
    if (found !== '') return found;
  }
  return '';
}

/** `<Error><Code>AccessDenied</Code><Message>…` of S3 and Azure. */
function ofXml(text: string): string {
  const [, code = ''] = /<Code>([^<]{1,200})<\/Code>/.exec(text) ?? [];
  const [, message = ''] = /<Message>(?:<!\[CDATA\[)?([^<\]]{1,2000})(?:\]\]>)?<\/Message>/.exec(text) ?? [];
  return [code, message].filter((part) => part !== '').join(': ');
}

/** One line without controls, addresses' queries and secrets, of a bounded length. */
function shown(told: string, secrets: readonly string[]): string {
  let line = told.replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  for (const secret of secrets) line = line.replaceAll(secret, '…');
  line = line.replace(/\b(sig|signature|token)=[^\s&"'<>]+/gi, '$1=…');
  line = line.replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, publicUrl);
  return line.length > MAX_TOLD ? `${line.slice(0, MAX_TOLD)}…` : line;
}

/** Headers and names in queries whose values are no secrets. */
const OPEN_HEADERS = ['accept', 'content-type', 'range', 'content-length'];
const SECRET_NAMES = /sig|token|key|secret|credential|auth|password/i;

/** The parts of a request that a message must not repeat: values of its headers, of its query, and of a form in its body. */
export function secretsOf(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | undefined,
): string[] {
  const ofHeaders = Object.entries(headers).flatMap(([name, value]) =>
    OPEN_HEADERS.includes(name) ? [] : [value, ...value.split(/[\s,]+/)],
  );
  const isForm = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  const form = isForm ? new URLSearchParams(new TextDecoder().decode(body)) : new URLSearchParams();
  const named = [...new URL(url).searchParams, ...form].flatMap(([name, value]) =>
    SECRET_NAMES.test(name) ? [value, encodeURIComponent(value)] : [],
  );
  // Shorter ones are words such as `Bearer`.
  return [...new Set([...ofHeaders, ...named])].filter((secret) => secret.length >= 8);
}
