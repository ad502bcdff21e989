/** The client of the Copernicus Data Space, from the environment. */
import type { CopernicusCredentials } from '../archives/copernicus/access.js';
import { TerrachipError } from '../errors.js';

/** Names of variables: ours, and those of `sentinelhub-py`. */
const NAMES = [
  ['CDSE_CLIENT_ID', 'CDSE_CLIENT_SECRET'],
  ['SH_CLIENT_ID', 'SH_CLIENT_SECRET'],
] as const;

/** The credentials of the environment; null where there are none. @throws {TerrachipError} INVALID_INPUT for one alone */
export function copernicusCredentials(
  env: Readonly<Record<string, string | undefined>>,
): CopernicusCredentials | null {
  for (const [id, secret] of NAMES) {
    const [clientId, clientSecret] = [env[id] || undefined, env[secret] || undefined];
    if (clientId !== undefined && clientSecret !== undefined) return { clientId, clientSecret };
    if (clientId === undefined && clientSecret === undefined) continue;
    const missing = clientId === undefined ? id : secret;
    throw missingCredentials(`${missing} is not set`, 'set it too');
  }
  return null;
}

/** @throws {TerrachipError} INVALID_INPUT where there are none */
export function requireCopernicusCredentials(
  env: Readonly<Record<string, string | undefined>>,
): CopernicusCredentials {
  const found = copernicusCredentials(env);
  if (found !== null) return found;
  const problem = 'CDSE_CLIENT_ID and CDSE_CLIENT_SECRET are not set';
  throw missingCredentials(problem, 'register an OAuth client at the Copernicus Data Space, and set both');
}

function missingCredentials(problem: string, remedy: string): TerrachipError {
  return new TerrachipError('INVALID_INPUT', problem, remedy, { source: 'the environment' });
}
