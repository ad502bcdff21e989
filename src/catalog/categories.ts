/** Bands and files whose names say that they hold classes or bit flags, for items without metadata on it. */

/** The suffix of a copy of a band: `SCL_20m`, `scl-jp2`. */
const COPY = /[_-](\d+m|jp2|cog|tiff?)$/i;

/** The name of a band without the suffixes of its copy. */
export function withoutResolution(name: string): string {
  const shorter = name.replace(COPY, '');
  return shorter === name || shorter === '' ? name : withoutResolution(shorter);
}

/** Names in Sentinel-2, Landsat, MODIS, VIIRS, HLS, Sentinel-3, PlanetScope and land cover maps. */
const CATEGORICAL = [
  /^(.*[_.-])?(scl|fmask|bqa|clm|udm2?|wqsf|lulc|nlcd|lc_type\d|lc_prop\d.*)$/,
  /^(.*_)?q[ac]\d*(_.*)?$/,
  /^(.*_)?(pixel_?)?quality(_(flags?|mask|assurance))?$/,
  /^(.*_)?(mask|cloud_?mask|data_?mask|flags?|state(_\d+k?m)?)$/,
  /^msk_.*$/,
  /^(.*_)?(class(es|ification)?|labels?)$/,
  /^(.*_)?(land_?cover|land_?use|crop_?land|crop_?type|worldcover|dynamic_?world)(_.*)?$/,
];

/** Names that are unambiguous for a file; words such as `mask` or `class` are common in names of other files. */
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

/** Whether a band of this name holds categories. Ignores case and the suffix of a copy. */
export function isCategoricalName(name: string): boolean {
  const plain = withoutResolution(name).toLowerCase();
  return CATEGORICAL.some((pattern) => pattern.test(plain) || pattern.test(name.toLowerCase()));
}
