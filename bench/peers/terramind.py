"""A flood model in PyTorch (the reference model of scripts/checks/torch) with random weights.

terramind.py make CONFIG.json CHECKPOINT.pt
    writes a checkpoint with seeded random weights.
terramind.py serve CONFIG.json CHECKPOINT.pt THREADS
    loads it and prints the seconds per chip for each input line, and the peak memory in MiB at the end of the input.
"""
import json
import resource
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts/checks/torch"))
import terramind  # noqa: E402
from parts import Random  # noqa: E402


def inputs(config, size):
    return terramind.images({**config, "size": size}, torch.Generator().manual_seed(1))


def make(config, path):
    w = Random(0)
    # Weights do not depend on the chip size; a small chip creates all of them.
    with torch.no_grad():
        terramind.run(w, {**config, "size": [32, 32]}, inputs(config, [32, 32]))
    torch.save({"state_dict": w.tensors}, path)


def serve(config, path, threads):
    torch.set_num_threads(threads)
    w = Random(0)
    w.tensors = torch.load(path)["state_dict"]
    chip = inputs(config, config["size"])
    for _ in sys.stdin:
        start = time.perf_counter()
        with torch.no_grad():
            _, logits = terramind.run(w, config, chip)
        seconds = time.perf_counter() - start
        assert bool(torch.isfinite(logits).all())
        print(seconds, flush=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


command, config, path = sys.argv[1:4]
config = json.loads(Path(config).read_text())
if command == "make":
    make(config, path)
else:
    serve(config, path, int(sys.argv[4]))
