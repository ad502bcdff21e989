/**
 * Protocols of specific archives: how their files are signed, searched and ordered. Runs in any environment; the entry
 * point for Node adds files on disk.
 * @module
 */

export type { GeoCatalog, PlaceAndTime, QueryOptions } from '../catalog/index.js';
export type { Bounds, CrsLike, GeoBox, TimeInterval } from '../geo/index.js';
export type {
  Access,
  AccessRequest,
  Authorized,
  ByteSource,
  OpenOptions,
  S3Credentials,
  S3Options,
} from '../io/index.js';
export type { OnProgress, OperationOptions } from '../progress.js';
export type { AreaFeatures } from '../vector/index.js';
export {
  CLC_PLUS_CLASSES,
  CLC_PLUS_YEARS,
  type ClcPlusLabel,
  type ClcPlusOptions,
  type LandCoverClass,
  readClcPlus,
} from './clc-plus.js';
export {
  type CopernicusAccessOptions,
  type CopernicusCredentials,
  copernicusAccess,
} from './copernicus/access.js';
export { type EodataOptions, eodataAccess } from './copernicus/eodata.js';
export {
  type ProcessCollection,
  type ProcessDtype,
  type ProcessOptions,
  type ProcessPlan,
  type ProcessUnits,
  planProcess,
} from './copernicus/process-request.js';
export { type Dated, Expiring } from './expiring.js';
export {
  type NutsOptions,
  nutsUrl,
  type PlaceRegions,
  type RegionNames,
  type RegionShare,
  regionsOf,
} from './nuts.js';
export {
  type BlobPlace,
  type PlanetaryComputerOptions,
  planetaryComputerAccess,
} from './planetary-computer.js';
export * from './rapidai4eo/index.js';
export { parseSspPatch, type SspPatch, sspFolder, sspLabelPath } from './ssp-patches.js';
