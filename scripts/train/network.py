"""A small network like TerraMind: patches of all modalities are tokens with joint attention per phase, averaged over the
modalities. A convolutional decoder gets the concatenated phases and, unlike TerraMind, convolutional features at full
resolution, for sharp outlines."""

import torch
import torch.nn.functional as F
from torch import nn

PATCH = 32
DIM = 96
HEADS = 4
DEPTH = 2
#: Channels of the convolutional features at 1, 1/2, 1/4 and 1/8 of the resolution.
CHANNELS = (8, 16, 24, 40)
#: Channels of these features after the reduction of phases, and of the decoder.
SKIPS = (8, 16, 24, 48)


def conv(inputs, outputs, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def constants(sizes):
    """Sizes as plain numbers, which the exported graph stores as constants."""
    return [int(size) for size in sizes]


def stem(name, bands):
    """The first convolution: 3 × 3 for noisy radar and relief, 1 × 1 for optical bands."""
    size = 1 if name == "S2L2A" else 3
    return nn.Conv2d(bands, CHANNELS[0], size, 1, size // 2, bias=False)


class Block(nn.Module):
    def __init__(self, tokens):
        super().__init__()
        self.tokens = tokens
        self.norm1 = nn.LayerNorm(DIM)
        self.qkv = nn.Linear(DIM, 3 * DIM)
        self.project = nn.Linear(DIM, DIM)
        self.norm2 = nn.LayerNorm(DIM)
        self.mlp = nn.Sequential(nn.Linear(DIM, 3 * DIM), nn.GELU(), nn.Linear(3 * DIM, DIM))

    def forward(self, x):
        qkv = self.qkv(self.norm1(x)).reshape(-1, self.tokens, 3, HEADS, DIM // HEADS).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        weights = torch.softmax(q @ k.transpose(2, 3) * (DIM // HEADS) ** -0.5, -1)
        x = x + self.project((weights @ v).transpose(1, 2).reshape(-1, self.tokens, DIM))
        return x + self.mlp(self.norm2(x))


class Relief(nn.Module):
    """Elevation relative to the chip's mean, to the mean of the surroundings and to their lowest point, which makes the
    input independent of altitude."""

    def __init__(self, chip, metres_per_unit):
        super().__init__()
        self.chip = chip
        self.scale = metres_per_unit

    def forward(self, x):
        size = (self.chip, self.chip)
        coarse = F.avg_pool2d(x, 8, 8)
        mean = F.interpolate(
            F.avg_pool2d(coarse, 5, 1, 2, count_include_pad=False), size=size, mode="bilinear", align_corners=False
        )
        lowest = F.interpolate(
            -F.max_pool2d(-coarse, 9, 1, 4), size=size, mode="bilinear", align_corners=False
        )
        above = x - x.mean((2, 3), keepdim=True)
        # Scales for hills (tens of metres) and for floods (metres).
        return torch.cat(
            [
                torch.tanh(above * (self.scale / 40)),
                torch.tanh((x - mean) * (self.scale / 5)),
                torch.tanh((x - lowest) * (self.scale / 6)),
                torch.tanh((x - lowest) * (self.scale / 30)),
            ],
            1,
        )


class Network(nn.Module):
    """@param bands bands by modality; 'DEM' is static @param phases time steps of the others"""

    def __init__(self, bands, phases, chip, dem_std=1.0):
        super().__init__()
        self.modalities = list(bands)
        self.bands = bands
        self.phases = phases
        self.chip = chip
        self.side = chip // PATCH
        channels = {name: 4 if name == "DEM" else count for name, count in bands.items()}
        if "DEM" in bands:
            self.relief = Relief(chip, dem_std)
        self.embed = nn.ModuleDict({name: nn.Conv2d(count, DIM, 8, 8) for name, count in channels.items()})
        tokens = self.side**2
        self.position = nn.Parameter(0.02 * torch.randn(1, tokens, DIM))
        self.modality = nn.ParameterDict(
            {name: nn.Parameter(0.02 * torch.randn(1, 1, DIM)) for name in self.modalities}
        )
        self.blocks = nn.ModuleList(Block(len(bands) * tokens) for _ in range(DEPTH))
        self.norm = nn.LayerNorm(DIM)
        self.stem = nn.ModuleDict(
            {name: stem(name, count) for name, count in channels.items()}
        )
        self.fuse = nn.Sequential(nn.BatchNorm2d(CHANNELS[0]), nn.ReLU(inplace=True))
        self.down = nn.ModuleList(conv(a, b, 2) for a, b in zip(CHANNELS, CHANNELS[1:]))
        self.skip = nn.ModuleList(nn.Conv2d(phases * c, s, 1) for c, s in zip(CHANNELS, SKIPS))
        self.bottom = nn.Conv2d(phases * DIM, DIM, 1)
        above = (SKIPS[1], SKIPS[2], SKIPS[3], DIM)
        self.up = nn.ModuleList(conv(a + s, s) for a, s in zip(above, SKIPS))
        self.head = nn.Conv2d(SKIPS[0], 2, 1)

    def by_phase(self, name, x):
        """Reshapes (chip, band, phase, y, x) to (chip · phase, band, y, x)."""
        if name == "DEM" or self.phases == 1:
            return x
        return x.transpose(1, 2).reshape(-1, self.bands[name], self.chip, self.chip)

    def repeat(self, name, x):
        """Repeats a static input for each phase."""
        if name != "DEM" or self.phases == 1:
            return x
        return torch.cat([x] * self.phases, 1).reshape(-1, *constants(x.shape[1:]))

    def concatenated(self, x):
        """Reshapes (chip · phase, channel, y, x) to (chip, phase · channel, y, x)."""
        channels, height, width = constants(x.shape[1:])
        return x.reshape(-1, self.phases * channels, height, width)

    def forward(self, *inputs):
        images = {}
        for name, x in zip(self.modalities, inputs):
            images[name] = self.relief(x) if name == "DEM" else self.by_phase(name, x)
        tokens = []
        for name, x in images.items():
            embedded = self.embed[name](F.avg_pool2d(x, PATCH // 8)).flatten(2).transpose(1, 2)
            tokens.append(self.repeat(name, embedded) + self.position + self.modality[name])
        x = torch.cat(tokens, 1)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x).reshape(-1, len(tokens), self.side**2, DIM).mean(1)
        x = self.bottom(self.concatenated(x.transpose(1, 2).reshape(-1, DIM, self.side, self.side)))

        stems = [self.repeat(name, self.stem[name](image)) for name, image in images.items()]
        features = [self.fuse(sum(stems[1:], stems[0]))]
        for down in self.down:
            features.append(down(features[-1]))
        for k in range(len(SKIPS) - 1, -1, -1):
            skip = self.skip[k](self.concatenated(features[k]))
            factor = 4.0 if k == len(SKIPS) - 1 else 2.0
            x = F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
            x = self.up[k](torch.cat([x, skip], 1))
        return self.head(x)
