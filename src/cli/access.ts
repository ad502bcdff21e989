/** Access to URLs: signing by archives, credentials from the environment, and the cache on disk. */
import { copernicusAccess } from '../archives/copernicus/access.js';
import { eodataAccess } from '../archives/copernicus/eodata.js';
import { planetaryComputerAccess } from '../archives/planetary-computer.js';
import { type Access, combineAccess } from '../io/access.js';
import { s3OptionsOf } from '../io/node/credentials.js';
import { DiskCache } from '../io/node/disk-cache.js';
import { s3Access } from '../io/s3/access.js';
import { parseCount } from './arguments.js';
import { requireCopernicusCredentials } from './copernicus-credentials.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The access of all commands. Files of the Planetary Computer are signed, with the key in `PC_SDK_SUBSCRIPTION_KEY` where
 * there is one. The Sentinel Hub of the Copernicus Data Space gets tokens of the client in `CDSE_CLIENT_ID` and
 * `CDSE_CLIENT_SECRET`; its bucket `eodata` is read with the keys in `CDSE_S3_ACCESS_KEY` and `CDSE_S3_SECRET_KEY`. Other
 * addresses of S3, and that one without these keys, are read with the keys and settings of Amazon's tools.
 * @param home the home folder
 */
export function accessOf(env: Environment, home: string): Access {
  const key = env.PC_SDK_SUBSCRIPTION_KEY;
  return combineAccess(
    copernicusOf(env),
    ...eodataOf(env),
    s3Access(s3OptionsOf(env, home)),
    planetaryComputerAccess(key === undefined || key === '' ? {} : { subscriptionKey: key }),
  );
}

/** Access with the keys of the Data Space's object store, if they are set. */
function eodataOf(env: Environment): Access[] {
  const { CDSE_S3_ACCESS_KEY: accessKeyId = '', CDSE_S3_SECRET_KEY: secretAccessKey = '' } = env;
  if (accessKeyId === '' || secretAccessKey === '') return [];
  return [eodataAccess({ credentials: { accessKeyId, secretAccessKey } })];
}

/** Credentials are read from the environment when they are first needed. */
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

/**
 * The cache in the given folder, else in that of `TERRACHIP_CACHE`. `TERRACHIP_CACHE_MB` limits its size.
 * @throws {TerrachipError} DISK if the folder cannot be made; INVALID_OPTION if the limit is not a positive number
 */
export async function cacheOf(folder: string | undefined, env: Environment): Promise<DiskCache | null> {
  const place = folder ?? env.TERRACHIP_CACHE ?? '';
  if (place === '') return null;
  const bound = env.TERRACHIP_CACHE_MB ?? '';
  if (bound === '') return DiskCache.open(place);
  return DiskCache.open(place, { maxBytes: parseCount()(bound, 'TERRACHIP_CACHE_MB') * 2 ** 20 });
}
