// Configurations of random models for reference.py.
import { PUBLISHED_SIZES } from './sizes.js';

const BASE = {
  width: 32,
  heads: 2,
  hidden: 48,
  depth: 4,
  taps: [0, 1, 2, 3],
  gated: false,
  bias: true,
  trained: ['S2L2A', 'S1RTC', 'DEM'],
  modalities: ['S2L2A', 'S1RTC', 'DEM'],
  merge: 'mean',
  temporal: true,
  timestamps: 4,
  pooling: 'concat',
  decoder: 'unet',
  neck: true,
  headChannels: [],
  classes: 2,
  size: [64, 64],
  batch: 1,
};

const PRITHVI = {
  family: 'prithvi',
  width: 32,
  heads: 2,
  hidden: 48,
  depth: 4,
  taps: [0, 1, 2, 3],
  eps: 1e-5,
  gated: false,
  bias: true,
  bands: 6,
  patch: 16,
  side: 14,
  stored: 1,
  coordinates: false,
  timestamps: 1,
  decoder: 'unet',
  neck: true,
  headChannels: [],
  classes: 2,
  size: [64, 64],
  batch: 1,
};

/** All configurations that a provider can compute in minutes: published sizes would take an hour on a software adapter. */
export function configurationsFor(provider) {
  const random = [...terramind(), ...prithvi()];
  return provider === 'cpu' ? [...random, ...Object.values(PUBLISHED_SIZES)] : random;
}

/** Configurations with every pair of options that can interact: encoders, merges, phases, poolings, decoders, sizes. */
function terramind() {
  const all = [];
  const add = (name, change) => all.push({ ...BASE, ...change, name: `${all.length}_${name}` });
  for (const gated of [false, true]) {
    for (const bias of [false, true]) {
      for (const size of [
        [32, 32],
        [96, 64],
        [48, 80],
        [224, 224],
      ]) {
        add(`gated-${gated}_bias-${bias}_${size.join('x')}`, { gated, bias, size });
      }
    }
  }
  const subsets = [['S1RTC'], ['S2L2A', 'DEM'], ['S1RTC', 'DEM'], BASE.modalities];
  for (const merge of ['mean', 'max', 'concat']) {
    for (const modalities of subsets) {
      add(`${merge}_${modalities.join('-')}`, { merge, modalities, timestamps: 2 });
    }
  }
  for (const pooling of ['concat', 'mean', 'max', 'diff']) {
    const apart = { merge: 'dict', decoder: null, size: [48, 80] };
    add(`dict_${pooling}`, { ...apart, pooling, timestamps: 2, batch: 2 });
    for (const decoder of ['unet', 'upernet', null]) {
      add(`${pooling}_${decoder}`, { pooling, decoder, timestamps: 2, batch: 2, gated: true, bias: false });
    }
  }
  for (const neck of [true, false]) {
    for (const size of [
      [96, 96],
      [64, 112],
    ]) {
      add(`upernet_neck-${neck}_${size.join('x')}`, {
        decoder: 'upernet',
        neck,
        size,
        headChannels: [12, 6],
        classes: 5,
      });
    }
  }
  add('dict_one-date_S1RTC-DEM', {
    merge: 'dict',
    modalities: ['S1RTC', 'DEM'],
    decoder: null,
    temporal: false,
    timestamps: 1,
    size: [64, 32],
    batch: 3,
  });
  add('one-date', { temporal: false, timestamps: 1 });
  add('encoder', { temporal: false, timestamps: 1, decoder: null, depth: 3, heads: 1 });
  add('deep', { depth: 8, taps: [1, 3, 5, 7], heads: 4, width: 64 });
  add('other-taps', { depth: 5, taps: [0, 2, 2, 4] });
  add('six-blocks_three-classes', { depth: 6, taps: [1, 2, 4, 5], classes: 3 });
  add('fcn', { decoder: 'fcn', neck: false, steps: 4, taps: [3], timestamps: 2, batch: 2 });
  add('linear', { decoder: 'linear', neck: false, steps: 16, taps: [3], classes: 3, timestamps: 2 });
  return all;
}

/** Sizes, patches and dates of Prithvi-EO, with every decoder. */
function prithvi() {
  const all = [];
  const add = (name, change) => {
    const stored = change.timestamps ?? 1;
    all.push({ ...PRITHVI, stored, ...change, name: `prithvi-${all.length}_${name}` });
  };
  for (const size of [
    [32, 32],
    [224, 224],
    [96, 64],
  ]) {
    add(size.join('x'), { size, bands: size[1] === 64 ? 4 : 6 });
  }
  // The size 600M: 14 pixels, and heads that are not 64 wide.
  for (const size of [
    [224, 224],
    [56, 84],
  ]) {
    add(`patch-14_${size.join('x')}`, { patch: 14, side: 16, size, width: 80, heads: 1 });
  }
  add('trained-on-128', { side: 8, size: [128, 128] });
  add('trained-on-128_64x96', { side: 8, size: [64, 96], timestamps: 2 });
  add('coordinates', { coordinates: true, batch: 2 });
  for (const timestamps of [1, 3]) {
    const several = { timestamps, batch: 2 };
    for (const neck of [true, false, 'decoder']) {
      add(`upernet_neck-${neck}_${timestamps}`, { ...several, decoder: 'upernet', neck, classes: 3 });
    }
    add(`unet_${timestamps}`, { ...several, headChannels: [12, 6] });
    add(`fcn_${timestamps}`, { ...several, decoder: 'fcn', neck: false, steps: 4, taps: [3] });
    add(`linear_${timestamps}`, { ...several, decoder: 'linear', neck: false, steps: 16, taps: [1] });
    // As published: positions of four dates.
    add(`encoder_${timestamps}`, { ...several, decoder: null, stored: 4, coordinates: true });
  }
  add('fcn_patch-14', {
    patch: 14,
    side: 16,
    size: [56, 56],
    decoder: 'fcn',
    neck: false,
    steps: 4,
    taps: [3],
  });
  add('encoder_4', { timestamps: 4, decoder: null, size: [224, 224] });
  return all;
}
