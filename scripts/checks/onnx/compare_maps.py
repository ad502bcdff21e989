"""Maps scenes by ONNX Runtime and NumPy only, in float64 after the model, and compares the maps with terrachip's.

Input: {"cases": [{"model", "input", "output", "layout", "head", "mean", "std", "bands", "chip", "stride", "raster",
"product"}]}, where `bands` are numbers of the raster's bands from 1, `mean` and `std` in their order, and `head` is the
step after the model: softmax, sigmoid, none (for probabilities) or values.
"""

import json
import sys

import numpy as np
import onnxruntime
import rasterio

TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}


def starts(length, size, stride):
    """Starts of chips: every `stride` pixels, the last moved inwards."""
    regular = list(range(0, length - size + 1, stride))
    return regular if regular[-1] + size == length else [*regular, length - size]


def window(k, count, size, overlap):
    """Weights of chip k of a row of chips: they decrease over the overlap with a neighbour (docs/kernels.md)."""
    rise = np.ones(size)
    rise[:overlap] = np.sin(np.pi / 2 * (np.arange(overlap) + 0.5) / overlap) ** 2
    return (rise if k > 0 else 1) * (rise[::-1] if k < count - 1 else np.ones(size))


def run(case, chips):
    """The model's output for chips (chip, band, y, x): (chip, channel, y, x)."""
    session = onnxruntime.InferenceSession(case["model"], providers=["CPUExecutionProvider"])
    declared = next(each for each in session.get_inputs() if each.name == case["input"])
    dtype = np.dtype(TYPES[declared.type])
    if dtype.kind == "u":
        chips = np.clip(np.rint(chips), 0, np.iinfo(dtype).max)
    chips = chips.astype(dtype)
    if case["layout"] == "NHWC":
        chips = chips.transpose(0, 2, 3, 1)
    elif case["layout"] == "NCTHW":
        chips = chips[:, :, None]
    batch = declared.shape[0] if isinstance(declared.shape[0], int) else 1
    answers = []
    for k in range(0, len(chips), batch):
        piece = chips[k : k + batch]
        padding = np.zeros((batch - len(piece), *piece.shape[1:]), dtype)
        (answer,) = session.run([case["output"]], {case["input"]: np.concatenate([piece, padding])})
        answers.append(answer[: len(piece)].astype("float64"))
    answer = np.concatenate(answers)
    if answer.ndim == 3:
        return answer[:, None]
    return answer.transpose(0, 3, 1, 2) if case["layout"] == "NHWC" else answer


def enlarged(planes, size):
    """Bilinear, with pixel centres aligned."""
    side = planes.shape[-1]
    if side == size:
        return planes
    place = np.clip((np.arange(size) + 0.5) * side / size - 0.5, 0, side - 1)
    # A hat function around each pixel.
    hats = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(side)))
    return hats @ planes @ hats.T


def mapped(planes, head):
    if head == "softmax":
        powers = np.exp(planes - planes.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    if head == "sigmoid":
        planes = 1 / (1 + np.exp(-planes))
    if head != "values" and planes.shape[1] == 1:
        planes = np.concatenate([1 - planes, planes], axis=1)
    return planes


def whole_map(case):
    with rasterio.open(case["raster"]) as dataset:
        stored = dataset.read(case["bands"]).astype("float64")
    size, stride = case["chip"], case["stride"]
    missing = stored == 0
    mean, std = [np.array(case[key], "float64")[:, None, None] for key in ("mean", "std")]
    scene = np.where(missing, 0, (stored - mean) / std)
    places = [starts(length, size, stride) for length in scene.shape[1:]]
    corners = [(j, i) for j in range(len(places[0])) for i in range(len(places[1]))]
    cut = [(slice(places[0][j], places[0][j] + size), slice(places[1][i], places[1][i] + size)) for j, i in corners]
    chips = np.stack([scene[:, rows, columns] for rows, columns in cut])
    planes = mapped(enlarged(run(case, chips), size), case["head"])
    total = np.zeros((planes.shape[1], *scene.shape[1:]))
    weights = np.zeros(scene.shape[1:])
    for plane, (rows, columns), (j, i) in zip(planes, cut, corners):
        sides = [window(k, len(place), size, size - stride) for k, place in zip((j, i), places)]
        weight = np.outer(*sides)
        total[:, rows, columns] += weight * plane
        weights[rows, columns] += weight
    return np.where(missing.any(axis=0), np.nan, total / weights)


def compare(case):
    expected = whole_map(case)
    with rasterio.open(case["product"]) as dataset:
        product = dataset.read().astype("float64")
    if product.shape != expected.shape:
        return dict(shape=list(product.shape), expected=list(expected.shape))
    valid = ~np.isnan(expected)
    return dict(
        gaps=int((~valid).sum()),
        wrongGaps=int((np.isnan(product) == valid).sum()),
        difference=float(np.nanmax(np.abs(product - expected))),
        range=float(np.nanmax(expected[-1]) - np.nanmin(expected[-1])),
    )


request = json.load(sys.stdin)
results = [compare(case) for case in request["cases"]]
json.dump(dict(results=results, onnxruntime=onnxruntime.__version__, numpy=np.__version__), sys.stdout)
