"""TerraMind and Prithvi-EO models in plain PyTorch. Makes random checkpoints, inputs and results.

reference.py CONFIGS.json FOLDER writes NAME.pt, NAME_INPUT.npy, NAME_embeddings.npy and NAME_logits.npy for each
configuration.
"""
import json
import sys
from pathlib import Path

import numpy as np
import prithvi
import terramind
import torch
from parts import Random

torch.set_num_threads(1)
FAMILIES = {"terramind": terramind, "prithvi": prithvi}


def main(configs, folder):
    for seed, config in enumerate(json.loads(Path(configs).read_text())):
        family = FAMILIES[config.get("family", "terramind")]
        w = Random(seed)
        inputs = family.images(config, torch.Generator().manual_seed(1000 + seed))
        with torch.no_grad():
            embeddings, logits = family.run(w, config, inputs)
        name = f"{folder}/{config['name']}"
        for key in w.tensors:
            if key.endswith("num_batches_tracked"):
                w.tensors[key] = torch.tensor(7)
        torch.save({"state_dict": w.tensors}, f"{name}.pt")
        for m, x in inputs.items():
            np.save(f"{name}_{m}.npy", x.numpy())
        np.save(f"{name}_embeddings.npy", np.ascontiguousarray(embeddings.numpy()))
        if logits is not None:
            np.save(f"{name}_logits.npy", np.ascontiguousarray(logits.numpy()))


if __name__ == "__main__":
    main(*sys.argv[1:])
