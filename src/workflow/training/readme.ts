/** The page beside the chips that says how to open them. */
import type { ChipFormat } from '../choices.js';
import type { ChipSplit } from './options.js';
import type { ChipSet } from './products.js';

/** The files of a chip in each format, and how to read a row of the index in Python. */
const READING: Readonly<Record<ChipFormat, { files: string; read: (part: 'image' | 'label') => string }>> = {
  geotiff: {
    files: 'a GeoTIFF for each chip, with its place',
    read: (part) => `rasterio.open(root / row.${part}).read(${part === 'label' ? '1' : ''})`,
  },
  npy: { files: 'a `.npy` array for each chip', read: (part) => `np.load(root / row.${part})` },
  zarr: {
    files: 'a Zarr group for each split, in which each chip is one chunk',
    read: (part) => `zarr.open_array(root / row.${part}, mode="r")[row.chip]`,
  },
};

const MODULES: Readonly<Record<ChipFormat, string>> = { geotiff: 'rasterio', npy: '', zarr: 'zarr' };

/** `README.md` of a folder of chips. */
export function readmeOf({ format, shape }: ChipSet, splits: readonly ChipSplit[]): string {
  const { size, bands, dtype, nodata, labels } = shape;
  const { files, read } = READING[format];
  const counts = splits.map(({ name, chips }) => `${name} ${chips}`).join(', ');
  const gap = Number.isNaN(nodata) ? 'NaN' : String(nodata);
  const imports = ['import json', 'from pathlib import Path', '', 'import geopandas', 'import numpy as np'];
  if (MODULES[format] !== '') imports.push(`import ${MODULES[format]}`);
  const image = `np.asarray(${read('image')}, dtype="float32")`;
  const item = [
    'class Chips(torch.utils.data.Dataset):',
    '    def __init__(self, root, split):',
    '        self.root = Path(root)',
    '        index = geopandas.read_parquet(self.root / "index.parquet")',
    '        self.rows = list(index[index["split"] == split].itertuples())',
    '        bands = json.loads((self.root / "statistics.json").read_text())["bands"]',
    '        self.mean = np.array([band["mean"] for band in bands], "float32")[:, None, None]',
    '        self.std = np.array([band["std"] for band in bands], "float32")[:, None, None]',
    '',
    '    def __len__(self):',
    '        return len(self.rows)',
    '',
    '    def __getitem__(self, k):',
    '        root, row = self.root, self.rows[k]',
    `        image = ${image}`,
    ...(Number.isNaN(nodata) ? [] : [`        image[image == ${gap}] = np.nan`]),
    '        image = np.nan_to_num((image - self.mean) / self.std)',
  ];
  if (labels === null) item.push('        return torch.from_numpy(image)');
  else {
    item.push(`        label = np.asarray(${read('label')}, dtype="int64")`);
    item.push('        return torch.from_numpy(image), torch.from_numpy(label)');
  }
  const ofLabels =
    labels === null
      ? 'There are no labels.'
      : `Labels are (y, x) in ${labels.dtype}; ${labels.ignore} stands for pixels without a label: use ` +
        `\`CrossEntropyLoss(ignore_index=${labels.ignore})\`.`;
  return `# Training chips

${counts} chips of ${size} × ${size} pixels: ${files}. Images are (band, y, x) in ${dtype}, with the bands
${bands.join(', ')}; ${gap} stands for pixels without data. ${ofLabels}

- \`index.parquet\` (GeoParquet): a row for each chip with its outline, split, files, time, the share of pixels with data${labels === null ? '' : ' and the share of each class'}.
- \`statistics.json\`: the mean and the standard deviation of each band over the split train${labels === null ? '' : ', and pixels by class'}.
- \`chips.json\`: types, and the options that the chips were made with.

With PyTorch:

\`\`\`python
${imports.join('\n')}
import torch


${item.join('\n')}
\`\`\`
`;
}
