"""A Prithvi-EO 2.0 model in plain PyTorch, written from its description."""
import numpy as np
import torch
import torch.nn.functional as F
from parts import block, norm, segment


def images(config, generator):
    """A random input."""
    steps = config["timestamps"]
    time = [] if steps == 1 else [steps]
    return {"image": torch.randn(config["batch"], config["bands"], *time, *config["size"], generator=generator)}


def waves(depth, positions):
    """Sines, then cosines, of positions by frequencies from 1 down to 1 / 10000."""
    frequencies = 1 / 10000 ** (np.arange(depth // 2, dtype=np.float64) / (depth / 2))
    angles = np.outer(positions, frequencies)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def positions(width, dates, side):
    """(date, row, column, channel): 6/16 of the channels for the column, 6/16 for the row, 4/16 for the date."""
    t, y, x = np.meshgrid(np.arange(dates), np.arange(side), np.arange(side), indexing="ij")
    unit = width // 16
    parts = [waves(6 * unit, x.ravel()), waves(6 * unit, y.ravel()), waves(4 * unit, t.ravel())]
    return torch.from_numpy(np.concatenate(parts, axis=1)).float().reshape(dates, side, side, width)


def encode(w, prefix, config, image):
    """The result of every block: (chip, class token and date · row · column, width)."""
    width, patch, eps = config["width"], config["patch"], config["eps"]
    if image.dim() == 4:
        image = image[:, :, None]
    batch, bands, dates, height, columns = image.shape
    weight = w(f"{prefix}patch_embed.proj.weight", width, bands, 1, patch, patch)
    size = (1, patch, patch)
    x = F.conv3d(image, weight, w(f"{prefix}patch_embed.proj.bias", width), stride=size)
    x = x.flatten(2).transpose(1, 2)
    # The positions of the file are for `stored` dates, and a grid of `side` patches.
    stored = positions(width, config["stored"], config["side"]).reshape(1, -1, width)
    w.tensors[f"{prefix}pos_embed"] = torch.cat([torch.zeros(1, 1, width), stored], dim=1)
    own = positions(width, dates, config["side"])
    rows, columns = height // patch, columns // patch
    if (rows, columns) != (config["side"], config["side"]):
        own = F.interpolate(own.permute(0, 3, 1, 2), size=(rows, columns), mode="bicubic", align_corners=True)
        own = own.permute(0, 2, 3, 1)
    x = x + own.reshape(1, -1, width)
    if config["coordinates"]:
        # Without coordinates, the scales are not used.
        w(f"{prefix}temporal_embed_enc.scale", 1)
        w(f"{prefix}location_embed_enc.scale", 1)
    x = torch.cat([w(f"{prefix}cls_token", 1, 1, width).expand(batch, -1, -1), x], dim=1)
    results = []
    for k in range(config["depth"]):
        x = block(w, f"{prefix}blocks.{k}", config, x)
        results.append(x)
    results[-1] = norm(w, f"{prefix}norm", x, eps)
    return results


def run(w, config, inputs):
    decoder, dates = config["decoder"], config["timestamps"]
    root = "model." if decoder else ""
    image = inputs["image"]
    rows, columns = (length // config["patch"] for length in config["size"])
    taps = config["taps"] if decoder else [config["depth"] - 1]
    features = []
    results = encode(w, f"{root}encoder.", config, image)
    # The channels of all dates side by side.
    for k in taps:
        maps = results[k][:, 1:].reshape(image.shape[0], dates, rows, columns, -1)
        features.append(maps.permute(0, 1, 4, 2, 3).reshape(image.shape[0], -1, rows, columns))
    embeddings = features[-1].flatten(2).transpose(1, 2)
    if decoder is None:
        # The masked autoencoder's decoder, which is left out.
        w("decoder.mask_token", 1, 1, 8)
        w("decoder.decoder_embed.weight", 8, config["width"])
        return embeddings, None
    return embeddings, segment(w, root, config, features)
