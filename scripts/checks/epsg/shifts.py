"""PROJ's shifts to WGS 84, for codes whose shift in the npm package epsg-index is more than a metre off.

Reads {"records": [{"code", "proj4", "points": [[longitude, latitude], …]}]} and prints rows {"shift", "metres", "codes"}: the
shift to use (null: the package's own), and the largest error in metres, rounded up (null: PROJ has no operation either).
"""
import json
import math
import re
import sys
import warnings

import numpy as np
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import ProjError
from pyproj.transformer import TransformerGroup

warnings.simplefilter("ignore")
WGS84 = CRS.from_epsg(4326)
GEOD = Geod(ellps="WGS84")
ZERO = "0,0,0,0,0,0,0"
GRIDS = re.compile("proj=(hgridshift|deformation|tinshift|xyzgridshift|gridshift)")


def written(values):
    # Adding 0.0 turns -0 into 0.
    return ",".join(f"{round(float(v), 6) + 0.0:.6f}".rstrip("0").rstrip(".") for v in values)


def shift_of(definition):
    """The single Helmert transformation of a pipeline as towgs84, of any method; None for other pipelines."""
    steps = [s for s in definition.split("step ") if "proj=helmert" in s or "proj=molobadekas" in s]
    if GRIDS.search(definition) or len(steps) > 1:
        return None
    if not steps:
        return ZERO
    given = dict(re.findall(r"(\w+)=([^\s]+)", steps[0]))
    number = lambda name: float(given.get(name, 0))
    # towgs84 rotates position vectors; EPSG's coordinate frame rotation has the other sign.
    sign = -1 if given.get("convention") == "coordinate_frame" else 1
    rotation = np.array([number("rx"), number("ry"), number("rz")]) * sign
    translation = np.array([number("x"), number("y"), number("z")])
    if given["proj"] == "molobadekas":
        pivot = np.array([number("px"), number("py"), number("pz")])
        a, b, c = np.radians(rotation / 3600)
        turned = np.array([[1, -c, b], [c, 1, -a], [-b, a, 1]]) @ pivot
        translation = translation + pivot - (1 + number("s") * 1e-6) * turned
    values = np.array([*translation, *rotation, number("s")])
    return written(-values if "inv" in steps[0].split() else values)


class Base:
    """A geographic CRS with its operations to WGS 84."""

    def __init__(self, crs):
        self.crs = crs
        self.degrees = crs.axis_info[0].unit_conversion_factor * 180 / math.pi
        self.ellipsoid = f"+a={crs.ellipsoid.semi_major_metre!r} +b={crs.ellipsoid.semi_minor_metre!r}"
        meridian = crs.prime_meridian
        self.meridian = meridian.longitude * meridian.unit_conversion_factor * 180 / math.pi
        self.candidates = set()
        try:
            operations = TransformerGroup(crs, WGS84, always_xy=True, allow_ballpark=False).transformers
            self.candidates = {shift_of(operation.definition) for operation in operations} - {None}
        except (ProjError, IndexError):
            # pyproj may return no operation if grids are missing.
            pass
        try:
            self.exact = Transformer.from_crs(WGS84, crs, always_xy=True, allow_ballpark=False)
        except (ProjError, IndexError):
            self.exact = None
        self.by_shift = {}

    def from_wgs84(self, longitude, latitude):
        """Coordinates in degrees from Greenwich."""
        x, y = self.exact.transform(longitude, latitude)
        return np.array(x) * self.degrees + self.meridian, np.array(y) * self.degrees

    def error(self, shift, points):
        """The largest error in metres."""
        if shift not in self.by_shift:
            definition = f"+proj=longlat {self.ellipsoid} +towgs84={shift} +no_defs"
            self.by_shift[shift] = Transformer.from_crs(CRS.from_proj4(definition), WGS84, always_xy=True)
        longitude, latitude, x, y = points
        found = np.array(self.by_shift[shift].transform(x, y))
        return float(np.max(GEOD.inv(longitude, latitude, found[0], found[1])[2]))

    def fitted(self, members):
        """The translation with the best average fit."""
        longitude, latitude, x, y = (np.concatenate(parts) for parts in zip(*members))
        geocentric = lambda definition: Transformer.from_pipeline(f"+proj=cart {definition}")
        zero = np.zeros_like(x)
        there = np.array(geocentric("+ellps=WGS84").transform(np.radians(longitude), np.radians(latitude), zero))
        here = np.array(geocentric(self.ellipsoid).transform(np.radians(x), np.radians(y), zero))
        return written([*np.round((there - here).mean(axis=1), 2), 0, 0, 0, 0])


def main():
    bases, groups, rows = {}, {}, {}
    for record in json.load(sys.stdin)["records"]:
        try:
            crs = CRS.from_epsg(record["code"]).geodetic_crs
        except Exception:
            continue
        if crs is None:
            continue
        key = json.dumps(crs.to_json_dict().get("id", crs.name))
        if key not in bases:
            bases[key] = Base(crs)
        longitude, latitude = np.array(record["points"]).T
        base = bases[key]
        shift = re.search(r"\+towgs84=(\S+)", record["proj4"])
        datum = re.search(r"\+datum=(NAD83|WGS84)\b", record["proj4"])
        now = shift.group(1) if shift else ZERO
        if base.exact is None:
            # Datums on modern ellipsoids equal WGS 84 to a metre or two.
            if not shift and not datum and abs(crs.ellipsoid.semi_major_metre - 6378137) > 5:
                rows.setdefault((None, None), []).append(record["code"])
            continue
        x, y = base.from_wgs84(longitude, latitude)
        known = np.isfinite(x) & np.isfinite(y)
        if known.any():
            points = tuple(v[known] for v in (longitude, latitude, x, y))
            groups.setdefault((key, now, bool(shift or datum)), []).append((record["code"], points))

    for (key, now, declared), members in groups.items():
        base = bases[key]
        wrong = [(code, points, base.error(now, points)) for code, points in members]
        wrong = [entry for entry in wrong if entry[2] > 1]
        if not wrong:
            continue
        every = [points for _, points in members]
        candidates = sorted(
            base.candidates | {ZERO, base.fitted(every)},
            key=lambda shift: np.mean([base.error(shift, points) for points in every]),
        )
        for code, points, before in wrong:
            errors = [base.error(shift, points) for shift in candidates]
            good = next((k for k, error in enumerate(errors) if error <= 1), int(np.argmin(errors)))
            # Replace the package's shift only if the error is below a metre or halved.
            better = errors[good] <= 1 or errors[good] < before / 2
            metres = errors[good] if better else before
            rows.setdefault(
                (candidates[good] if better else None, 0 if metres <= 1 else math.ceil(metres)), []
            ).append(code)
    print(json.dumps([{"shift": s, "metres": m, "codes": sorted(codes)} for (s, m), codes in rows.items()]))


if __name__ == "__main__":
    main()
