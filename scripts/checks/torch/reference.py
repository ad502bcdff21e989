"""A TerraMind model in plain PyTorch, written from its description. Makes random checkpoints, inputs and results.

reference.py CONFIGS.json FOLDER writes NAME.pt, NAME_MODALITY.npy, NAME_embeddings.npy and NAME_logits.npy for each
configuration.
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
CHANNELS = {"S2L2A": 12, "S1RTC": 2, "DEM": 1}
KEYS = {"S2L2A": "untok_sen2l2a@224", "S1RTC": "untok_sen1rtc@224", "DEM": "untok_dem@224"}


class Random:
    """Tensors of a checkpoint, created randomly on first access."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)
        self.tensors = {}

    def __call__(self, name, *shape, spread=None, centre=0.0, positive=False):
        if name not in self.tensors:
            fan = int(np.prod(shape[1:])) if len(shape) > 1 else 25
            values = torch.randn(*shape, generator=self.generator) * (spread or fan**-0.5) + centre
            self.tensors[name] = values.abs() + 0.5 if positive else values
        return self.tensors[name]


def linear(w, name, x, outputs, bias):
    weight = w(f"{name}.weight", outputs, x.shape[-1])
    return F.linear(x, weight, w(f"{name}.bias", outputs) if bias else None)


def norm(w, name, x):
    width = x.shape[-1]
    return F.layer_norm(x, (width,), w(f"{name}.weight", width, centre=1.0), w(f"{name}.bias", width), eps=1e-6)


def embed(w, prefix, config, modality, image):
    width, key = config["width"], f"{prefix}encoder_embeddings.{KEYS[modality]}"
    batch, channels, height, columns = image.shape
    rows, columns = height // 16, columns // 16
    patches = image.reshape(batch, channels, rows, 16, columns, 16).permute(0, 2, 4, 3, 5, 1)
    weight = w(f"{key}.proj.weight", width, 256 * channels)
    tokens = patches.reshape(batch, rows * columns, -1) @ weight.T
    position = w(f"{key}.pos_emb", 1, 196, width)
    if (rows, columns) != (14, 14):
        grid = position.reshape(1, 14, 14, width).permute(0, 3, 1, 2)
        grid = F.interpolate(grid, size=(rows, columns), mode="bicubic", align_corners=False)
        position = grid.permute(0, 2, 3, 1).reshape(1, rows * columns, width)
    return tokens + position + w(f"{key}.mod_emb", 1, 1, width)


def block(w, name, config, x):
    width, heads = config["width"], config["heads"]
    batch, count, _ = x.shape
    qkv = linear(w, f"{name}.attn.qkv", norm(w, f"{name}.norm1", x), 3 * width, config["bias"])
    q, k, v = qkv.reshape(batch, count, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    shares = torch.softmax(q @ k.transpose(-1, -2) * (width // heads) ** -0.5, dim=-1)
    mixed = (shares @ v).transpose(1, 2).reshape(batch, count, width)
    x = x + linear(w, f"{name}.attn.proj", mixed, width, config["bias"])
    inner, hidden = norm(w, f"{name}.norm2", x), config["hidden"]
    first = linear(w, f"{name}.mlp.fc1", inner, hidden, config["bias"])
    if config["gated"]:
        active = F.silu(first) * linear(w, f"{name}.mlp.fc3", inner, hidden, config["bias"])
    else:
        active = F.gelu(first)
    return x + linear(w, f"{name}.mlp.fc2", active, width, config["bias"])


def encode(w, prefix, config, images):
    """The result of every block for one phase, merged over the present modalities."""
    present = config["modalities"]
    x = torch.cat([embed(w, prefix, config, m, images[m]) for m in present], dim=1)
    results = []
    for k in range(config["depth"]):
        x = block(w, f"{prefix}encoder.{k}", config, x)
        results.append(x)
    results[-1] = norm(w, f"{prefix}encoder_norm", x)
    return [merge(w, prefix, config, result) for result in results]


def merge(w, prefix, config, x):
    batch, _, width = x.shape
    count = len(config["modalities"])
    parts = x.reshape(batch, count, -1, width)
    if config["merge"] == "mean":
        return parts.mean(dim=1)
    if config["merge"] == "max":
        return parts.max(dim=1)[0]
    if config["merge"] == "dict":  # Modalities concatenated.
        return x
    channels = [parts[:, k] for k in range(count)]
    token = w(f"{prefix}missing_mod_token", width)
    channels += [token.expand(batch, parts.shape[2], width)] * (len(config["trained"]) - count)
    return torch.cat(channels, dim=-1)


def pool(config, phases):
    """(batch, time, token, channel) to (batch, token, channel)."""
    how = config["pooling"]
    if how == "mean":
        return phases.mean(dim=1)
    if how == "max":
        return phases.max(dim=1)[0]
    if how == "diff":
        return phases[:, 0] - phases[:, 1]
    return torch.cat([phases[:, t] for t in range(phases.shape[1])], dim=-1)


def batch_norm(w, name, x):
    c = x.shape[1]
    w(f"{name}.num_batches_tracked", 1)
    return F.batch_norm(
        x,
        w(f"{name}.running_mean", c),
        w(f"{name}.running_var", c, positive=True),
        w(f"{name}.weight", c, centre=1.0),
        w(f"{name}.bias", c),
        eps=1e-5,
    )


def module(w, name, normalisation, x, outputs, kernel):
    weight = w(name, outputs, x.shape[1], kernel, kernel)
    return F.relu(batch_norm(w, normalisation, F.conv2d(x, weight, padding=kernel // 2)))


def neck(w, name, maps):
    c = maps[0].shape[1]

    def up(x, at, to):
        return F.conv_transpose2d(x, w(f"{at}.weight", x.shape[1], to, 2, 2), w(f"{at}.bias", to), stride=2)

    first = F.gelu(batch_norm(w, f"{name}.fpn1.1", up(maps[0], f"{name}.fpn1.0", c // 2)))
    return [
        up(first, f"{name}.fpn1.3", c // 4),
        up(maps[1], f"{name}.fpn2.0", c // 2),
        maps[2],
        F.max_pool2d(maps[3], 2),
    ]


def unet(w, name, levels, channels):
    skips = levels[::-1]
    x = skips[0]
    for k, outputs in enumerate(channels):
        if k + 1 < len(skips):
            skip = skips[k + 1]
            x = torch.cat([F.interpolate(x, size=skip.shape[2:], mode="nearest"), skip], dim=1)
        for c in ("conv1", "conv2"):
            at = f"{name}.blocks.{k}.{c}"
            x = module(w, f"{at}.0.weight", f"{at}.1", x, outputs, 3)
    return x


def upernet(w, name, levels, channels):
    def conv(at, x, kernel):
        return module(w, f"{name}.{at}.conv.weight", f"{name}.{at}.norm", x, channels, kernel)

    def resize(x, like):
        return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=True)

    last = levels[-1]
    pooled = [last]
    for k, bins in enumerate((1, 2, 3, 6)):
        pooled.append(resize(conv(f"psp_modules.{k}.1", F.adaptive_avg_pool2d(last, bins), 1), last))
    laterals = [conv(f"lateral_convs.{k}", level, 1) for k, level in enumerate(levels[:-1])]
    laterals.append(conv("bottleneck", torch.cat(pooled, dim=1), 3))
    for k in range(len(laterals) - 1, 0, -1):
        laterals[k - 1] = laterals[k - 1] + resize(laterals[k], laterals[k - 1])
    outputs = [conv(f"fpn_convs.{k}", x, 3) for k, x in enumerate(laterals[:-1])] + [laterals[-1]]
    return conv("fpn_bottleneck", torch.cat([resize(x, outputs[0]) for x in outputs], dim=1), 3)


def run(w, config, inputs):
    temporal, decoder = config["temporal"], config["decoder"]
    root = "" if decoder is None and not temporal else "model."
    prefix = root + ("encoder." if root else "") + ("encoder." if temporal else "")
    steps, (height, width) = config["timestamps"], config["size"]
    for modality in config["trained"]:
        embed(w, prefix, config, modality, torch.zeros(1, CHANNELS[modality], 32, 32))
    phases = []
    for t in range(steps):
        images = {m: x[:, :, t] if x.dim() == 5 else x for m, x in inputs.items()}
        phases.append(encode(w, prefix, config, images))
    taps = config["taps"] if decoder else [config["depth"] - 1]
    features = [pool(config, torch.stack([phase[k] for phase in phases], dim=1)) for k in taps]
    if decoder is None:
        return features[-1], None
    maps = [f.transpose(1, 2).reshape(f.shape[0], -1, height // 16, width // 16) for f in features]
    levels = neck(w, f"{root}neck.2", maps) if config["neck"] else maps
    if decoder == "unet":
        x = unet(w, f"{root}decoder.decoder", levels, config.get("channels", [24, 16, 12, 8]))
    else:
        x = upernet(w, f"{root}decoder", levels, 16)
    for k, channels in enumerate(config["headChannels"]):
        at = f"{root}head.head.0.{k}.0"
        x = F.relu(F.conv2d(x, w(f"{at}.weight", channels, x.shape[1], 3, 3), w(f"{at}.bias", channels), padding=1))
    classes, at = config["classes"], f"{root}head.head.2"
    x = F.conv2d(x, w(f"{at}.weight", classes, x.shape[1], 1, 1), w(f"{at}.bias", classes))
    return features[-1], F.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)


def main(configs, folder):
    for seed, config in enumerate(json.loads(Path(configs).read_text())):
        w = Random(seed)
        generator = torch.Generator().manual_seed(1000 + seed)
        steps = config["timestamps"]
        inputs = {}
        for m in config["modalities"]:
            time = [] if steps == 1 or m == "DEM" else [steps]
            inputs[m] = torch.randn(config["batch"], CHANNELS[m], *time, *config["size"], generator=generator)
        with torch.no_grad():
            embeddings, logits = run(w, config, inputs)
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
