"""Writes test/fixtures/checkpoints/: small files of torch.save and safetensors, and truth.json with the values in them.

Run on Debian 12 with python3-torch: /usr/bin/python3 scripts/truth/checkpoints.py [FOLDER]

Files of PyTorch 2 are those of PyTorch 1 plus its new entries (byteorder, .format_version, .storage_alignment,
.data/serialization_id). safetensors files are written from the format's description.
"""
import collections
import hashlib
import json
import os
import struct
import sys
import zipfile

import torch

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
    os.path.dirname(__file__), "..", "..", "test", "fixtures", "checkpoints")
os.makedirs(OUT, exist_ok=True)
for name in os.listdir(OUT):
    os.remove(os.path.join(OUT, name))
torch.manual_seed(7)
truth = {}
DTYPES = {
    torch.float32: "float32", torch.float16: "float16", torch.bfloat16: "bfloat16", torch.float64: "float64",
    torch.int64: "int64", torch.int32: "int32", torch.uint8: "uint8", torch.bool: "bool",
}


def path(name):
    return os.path.join(OUT, name)


def describe(tensors):
    result = []
    for name, tensor in tensors.items():
        entry = {"name": name, "dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape)}
        if tensor.dtype.is_floating_point:
            values = tensor.detach().to(torch.float32).contiguous().numpy()
            entry["sha256"] = hashlib.sha256(values.astype("<f4").tobytes()).hexdigest()
        result.append(entry)
    return result


def save(name, value, tensors, **options):
    torch.save(value, path(name), **options)
    truth[name] = {"format": "torch", "tensors": describe(tensors)}


def special(dtype):
    """Numbers with special bit patterns, such as subnormals."""
    tiny = 1e-7 if dtype == torch.float16 else 1e-40
    return torch.tensor([0.0, -0.0, 1.0, -1.5, float("inf"), -float("inf"), tiny, 3.14159, 60000.0]).to(dtype)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 3, 3)
        self.norm = torch.nn.BatchNorm2d(3)
        self.head = torch.nn.Linear(3, 2, bias=False)


types = collections.OrderedDict(
    float32=special(torch.float32), float16=special(torch.float16), bfloat16=special(torch.bfloat16),
    float64=torch.rand(3, 4, dtype=torch.float64), int64=torch.arange(5), int32=torch.arange(4, dtype=torch.int32),
    uint8=torch.arange(3, dtype=torch.uint8), bool=torch.tensor([True, False]),
    scalar=torch.tensor(2.5), empty=torch.zeros(0, 3))
for protocol in (2, 3, 4, 5):
    save(f"types-protocol{protocol}.pt", types, types, pickle_protocol=protocol)

net = Net()
state = net.state_dict()
save("module.pt", state, state)
save("nested.pt", {"state_dict": dict(state)}, state)

base = torch.rand(4, 6, 5)
half = torch.rand(6, 6).half()
strided = {
    "whole": base, "permuted": base.permute(2, 0, 1), "transposed": base.transpose(0, 1), "sliced": base[1:3, 2:5, 1:4],
    "stepped": base[:, ::2, 1::3], "column": base[:, 3, 2], "element": base[2, 3, 4], "flat": base.view(-1)[7:50],
    "halves": half.t(), "halves_stepped": half[1::2, ::3].t(), "tied": base,
}
save("strided.pt", strided, strided)
expanded = {"expanded": torch.rand(3, 1).expand(3, 4), "fits": torch.rand(2)}
torch.save(expanded, path("refused-expanded.pt"))
torch.save({"overlapping": torch.rand(16).as_strided((3, 4), (2, 1))}, path("refused-overlapping.pt"))
torch.save({"short": torch.arange(3, dtype=torch.int16)}, path("refused-short.pt"))
torch.save({"sparse": torch.eye(3).to_sparse()}, path("refused-sparse.pt"))
torch.save(net, path("refused-module.pt"))
torch.save({"state": {"deeper": {"weight": torch.rand(2)}}}, path("refused-deeper.pt"))
torch.save(state, path("refused-legacy.pt"), _use_new_zipfile_serialization=False)
torch.jit.script(torch.nn.Linear(2, 2)).save(path("refused-script.pt"))

optimiser = torch.optim.Adam(net.parameters())
net.head(net.norm(net.conv(torch.rand(1, 2, 5, 5))).mean((2, 3))).sum().backward()
optimiser.step()
state = net.state_dict()
save("lightning.ckpt", {
    "epoch": 3, "global_step": 1234, "pytorch-lightning_version": "2.1.0", "state_dict": state,
    "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 3}}}},
    "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.5), "kth": []}},
    "optimizer_states": [optimiser.state_dict()], "lr_schedulers": [],
    "hparams_name": "kwargs", "hyper_parameters": {"lr": 1e-4, "seed": 2 ** 70, "freeze": False, "bands": ("VV", "VH"),
                                                   "tags": {"flood"}, "shape": torch.Size([4, 2]), "raw": b"abc"},
}, state, pickle_protocol=4)

parameters = {"weight": torch.nn.Parameter(torch.rand(2, 3)), "note": "not a tensor"}
save("parameters.pt", parameters, {"weight": parameters["weight"]})


def as_torch2(source, name, order):
    with zipfile.ZipFile(path(source)) as old, zipfile.ZipFile(path(name), "w", zipfile.ZIP_STORED) as new:
        root = old.namelist()[0].split("/")[0]
        for entry in old.namelist():
            new.writestr("archive" + entry[len(root):], old.read(entry))
            if entry.endswith("/data.pkl"):
                new.writestr("archive/.format_version", "1")
                new.writestr("archive/.storage_alignment", "64")
                new.writestr("archive/byteorder", order)
        new.writestr("archive/.data/serialization_id", "1" * 40)


as_torch2("module.pt", "module-torch2.pt", "little")
truth["module-torch2.pt"] = truth["module.pt"]
as_torch2("module.pt", "refused-big-endian.pt", "big")

CODES = {
    "float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64", "int64": "I64", "int32": "I32",
    "uint8": "U8", "bool": "BOOL",
}
header, data = {"__metadata__": {"format": "pt"}}, b""
for name, tensor in types.items():
    raw = (tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor).contiguous().numpy().tobytes()
    code = CODES[DTYPES[tensor.dtype]]
    header[name] = {"dtype": code, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(path("types.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
truth["types.safetensors"] = {"format": "safetensors", "tensors": describe(types)}

with open(path("truth.json"), "w") as file:
    json.dump(truth, file, indent=1)
    file.write("\n")
