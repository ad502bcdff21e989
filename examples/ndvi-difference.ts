import { calculate } from 'terrachip';

/** Writes the NDVI difference of two images. Their bands 1 and 2 are red and near infrared. */
export const ndviDifference = (before: string, after: string, destination: string) =>
  calculate({
    expressions: ['(nir1 - red1) / (nir1 + red1) - (nir0 - red0) / (nir0 + red0)'],
    bands: [before, after].flatMap((path, k) =>
      ['red', 'nir'].map((name, band) => ({ name: `${name}${k}`, path, band: band + 1 })),
    ),
    resampling: 'bilinear',
    destination,
  });
