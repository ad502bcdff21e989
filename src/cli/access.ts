/** How addresses are read: which archives sign them, and the credentials of the environment. */
import { copernicusAccess } from '../archives/copernicus/access.js';
import { planetaryComputerAccess } from '../archives/planetary-computer.js';
import { type Access, combineAccess } from '../io/access.js';
import { requireCopernicusCredentials } from './copernicus-credentials.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The access of all commands. Files of the Planetary Computer are signed, with the key in `PC_SDK_SUBSCRIPTION_KEY` where
 * there is one. The Sentinel Hub of the Copernicus Data Space gets tokens of the client in `CDSE_CLIENT_ID` and
 * `CDSE_CLIENT_SECRET`.
 */
export function accessOf(env: Environment): Access {
  const key = env.PC_SDK_SUBSCRIPTION_KEY;
  return combineAccess(
    copernicusOf(env),
    planetaryComputerAccess(key === undefined || key === '' ? {} : { subscriptionKey: key }),
  );
}

/** Credentials are asked for once they are needed. */
function copernicusOf(env: Environment): Access {
  let made: Access | null = null;
  return {
    async authorize(request) {
      if (!/^https:\/\/sh\.dataspace\.copernicus\.eu(?::443)?\//i.test(request.url)) return null;
      made ??= copernicusAccess(requireCopernicusCredentials(env));
      return made.authorize(request);
    },
  };
}
