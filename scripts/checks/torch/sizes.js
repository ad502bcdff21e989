// Configurations of two published flood models for reference.py: 256 × 256, four phases.
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
