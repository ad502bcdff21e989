/** Bands and files that hold classes or bits by their names, where nothing else says so. */

/** What follows the name of a band where it comes in several copies: `SCL_20m`, `scl-jp2`. */
const COPY = /[_-](\d+m|jp2|cog|tiff?)$/i;

/** The name of a band without that of its copy. */
export function withoutResolution(name: string): string {
  const shorter = name.replace(COPY, '');
  return shorter === name || shorter === '' ? name : withoutResolution(shorter);
}

/** Names of Sentinel-2, Landsat, MODIS, VIIRS, HLS, Sentinel-3, PlanetScope, and of maps of land cover. */
const CATEGORICAL = [
  /^(.*[_.-])?(scl|fmask|bqa|clm|udm2?|wqsf|lulc|nlcd|lc_type\d|lc_prop\d.*)$/,
  /^(.*_)?q[ac]\d*(_.*)?$/,
  /^(.*_)?(pixel_?)?quality(_(flags?|mask|assurance))?$/,
  /^(.*_)?(mask|cloud_?mask|data_?mask|flags?|state(_\d+k?m)?)$/,
  /^msk_.*$/,
  /^(.*_)?(class(es|ification)?|labels?)$/,
  /^(.*_)?(land_?cover|land_?use|crop_?land|crop_?type|worldcover|dynamic_?world)(_.*)?$/,
];

/** Names of files that say it alone: others use the words of bands for much else. */
const CATEGORICAL_FILES = [
  CATEGORICAL[0],
  /^(.*_)?(qa_(pixel|radsat|aerosol)|(pixel|radsat)_qa)$/,
  /^(.*_)?(land_?cover|worldcover|dynamic_?world)(_.*)?$/,
];

/** Whether a file, by its path or URL, holds categories. */
export function isCategoricalFile(href: string): boolean {
  const [, stem = ''] = /([^/\\]*?)(\.[^./\\]*)?$/.exec(href.replace(/[?#].*$/, '')) ?? [];
  const plain = withoutResolution(stem).toLowerCase();
  return CATEGORICAL_FILES.some((pattern) => pattern.test(plain));
}

/** Whether a band of this name, in any case and copy, holds categories. */
export function isCategoricalName(name: string): boolean {
  const plain = withoutResolution(name).toLowerCase();
  return CATEGORICAL.some((pattern) => pattern.test(plain) || pattern.test(name.toLowerCase()));
}
