"""A flood model in PyTorch: the independent reference of scripts/checks/torch, on random weights.

terramind.py make CONFIG.json CHECKPOINT.pt
    writes a checkpoint whose weights a seed decides.
terramind.py serve CONFIG.json CHECKPOINT.pt THREADS
    loads it and answers each line of its input with the seconds that one chip took; at the end of its input it prints
    the peak memory in MiB.
"""
import json
import resource
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/checks/torch"))
import reference  # noqa: E402


def inputs(config, size):
    generator = torch.Generator().manual_seed(1)
    result = {}
    for name in config["modalities"]:
        phases = [] if name == "DEM" else [config["timestamps"]]
        result[name] = torch.randn(1, reference.CHANNELS[name], *phases, *size, generator=generator)
    return result


def make(config, path):
    w = reference.Random(0)
    # Weights do not depend on the size of chips: a small one asks for all of them.
    with torch.no_grad():
        reference.run(w, {**config, "size": [32, 32]}, inputs(config, [32, 32]))
    torch.save({"state_dict": w.tensors}, path)


def serve(config, path, threads):
    torch.set_num_threads(threads)
    w = reference.Random(0)
    w.tensors = torch.load(path)["state_dict"]
    chip = inputs(config, config["size"])
    for _ in sys.stdin:
        start = time.perf_counter()
        with torch.no_grad():
            _, logits = reference.run(w, config, chip)
        seconds = time.perf_counter() - start
        assert bool(torch.isfinite(logits).all())
        print(seconds, flush=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


what, config, path = sys.argv[1:4]
config = json.loads(Path(config).read_text())
if what == "make":
    make(config, path)
else:
    serve(config, path, int(sys.argv[4]))
