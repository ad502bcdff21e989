"""Parts of terratorch's models in plain PyTorch, written from their description: blocks, necks, decoders and heads."""
import numpy as np
import torch
import torch.nn.functional as F


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


def norm(w, name, x, eps=1e-6):
    width = x.shape[-1]
    return F.layer_norm(x, (width,), w(f"{name}.weight", width, centre=1.0), w(f"{name}.bias", width), eps=eps)


def block(w, name, config, x):
    width, heads, eps = config["width"], config["heads"], config.get("eps", 1e-6)
    batch, count, _ = x.shape
    qkv = linear(w, f"{name}.attn.qkv", norm(w, f"{name}.norm1", x, eps), 3 * width, config["bias"])
    q, k, v = qkv.reshape(batch, count, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    shares = torch.softmax(q @ k.transpose(-1, -2) * (width // heads) ** -0.5, dim=-1)
    mixed = (shares @ v).transpose(1, 2).reshape(batch, count, width)
    x = x + linear(w, f"{name}.attn.proj", mixed, width, config["bias"])
    inner, hidden = norm(w, f"{name}.norm2", x, eps), config["hidden"]
    first = linear(w, f"{name}.mlp.fc1", inner, hidden, config["bias"])
    if config["gated"]:
        active = F.silu(first) * linear(w, f"{name}.mlp.fc3", inner, hidden, config["bias"])
    else:
        active = F.gelu(first)
    return x + linear(w, f"{name}.mlp.fc2", active, width, config["bias"])


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


def fcn(w, name, x, channels, steps):
    for k in range(steps):
        at = f"{name}.convs.{k}"
        weight = w(f"{at}.0.weight", x.shape[1], channels, 2, 2)
        x = F.conv_transpose2d(x, weight, w(f"{at}.0.bias", channels), stride=2)
        x = F.conv2d(x, w(f"{at}.1.weight", channels, channels, 3, 3), w(f"{at}.1.bias", channels), padding=1)
        x = F.gelu(norm(w, f"{at}.2.ln", x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))
    return x


def linear_decoder(w, name, x, classes, size):
    weight = w(f"{name}.conv.weight", x.shape[1], classes, size, size)
    return F.conv_transpose2d(x, weight, w(f"{name}.conv.bias", classes), stride=size)


def segment(w, root, config, maps):
    """Logits at the size of the chip, from the maps of the tapped blocks."""
    decoder = config["decoder"]
    levels = maps
    if config["neck"]:
        levels = neck(w, f"{root}decoder" if config["neck"] == "decoder" else f"{root}neck.2", maps)
    if decoder == "unet":
        x = unet(w, f"{root}decoder.decoder", levels, config.get("channels", [24, 16, 12, 8]))
    elif decoder == "upernet":
        x = upernet(w, f"{root}decoder", levels, 16)
    elif decoder == "fcn":
        x = fcn(w, f"{root}decoder", levels[-1], 12, config["steps"])
    else:
        x = linear_decoder(w, f"{root}decoder", levels[-1], config["classes"], config["steps"])
    if decoder != "linear":
        x = head(w, root, config, x)
    return F.interpolate(x, size=tuple(config["size"]), mode="bilinear", align_corners=False)


def head(w, root, config, x):
    for k, channels in enumerate(config["headChannels"]):
        at = f"{root}head.head.0.{k}.0"
        x = F.relu(F.conv2d(x, w(f"{at}.weight", channels, x.shape[1], 3, 3), w(f"{at}.bias", channels), padding=1))
    classes, at = config["classes"], f"{root}head.head.2"
    return F.conv2d(x, w(f"{at}.weight", classes, x.shape[1], 1, 1), w(f"{at}.bias", classes))
