// Writes models/water-threshold: a logistic regression on low VV and VH backscatter. Its coefficients come from published
// numbers (see `provenance`), not from a fit to a scene.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { GraphBuilder, writeGraph } from '../dist/inference/onnx/index.js';

// Upper bounds of water backscatter in Sentinel-1 RTC products, from ASF's water maps.
const VV_THRESHOLD_DB = -15.5;
const VH_THRESHOLD_DB = -23.0;

// Speckle of a Sentinel-1 IW GRD high-resolution product (4.4 looks): the standard deviation of gamma-distributed
// power in decibel is (10 / ln 10) · sqrt(ψ₁(L)); ψ₁(4.4) = 0.2556 by the asymptotic series.
const LOOKS = 4.4;
function trigamma(x) {
  let sum = 0;
  let at = x;
  for (; at < 12; at++) sum += 1 / at ** 2;
  return sum + 1 / at + 1 / (2 * at ** 2) + 1 / (6 * at ** 3) - 1 / (30 * at ** 5);
}
const speckleDb = (10 / Math.LN10) * Math.sqrt(trigamma(LOOKS));

// A step at a threshold, blurred by Gaussian noise, is close to a logistic curve of the same standard deviation,
// π / (slope · √3). The mean of two polarisations halves the variance.
const meanSlope = Math.PI / (Math.sqrt(3) * (speckleDb / Math.SQRT2));
const slope = Math.fround(meanSlope / 2);
const intercept = Math.fround(slope * (VV_THRESHOLD_DB + VH_THRESHOLD_DB));

// logits = [0, intercept − slope · VV − slope · VH]: a 1 × 1 convolution.
const graph = new GraphBuilder('water-threshold');
const constant = (shape, values) => ({ shape, load: async () => Float32Array.from(values) });
const weight = graph.weight('weight', constant([2, 2, 1, 1], [0, 0, -slope, -slope]));
const bias = graph.weight('bias', constant([2], [0, intercept]));
graph.output('logits', graph.convolution(graph.input('S1RTC', ['chip', 2, 'y', 'x']), weight, bias));

const round = (x) => Number(x.toFixed(6));
const card = {
  schemaVersion: 1,
  name: 'water-threshold',
  version: '1.0.0',
  description:
    'Open water from one Sentinel-1 image: a logistic threshold on VV and VH backscatter. The baseline that other models must beat.',
  inputs: [
    {
      name: 'S1RTC',
      bands: ['VV', 'VH'],
      units: 'dB',
      kind: 'temporal',
      mean: [0, 0],
      std: [1, 1],
      nodataReplacement: 0,
    },
  ],
  phases: ['event'],
  validity: 'all',
  chip: { size: 256, stride: 208 },
  output: {
    name: 'logits',
    classes: [
      { name: 'land', colour: '#e8e2d0' },
      { name: 'water', colour: '#1f78b4' },
    ],
  },
  provenance: {
    formula: 'P(water) = 1 / (1 + exp(slope · (VV + VH) − intercept)), VV and VH in dB',
    coefficients: { slopePerDb: round(slope), intercept: round(intercept) },
    sources: [
      {
        what: `Thresholds of water: VV ${VV_THRESHOLD_DB} dB, VH ${VH_THRESHOLD_DB} dB`,
        from: 'ASF tools (Alaska Satellite Facility), make_water_map: defaults of max_vv_threshold and max_vh_threshold for Sentinel-1 RTC',
      },
      {
        what: `Equivalent number of looks ${LOOKS} of Sentinel-1 IW GRD high resolution`,
        from: 'ESA Sentinel-1 Product Definition, S1-RS-MDA-52-7440',
      },
    ],
    derivation: `slope = π / (√3 · σ/√2) / 2 with σ = (10/ln 10)·√ψ₁(${LOOKS}) = ${round(speckleDb)} dB, the speckle of one polarisation; intercept = slope · (VV threshold + VH threshold)`,
    builtBy: 'scripts/build-water-threshold.js',
  },
  licence: 'Apache-2.0',
  limitations:
    'Not for decisions. Smooth surfaces (roads, runways, dry sand), radar shadow and wet snow look like water; wind, waves and flooded vegetation hide it.',
};

const folder = fileURLToPath(new URL('../models/water-threshold/', import.meta.url));
mkdirSync(folder, { recursive: true });
const parts = [];
await writeGraph(graph, async (bytes) => {
  parts.push(bytes);
});
writeFileSync(`${folder}model.onnx`, Buffer.concat(parts));
writeFileSync(`${folder}model.json`, `${JSON.stringify(card, null, 2)}\n`);
