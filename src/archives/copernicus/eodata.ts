/**
 * Scenes of the Copernicus Data Space in its object store, `s3://eodata/Sentinel-2/…`
 * (https://documentation.dataspace.copernicus.eu/APIs/S3.html). Keys are made at
 * https://eodata-s3keysmanager.dataspace.copernicus.eu.
 */
import type { Access } from '../../io/access.js';
import { type S3Options, s3Access } from '../../io/s3/access.js';

const ENDPOINT = 'https://eodata.dataspace.copernicus.eu';

/** The keys, and the location of the bucket. */
export interface EodataOptions extends Pick<S3Options, 'credentials'> {
  /** Default: the Data Space's. */
  endpoint?: string;
}

/**
 * Signs addresses of the bucket `eodata` for the Data Space. Leaves other buckets to other access methods, such as
 * `s3Access` after it in `combineAccess`.
 */
export function eodataAccess({ credentials, endpoint = ENDPOINT }: EodataOptions): Access {
  const store = s3Access({ credentials, endpoint, region: 'default', pathStyle: true });
  return {
    authorize: async (request) => (/^s3:\/\/eodata\//i.test(request.url) ? store.authorize(request) : null),
  };
}
