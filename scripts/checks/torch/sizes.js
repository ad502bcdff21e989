// Configurations of published sizes for reference.py: two flood models, 256 × 256 with four phases, and Prithvi-EO 2.0 tiny.
const FLOOD = {
  depth: 12,
  taps: [2, 5, 8, 11],
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
  size: [256, 256],
  batch: 1,
};

export const FLOOD_SIZES = {
  tiny: {
    ...FLOOD,
    name: 'flood_tiny',
    width: 192,
    heads: 3,
    hidden: 768,
    gated: false,
    bias: true,
    channels: [256, 128, 64, 32],
  },
  base: {
    ...FLOOD,
    name: 'flood_base',
    width: 768,
    heads: 12,
    hidden: 2048,
    gated: true,
    bias: false,
    channels: [512, 256, 128, 64],
  },
};

/** Prithvi-EO 2.0 tiny, with the neck and the kind of decoder of the published model of burn scars. */
const PRITHVI_TINY = {
  family: 'prithvi',
  name: 'prithvi_tiny',
  width: 192,
  heads: 3,
  hidden: 768,
  depth: 12,
  taps: [2, 5, 8, 11],
  eps: 1e-5,
  gated: false,
  bias: true,
  bands: 6,
  patch: 16,
  side: 14,
  stored: 1,
  coordinates: true,
  timestamps: 1,
  decoder: 'unet',
  neck: true,
  headChannels: [],
  classes: 2,
  size: [512, 512],
  batch: 1,
  channels: [256, 128, 64, 32],
};

export const PUBLISHED_SIZES = { ...FLOOD_SIZES, prithvi: PRITHVI_TINY };
