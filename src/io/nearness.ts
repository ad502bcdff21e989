/**
 * How near a host is to this machine. Documents from a server may name hosts that are as far away as the server or farther,
 * never services of this machine or its network.
 */

/** Hosts of the public network, of a private one, this machine, and its link: clouds keep their keys there. */
const PUBLIC = 0;
const PRIVATE = 1;
const MACHINE = 2;
const LINK = 3;

/** Metadata hosts of clouds, which give a machine its keys, besides those of 169.254. */
const KEY_HOSTS = /^(metadata(\.google\.internal|\.goog)?|100\.100\.100\.200|168\.63\.129\.16)$/;

/** Whether something from one address may name another. */
export function mayName(from: URL, to: URL): boolean {
  const nearness = nearnessOf(to.hostname);
  if (nearness === PUBLIC || from.hostname === to.hostname) return true;
  return nearness !== LINK && nearness <= nearnessOf(from.hostname);
}

/** @param host as the hostname of a URL: addresses of IPv6 in brackets, those of IPv4 as four numbers */
function nearnessOf(host: string): number {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (KEY_HOSTS.test(name)) return LINK;
  const [, a, b] = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(name) ?? [];
  if (a !== undefined) return nearnessOfIpv4(Number(a), Number(b));
  if (name.startsWith('[')) return nearnessOfIpv6(groupsOf(name.slice(1, -1)));
  if (name === 'localhost' || name.endsWith('.localhost')) return MACHINE;
  // A name without a dot is one of this network.
  return !name.includes('.') || /\.(local|internal|lan|intranet|home\.arpa)$/.test(name) ? PRIVATE : PUBLIC;
}

/** By the registry of special addresses (RFC 6890). */
function nearnessOfIpv4(a: number, b: number): number {
  if (a === 169 && b === 254) return LINK;
  if (a === 127 || a === 0) return MACHINE;
  const isPrivate = a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168);
  return isPrivate || (a === 100 && b >= 64 && b < 128) ? PRIVATE : PUBLIC;
}

function nearnessOfIpv6(groups: readonly number[]): number {
  const [first] = groups;
  const [high, low] = groups.slice(6);
  if ((first & 0xffc0) === 0xfe80) return LINK;
  // Amazon's metadata host.
  if (first === 0xfd00 && groups[1] === 0xec2 && high === 0 && low === 0x254) return LINK;
  if ((first & 0xfe00) === 0xfc00) return PRIVATE;
  const isZero = (from: number, to: number): boolean => groups.slice(from, to).every((group) => group === 0);
  if (isZero(0, 7) && low <= 1) return MACHINE;
  // Addresses of IPv4 in those of IPv6: mapped, compatible, and translated.
  const isMapped = isZero(0, 5) && (groups[5] === 0xffff || groups[5] === 0);
  const isTranslated = first === 0x64 && groups[1] === 0xff9b;
  return isMapped || isTranslated ? nearnessOfIpv4(high >> 8, high & 255) : PUBLIC;
}

/** The eight groups of an address, as URLs write it. */
function groupsOf(address: string): number[] {
  const [before, after] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const missing = 8 - before.length - (after ?? []).length;
  return [...before, ...Array<string>(after === undefined ? 0 : missing).fill('0'), ...(after ?? [])].map(
    (group) => Number.parseInt(group, 16),
  );
}
