/** The smallest normal float32: devices may flush smaller values to 0. */
export const SMALLEST_NORMAL = 2 ** -126;

/** The largest float32: WGSL has no infinity. */
export const LARGEST = 3.4028234663852886e38;
