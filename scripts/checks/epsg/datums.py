"""Names of datums and CRSs, and direct transformations between datums (not through WGS 84), from PROJ's database.

Reads {"shifts": {code: [terrachip's towgs84, its error in metres]}} of geographic and projected codes, and prints
{"datums": [[code, code for projected CRSs, metres, names]], "systems": [[code, names]], "direct": [[from, to, metres,
towgs84]]}. Names are EPSG's and Esri's in the form of plain().
"""
import collections
import json
import os
import re
import sqlite3
import sys

from pyproj import CRS, Geod, Transformer, datadir
from pyproj.exceptions import ProjError
from pyproj.transformer import TransformerGroup

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shifts import GRIDS, ZERO, shift_of  # noqa: E402

GEOD = Geod(ellps="WGS84")
# As in src/geo/node/epsg-tables.ts: realizations of NAD83 are treated as equal.
NAD83 = {4152, 4269, 4617, 4759, 6318, 6783, 8232, 8235, 8237, 8240, 8246, 8249, 8252, 8255, 8860}


def plain(name):
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^(d|gcs)_", "", name.lower()))


def same(a, b):
    return all(abs(x - y) < 1e-3 for x, y in zip(seven(a), seven(b)))


def seven(shift):
    return ([float(v) for v in shift.split(",")] + [0] * 7)[:7] if shift else [0] * 7


def main():
    given = {int(code): pair for code, pair in json.load(sys.stdin)["shifts"].items()}
    shifts = {code: shift for code, (shift, _) in given.items()}
    metres = {code: off for code, (_, off) in given.items()}
    path = next(p for p in datadir.get_data_dir().split(os.pathsep) if os.path.exists(os.path.join(p, "proj.db")))
    query = sqlite3.connect(os.path.join(path, "proj.db")).cursor().execute
    aliases = collections.defaultdict(list)
    for table, code, name in list(query("select table_name, code, alt_name from alias_name where auth_name = 'EPSG'")):
        aliases[table, int(code)].append(name)
    members = collections.defaultdict(list)
    projected = list(
        query(
            "select code, name, geodetic_crs_code from projected_crs where auth_name = 'EPSG'"
            " and geodetic_crs_auth_name = 'EPSG' order by cast(code as int)"
        )
    )
    for code, name, base in projected:
        if int(code) in shifts:
            members[int(base)].append((int(code), name))
    geographic = list(
        query(
            "select g.code, g.name, d.code, d.name from geodetic_crs g join geodetic_datum d on d.code = g.datum_code and"
            " d.auth_name = g.datum_auth_name where g.auth_name = 'EPSG' and g.type = 'geographic 2D'"
            " order by g.deprecated, cast(g.code as int)"
        )
    )
    # A shared name, such as NAD83, belongs to the datum whose main name it is.
    main_names = {}
    for code, name, _, datum_name in geographic:
        for each in (name, datum_name):
            main_names.setdefault(plain(each), int(code))
    datums, systems, taken, known = [], [], set(), {}
    for code, name, datum, datum_name in geographic:
        code = int(code)
        names = [name, datum_name, *aliases["geodetic_crs", code], *aliases["geodetic_datum", int(datum)]]
        own = [n for n in dict.fromkeys(plain(n) for n in names) if main_names.get(n, code) == code and n not in taken]
        own = [n for n in own if re.search("[a-z]", n)]
        # Geographic CRSs in grads are refused, projected CRSs based on them are not.
        alone = code in shifts
        if not own or not (alone or members[code]):
            continue
        taken.update(own)
        # The most common shift of a datum's CRSs is its default.
        counts = collections.Counter(shifts[member] for member, _ in members[code])
        usual, count = counts.most_common(1)[0] if counts else (shifts[code], 0)
        if alone and (count < 20 or count < 2 * sum(n for shift, n in counts.items() if same(shift, shifts[code]))):
            usual = shifts[code]
        proxy = 0 if alone and same(usual, shifts[code]) else next(m for m, _ in members[code] if shifts[m] == usual)
        off = metres[proxy or code]
        for member, member_name in members[code]:
            if same(shifts[member], usual) and metres[member] <= max(30, off):
                off = max(off, metres[member])
        known[code] = (proxy, off, own)
        for member, member_name in members[code]:
            if not same(shifts[member], usual) or metres[member] > off:
                both = dict.fromkeys(plain(n) for n in [member_name, *aliases["projected_crs", member]])
                systems.append([member, " ".join(both)])

    direct = []
    pairs = set()
    for table in ("helmert_transformation_table", "grid_transformation", "other_transformation"):
        pairs.update(
            (int(a), int(b))
            for a, b in query(
                f"select t.source_crs_code, t.target_crs_code from {table} t where t.source_crs_auth_name = 'EPSG' and"
                " t.target_crs_auth_name = 'EPSG' and t.deprecated = 0 and t.source_crs_code != t.target_crs_code"
            )
        )
    for a, b in sorted({(min(p), max(p)) for p in pairs}):
        # Older datums go through WGS 84: their shifts vary by region more than between the two paths.
        if any(code not in known or code not in shifts or code == 4326 or max(map(abs, seven(shifts[code])[:3])) > 5 for code in (a, b)):
            continue
        row = None if a in NAD83 and b in NAD83 else transformation(a, b, shifts)
        if row is not None:
            direct.append(row)
    named = NAD83 | {code for a, b, *_ in direct for code in (a, b)}
    for code, (proxy, off, own) in sorted(known.items()):
        if proxy != 0 or any(seven(shifts[code])) or off > 0 or code in named:
            datums.append([code, proxy, off, " ".join(own)])
    print(json.dumps({"datums": datums, "systems": systems, "direct": direct}))


def transformation(a, b, shifts):
    """PROJ's best operation without grids, if it is accurate to a metre and differs from ours through WGS 84."""
    first, second = CRS.from_epsg(a), CRS.from_epsg(b)
    if re.match("[IE]TRF", first.name) or re.match("[IE]TRF", second.name):
        return None
    if first.prime_meridian.longitude != 0 or second.prime_meridian.longitude != 0:
        return None
    try:
        operations = TransformerGroup(first, second, always_xy=True, allow_ballpark=False).transformers
    except (ProjError, IndexError):
        return None
    operations = [operation for operation in operations if not GRIDS.search(operation.definition)]
    if not operations or not 0 <= operations[0].accuracy <= 1:
        return None
    shift = shift_of(operations[0].definition)
    areas = [first.area_of_use, second.area_of_use]
    west, south = max(r.west for r in areas), max(r.south for r in areas)
    east, north = min(r.east for r in areas), min(r.north for r in areas)
    if shift is None or west > east or south > north:
        return None
    place = [(west + east) / 2, (south + north) / 2]
    ours = Transformer.from_crs(by_shift(first, shifts[a]), by_shift(second, shifts[b]), always_xy=True)
    found, wanted = ours.transform(*place), operations[0].transform(*place)
    if GEOD.inv(*found, *wanted)[2] <= 0.2:
        return None
    return [a, b, operations[0].accuracy, "0,0,0" if shift == ZERO else re.sub("(,0){4}$", "", shift)]


def by_shift(crs, shift):
    shape = f"+a={crs.ellipsoid.semi_major_metre!r} +b={crs.ellipsoid.semi_minor_metre!r}"
    return CRS.from_proj4(f"+proj=longlat {shape} +towgs84={','.join(map(str, seven(shift)))} +no_defs")


main()
