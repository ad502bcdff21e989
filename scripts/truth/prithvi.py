"""Writes test/fixtures/prithvi/: a small random checkpoint in Prithvi-EO's layout, and PyTorch's results.

The model is scripts/checks/torch/prithvi.py: two dates, patches of 4 pixels, three blocks of 16 channels, an FCN decoder,
three classes. Element k of an input is sin(0.37 k). Run with Debian's python3-torch, from the root of the project:
    python3 scripts/truth/prithvi.py
"""
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, "scripts/checks/torch")
import prithvi
from parts import Random

CONFIG = {
    "width": 16,
    "heads": 1,
    "hidden": 24,
    "depth": 3,
    "taps": [2],
    "eps": 1e-5,
    "gated": False,
    "bias": True,
    "bands": 6,
    "patch": 4,
    "side": 8,
    "stored": 2,
    "coordinates": True,
    "timestamps": 2,
    "decoder": "fcn",
    "steps": 2,
    "neck": False,
    "headChannels": [],
    "classes": 3,
    "batch": 1,
}

torch.set_num_threads(1)
folder = Path("test/fixtures/prithvi")
folder.mkdir(parents=True, exist_ok=True)
w = Random(3)
for size in (32, 24):
    shape = (1, CONFIG["bands"], CONFIG["timestamps"], size, size)
    values = np.sin(0.37 * np.arange(np.prod(shape))).astype(np.float32)
    with torch.no_grad():
        _, logits = prithvi.run(w, {**CONFIG, "size": [size, size]}, {"image": torch.from_numpy(values.reshape(shape))})
    np.save(folder / f"logits_{size}.npy", np.ascontiguousarray(logits.numpy()))
torch.save({"state_dict": w.tensors}, folder / "small.pt")
