"""Allowed differences between terrachip's warp and gdalwarp's at each pixel.

  nearest                       identical, but within EDGE of an edge of a source pixel
  bilinear, cubic, cubicspline  VALUE of the range, plus POSITION times the largest difference among the pixels that the
                                kernel reads, for the allowed error of positions
  lanczos                       the same with 2.5 times the difference, its steepest slope between pixels
  average, rms                  as bilinear, for each edge of the pixel's footprint, relative to its width
  sum                           as bilinear, for the values at the footprint's edges
  mode, min, max, quantiles     identical, unless an edge of the footprint is within EDGE of a source pixel's edge

The footprint is the box between the source positions of a pixel's first and last corner. For pixels so large that the
centre differs from the mean of the corners, corners may be off by that difference.
"""

import warnings

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter

MARGIN = 2  # pixels: GDAL's limit for footprints beyond the source, at XSCALE = YSCALE = 1
EDGE = 1e-3  # pixels: positions this near to an edge of a source pixel may fall to either side
POSITION = 0.002  # pixels: allowed error of positions
VALUE = 1e-5  # of the source's range: allowed error of interpolation

# Radius of kernels around the containing pixel, in pixels.
RADIUS = dict(nearest=1, bilinear=1, cubic=2, cubicspline=2, lanczos=3)
CHOOSING = ("nearest", "mode", "min", "max", "med", "q1", "q3")


class Geometry:
    """Source positions of destination pixels, and a mask of those too near to an edge to judge."""

    def __init__(self, resampling, shape, source_positions):
        self.resampling = resampling
        self.shape = shape
        self.boxes = resampling not in RADIUS
        self.px, self.py = source_positions(0.5, 0.5)
        height, width = shape
        if not self.boxes:
            self.across = self.down = np.ones(self.px.shape)
            self.curvature = np.zeros(self.px.shape)
            self.left = self.right = self.px
            self.top = self.bottom = self.py
            near = near_edge(self.px, self.py, EDGE)
        else:
            corners = [source_positions(x, y) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))]
            (x0, y0), (x1, y1) = corners[0], corners[3]
            self.left, self.right = np.minimum(x0, x1), np.maximum(x0, x1)
            self.top, self.bottom = np.minimum(y0, y1), np.maximum(y0, y1)
            self.across, self.down = self.right - self.left, self.bottom - self.top
            middle_x, middle_y = np.mean(corners, axis=0)
            self.curvature = np.maximum(np.abs(middle_x - self.px), np.abs(middle_y - self.py))
            edge = EDGE + self.curvature
            near = near_edge(x0, y0, edge) | near_edge(x1, y1, edge)
        with np.errstate(invalid="ignore"):
            inside = (self.right > -1) & (self.bottom > -1) & (self.left < width + 1) & (self.top < height + 1)
        self.at_edge = near & inside

    def containing(self, raster):
        """A raster's values at the source pixels that contain the positions, clamped to the raster."""
        height, width = self.shape
        column = np.clip(np.nan_to_num(np.floor(self.px)), 0, width - 1).astype(int)
        row = np.clip(np.nan_to_num(np.floor(self.py)), 0, height - 1).astype(int)
        return raster[row, column]

    def radius(self):
        """Radius of the kernel in pixels; for boxes, the 99th percentile."""
        if not self.boxes:
            return RADIUS[self.resampling]
        return int(np.ceil(np.nanpercentile(np.maximum(self.across, self.down), 99) / 2)) + 1


def near_edge(px, py, distance):
    with np.errstate(invalid="ignore"):
        return (np.abs(px - np.round(px)) < distance) | (np.abs(py - np.round(py)) < distance)


def spread_around(values, radius):
    """The range of values within a radius of each pixel."""
    size = 2 * radius + 1
    above = np.where(np.isnan(values), -np.inf, values)
    below = np.where(np.isnan(values), np.inf, values)
    spread = maximum_filter(above, size, mode="nearest") - minimum_filter(below, size, mode="nearest")
    return np.where(np.isfinite(spread), spread, 0)


def allowed(geometry, values, value_range):
    """The allowed difference of each pixel."""
    position = POSITION + geometry.curvature
    across, down = geometry.across, geometry.down
    if geometry.resampling == "sum":
        largest = float(np.nanmax(np.abs(values)))
        return VALUE * value_range * np.maximum(1, across * down) + position * 2 * (across + down) * largest
    spread = geometry.containing(spread_around(values, geometry.radius()))
    if geometry.boxes:
        # Shift of each of the four edges, relative to the box's width and height.
        with np.errstate(divide="ignore"):
            spread = spread * np.maximum(1, 2 / across + 2 / down)
    if geometry.resampling == "lanczos":
        spread = 2.5 * spread
    return VALUE * value_range + position * spread


def known_differences(geometry, values, found, wanted_valid, found_valid):
    """Pixels whose masks differ for a known reason, by the reason's name."""
    gdal_only, ours_only = wanted_valid & ~found_valid, found_valid & ~wanted_valid
    known = {}
    if geometry.boxes:
        with np.errstate(invalid="ignore"):
            before = (geometry.right < EDGE) | (geometry.bottom < EDGE)
            far = (geometry.left < -MARGIN) | (geometry.top < -MARGIN)
            height, width = geometry.shape
            far |= (geometry.right > width + MARGIN) | (geometry.bottom > height + MARGIN)
        known["box before the source"] = gdal_only & before
        known["box beyond GDAL's margin"] = ours_only & far
    if geometry.resampling == "mode" and found.dtype == "int16":
        known["mode of -1"] = ours_only & (found == -1)
    if geometry.resampling == "lanczos" and ours_only.any():
        known["few pixels for lanczos"] = ours_only & few_in_reach(geometry, values)
    return known


def few_in_reach(geometry, values):
    """Whether fewer than half of the source pixels in lanczos's window (6 x 6) are valid."""
    height, width = geometry.shape
    exists = np.pad(np.ones((height, width)), 6)
    valid = np.pad((~np.isnan(values)).astype(float), 6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        column = np.clip(np.nan_to_num(np.floor(geometry.px - 0.5)), -1, width).astype(int)
        row = np.clip(np.nan_to_num(np.floor(geometry.py - 0.5)), -1, height).astype(int)
    total, found = np.zeros(column.shape), np.zeros(column.shape)
    for j in range(-2, 4):
        for i in range(-2, 4):
            total += exists[row + j + 6, column + i + 6]
            found += valid[row + j + 6, column + i + 6]
    return 2 * found < total
