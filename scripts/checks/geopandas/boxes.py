"""Random boxes in several CRSs: half of them around rasters, if there are any."""

import json
import random
import sys

import pyproj

request = json.load(sys.stdin)
random.seed(23)
boxes = []
for system in request["systems"]:
    x0, y0, x1, y1 = system["area"]
    to_system = pyproj.Transformer.from_crs("OGC:CRS84", system["crs"], always_xy=True)
    inside = [(x, y) for x, y in system["places"] if x0 <= x <= x1 and y0 <= y <= y1]
    for k in range(system["count"]):
        if k % 2 == 0 and inside:
            place = random.choice(inside)
        else:
            place = (random.uniform(x0, x1), random.uniform(y0, y1))
        x, y = to_system.transform(*place)
        least, most = system["sizes"]
        # Logarithmic sizes.
        width, height = (least * (most / least) ** random.random() for _ in range(2))
        # Off the rasters' corners.
        x += random.uniform(-0.4, 0.4) * width
        y += random.uniform(-0.4, 0.4) * height
        bounds = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
        if system["crs"] == "EPSG:4326":
            bounds = [max(-180, bounds[0]), max(-90, bounds[1]), min(180, bounds[2]), min(90, bounds[3])]
        boxes.append({"crs": system["crs"], "bounds": bounds})
print(json.dumps(boxes))
