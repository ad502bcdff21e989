"""Writes test/fixtures/polygons/pairs.json: pairs of polygons, and their spatial predicates by shapely (GEOS).

Run with Debian's python3-shapely: /usr/bin/python3 scripts/truth/polygons.py

Most vertices are on a small lattice, so that polygons touch at corners, share edges or parts of them, fill each other's
holes or are equal. The other polygons are convex, with arbitrary vertices.
"""
import json
import os
import random

from shapely.geometry import Polygon, box

OUT = os.path.join(os.path.dirname(__file__), '..', '..', 'test', 'fixtures', 'polygons')
os.makedirs(OUT, exist_ok=True)
random.seed(7)


def lattice(count, scale=1, shift=0):
    return [(random.randint(0, 8) * scale + shift, random.randint(0, 8) * scale + shift) for _ in range(count)]


def anywhere(count):
    return [(round(random.uniform(0, 8), 3), round(random.uniform(0, 8), 3)) for _ in range(count)]


def rectangle():
    x, y = random.randint(0, 6), random.randint(0, 6)
    return box(x, y, x + random.randint(1, 4), y + random.randint(1, 4))


def frame():
    hole = box(random.randint(1, 3), random.randint(1, 3), random.randint(4, 7), random.randint(4, 7))
    return box(0, 0, 8, 8).difference(hole)


KINDS = [
    rectangle,
    lambda: Polygon(lattice(random.randint(3, 7))),
    lambda: Polygon(anywhere(random.randint(3, 8))).convex_hull,
    lambda: Polygon(lattice(random.randint(3, 6)), [lattice(3, 0.5, 2)]),
    frame,
]


def polygon():
    while True:
        found = random.choice(KINDS)()
        if found.geom_type == 'Polygon' and found.is_valid and found.area > 0:
            return found


def rings(found):
    return [[list(position) for position in ring.coords] for ring in [found.exterior, *found.interiors]]


pairs = [(frame_, Polygon(frame_.interiors[0].coords)) for frame_ in [frame()]]
pairs += [(polygon(), polygon()) for _ in range(399)]
with open(os.path.join(OUT, 'pairs.json'), 'w') as file:
    json.dump([{
        'a': rings(a),
        'b': rings(b),
        'touch': a.intersects(b),
        'intersects': a.relate(b)[0] != 'F',
        'within': a.covered_by(b),
        'contains': a.covers(b),
        'area': round(a.intersection(b).area, 9),
    } for a, b in pairs], file, separators=(',', ':'))
    file.write('\n')
