"""Training chips: random crops of the events of make-data.js."""

import os

import numpy as np
import torch
import torch.nn.functional as F

PHASES = ("pre_month", "pre_event", "event", "post_event")
#: Layers of the truth: the flood, permanent water, and water in each phase.
FLOOD, PERMANENT, WATER = 0, 1, 2
IGNORE = 255


class Event:
    def __init__(self, folder, seed):
        load = lambda name: np.load(os.path.join(folder, f"{seed}_{name}.npy"), mmap_mode="r")
        self.s1, self.s2, self.dem, self.truth = load("S1RTC"), load("S2L2A"), load("DEM"), load("label")
        self.height, self.width = self.dem.shape[1:]


def open_split(root, split):
    folder = os.path.join(root, split)
    seeds = sorted({name.split("_")[0] for name in os.listdir(folder) if name.endswith("_label.npy")})
    return [Event(folder, seed) for seed in seeds]


def statistics(events):
    """Mean and standard deviation of each band in its units, over every eighth pixel of the events."""
    s1, s2, dem = ([], [], [])
    for event in events:
        radar = np.asarray(event.s1[:, :, ::8, ::8], np.float64)
        s1.append(np.where(radar == -32768, np.nan, radar / 100).reshape(2, -1))
        optical = np.asarray(event.s2[:, :, ::8, ::8], np.float64)
        s2.append(np.where(optical == 0, np.nan, optical).reshape(12, -1))
        dem.append(np.asarray(event.dem[:, ::8, ::8], np.float64).reshape(1, -1))
    describe = lambda parts: {
        "mean": np.nanmean(np.concatenate(parts, 1), 1).round(3).tolist(),
        "std": np.nanstd(np.concatenate(parts, 1), 1).round(3).tolist(),
    }
    return {"S2L2A": describe(s2), "S1RTC": describe(s1), "DEM": describe(dem)}


#: Replacements of missing values, in their units, as in TerraMind's flood model.
REPLACEMENT = {"S2L2A": 0.0, "S1RTC": 0.0, "DEM": 0.0}


def normalised(name, values, missing, stats):
    """(values − mean) / std of a modality, with missing values replaced first."""
    statistics = stats[name]
    shape = (-1,) + (1,) * (values.ndim - 1)
    mean = np.array(statistics["mean"], np.float32).reshape(shape)
    std = np.array(statistics["std"], np.float32).reshape(shape)
    values = np.where(missing, REPLACEMENT[name], values)
    return torch.from_numpy(((values - mean) / std).astype(np.float32))


def window(event, top, left, size):
    rows, columns = slice(top, top + size), slice(left, left + size)
    return (
        np.asarray(event.s1[:, :, rows, columns]),
        np.asarray(event.s2[:, :, rows, columns]),
        np.asarray(event.dem[:, rows, columns], np.float32),
        np.asarray(event.truth[:, rows, columns]),
    )


def place(rng, event, size, layer):
    """A corner for a crop; at least three of four crops contain some of a layer, if possible."""
    wanted = rng.random() < 0.75
    for _ in range(6):
        top = int(rng.integers(0, event.height - size + 1))
        left = int(rng.integers(0, event.width - size + 1))
        if not wanted or (event.truth[layer, top : top + size : 8, left : left + size : 8] == 1).mean() > 0.03:
            break
    return top, left


def flip(rng, arrays):
    horizontal, vertical = rng.random() < 0.5, rng.random() < 0.5
    for array in arrays:
        if horizontal:
            array = array[..., ::-1]
        if vertical:
            array = array[..., ::-1, :]
        yield np.ascontiguousarray(array)


def flood_chip(rng, events, size, stats):
    """Inputs in the order S2L2A, S1RTC, DEM, and the flood (255 outside the radar swath)."""
    event = events[int(rng.integers(len(events)))]
    s1, s2, dem, truth = flip(rng, window(event, *place(rng, event, size, FLOOD), size))
    gap = s1 == -32768
    radar = s1.astype(np.float32) / 100 + rng.normal(0, 0.7, (2, 4, 1, 1)).astype(np.float32)
    radar += (rng.uniform(0, 1.2) * rng.standard_normal(s1.shape)).astype(np.float32)
    # Additional wind: patches of water at the event become rough.
    radar[:, 2] += roughness(rng, size, truth[WATER + 2] == 1, 5)
    optical = s2.astype(np.float32) * (1 + rng.normal(0, 0.05, (12, 4, 1, 1)).astype(np.float32))
    dem = dem + np.float32(rng.normal(0, 100))
    label = np.where(gap[0, 1] | gap[0, 2], IGNORE, truth[FLOOD])
    return (
        normalised("S2L2A", optical, s2 == 0, stats),
        normalised("S1RTC", radar, gap, stats),
        normalised("DEM", dem, np.isnan(dem), stats),
    ), torch.from_numpy(label.astype(np.int64))


def smooth_field(rng, size, cells):
    """Smooth noise of standard deviation 1, with `cells` cells per side."""
    noise = torch.from_numpy(rng.standard_normal((1, 1, cells, cells)).astype(np.float32))
    field = F.interpolate(noise, size=(size, size), mode="bicubic", align_corners=False)[0, 0]
    return (field / field.std()).numpy()


def roughness(rng, size, water, most):
    """Increase of water backscatter by wind in dB: VV, and about half as much in VH."""
    amount = rng.uniform(0, most) * np.clip(smooth_field(rng, size, int(rng.integers(3, 16))) - rng.uniform(-1, 1), 0, 1)
    vv = np.where(water, amount, 0)
    return np.stack([vv, vv * rng.uniform(0.3, 0.8)]).astype(np.float32)


def parcels(rng, size):
    """Fields in rows: the index of each pixel's field, and whether the pixel is on a path between fields."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    angle = rng.uniform(0, np.pi)
    across = x * np.cos(angle) + y * np.sin(angle) + 4 * size
    along = y * np.cos(angle) - x * np.sin(angle) + 4 * size
    width, length = rng.uniform(4, 18), rng.uniform(8, 60)
    row = (across / width).astype(np.int64)
    along = along + rng.uniform(0, length, row.max() + 1)[row]
    column = (along / length).astype(np.int64)
    path = (across % width < 1) | (along % length < 1)
    return row * (column.max() + 1) + column, path


def flooded_fields(rng, radar, water):
    """Floods some fields in part of a chip. Backscatter of partly flooded fields is between that of land and water; they
    are labelled as water."""
    size = water.shape[0]
    field, path = parcels(rng, size)
    share = rng.uniform(0.2, 0.9)
    wetness = np.where(rng.random(field.max() + 1) < share, rng.uniform(0.45, 1, field.max() + 1), 0)[field]
    wetness = np.where(smooth_field(rng, size, int(rng.integers(2, 6))) > rng.uniform(-0.5, 1.2), wetness, 0)
    if rng.random() < 0.6:
        wetness = np.where(path, 0, wetness)
    wetness = np.where(water, 0, wetness)
    mean = rng.normal([[[-20.5]], [[-27.5]]], 1.5)
    power = 10 ** (mean / 10) * rng.gamma(4.4, 1 / 4.4, radar.shape)
    mixed = wetness * power + (1 - wetness) * 10 ** (radar / 10)
    return (10 * np.log10(mixed)).astype(np.float32), water | (wetness > 0)


def water_chip(rng, events, size, stats):
    """One date of one event with other incidence, wind, moisture, fields, relief, looks and filters."""
    event = events[int(rng.integers(len(events)))]
    phase = int(rng.integers(4))
    s1, _, _, truth = flip(rng, window(event, *place(rng, event, size, WATER + phase), size))
    s1, water = s1[:, phase], truth[WATER + phase] == 1
    gap = s1 == -32768
    radar = np.where(gap, -12, s1.astype(np.float32) / 100).astype(np.float32)
    mean = F.avg_pool2d(torch.from_numpy(radar)[None], 5, 1, 2)[0].numpy()
    # Flooded vegetation is as bright as dry vegetation, so that it is not labelled.
    canopy = water & (mean[0] > -9.5)
    # At one date, a field as dark as water cannot be told from water. Most are made brighter, as most wet fields are.
    dark = ~water & (mean[0] < -14)
    radar += np.where(dark, rng.uniform(0, 6), 0).astype(np.float32)
    if rng.random() < 0.7:
        radar, water = flooded_fields(rng, radar, water)
    wet = water & ~canopy
    radar += roughness(rng, size, wet, 8)
    # Relief, and patches of land that are darker or brighter than the generator's.
    relief = rng.uniform(0, 3) * smooth_field(rng, size, int(rng.integers(4, 40)))
    radar += np.where(wet, 0, relief + rng.normal(0, 1.2)).astype(np.float32)
    contrast = rng.uniform(0.75, 1.25)
    radar = -13 + contrast * (radar + 13)
    radar += rng.normal(0, [[[1.5]], [[1.5]]]).astype(np.float32) + np.float32(rng.normal(0, 1.2))
    if rng.random() < 0.6:
        looks = rng.uniform(1.5, 12)
        radar += (10 * np.log10(rng.gamma(looks, 1 / looks, radar.shape))).astype(np.float32)
    if rng.random() < 0.6:
        kernel = int(rng.choice([3, 3, 5]))
        power = torch.from_numpy(10 ** (radar / 10))[None]
        radar = 10 * np.log10(F.avg_pool2d(power, kernel, 1, kernel // 2, count_include_pad=False)[0].numpy())
    label = np.where(gap[0] | canopy, IGNORE, water)
    return (normalised("S1RTC", radar, gap, stats),), torch.from_numpy(label.astype(np.int64))
