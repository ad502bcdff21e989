"""A TerraMind model in plain PyTorch, written from its description."""
import torch
import torch.nn.functional as F
from parts import block, norm, segment

CHANNELS = {"S2L2A": 12, "S1RTC": 2, "DEM": 1}
KEYS = {"S2L2A": "untok_sen2l2a@224", "S1RTC": "untok_sen1rtc@224", "DEM": "untok_dem@224"}


def images(config, generator):
    """Random inputs by modality."""
    steps, result = config["timestamps"], {}
    for m in config["modalities"]:
        time = [] if steps == 1 or m == "DEM" else [steps]
        result[m] = torch.randn(config["batch"], CHANNELS[m], *time, *config["size"], generator=generator)
    return result


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
    return features[-1], segment(w, root, config, maps)
