"""Writes thirteen small U-Nets in the form of PyTorch's and TensorFlow's exporters.

Input: {"folder": where to write}. Each model becomes a folder with model.onnx.
"""

import json
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder = json.load(sys.stdin)["folder"]
CHIP = 64
FLOAT, HALF, BYTE = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8


class Net:
    """A graph under construction, with seeded random weights."""

    def __init__(self, seed, dtype="float32"):
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype
        self.nodes, self.weights = [], []

    def constant(self, values):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, operator, *inputs, output=None, **attributes):
        output = output or f"/{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def conv(self, x, bands, channels, kernel=(3, 3), stride=1, gain=1.0, output=None):
        weight = self.rng.normal(0, gain * np.sqrt(2 / (bands * np.prod(kernel))), (channels, bands, *kernel))
        bias = self.rng.normal(0, 0.1, channels)
        pads = [side // 2 for side in kernel]
        arrays = [self.constant(array.astype(self.dtype)) for array in (weight, bias)]
        sides = dict(kernel_shape=kernel, strides=[stride] * len(kernel), pads=pads * 2)
        return self.node("Conv", x, *arrays, output=output, **sides)

    def features(self, x, bands):
        """Two convolutions, the second at half the side, concatenated: 16 channels."""
        first = self.node("Relu", self.conv(x, bands, 8))
        pooled = self.node("MaxPool", first, kernel_shape=[2, 2], strides=[2, 2])
        second = self.node("Relu", self.conv(pooled, 8, 8))
        region = self.constant(np.zeros(0, "float32"))
        scales = self.constant(np.array([1, 1, 2, 2], "float32"))
        how = dict(mode="linear", coordinate_transformation_mode="half_pixel")
        return self.node("Concat", first, self.node("Resize", second, region, scales, **how), axis=1), second

    def unet(self, x, bands, channels, output=None):
        return self.conv(self.features(x, bands)[0], 16, channels, (1, 1), gain=1.5, output=output)

    def save(self, name, inputs, outputs, producer="pytorch", opset=17, listed=False, external=None):
        """`listed`: weights are also inputs, as before IR version 4. `external`: the file of the weights."""
        values = [[helper.make_tensor_value_info(*each) for each in side] for side in (inputs, outputs)]
        if listed:
            values[0] += [helper.make_tensor_value_info(w.name, w.data_type, w.dims) for w in self.weights]
        graph = helper.make_graph(self.nodes, "main_graph", *values, initializer=self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name=producer)
        model.ir_version = 3 if listed else 8
        onnx.checker.check_model(model, full_check=True)
        os.makedirs(os.path.join(folder, name))
        path = os.path.join(folder, name, "model.onnx")
        if external is None:
            onnx.save(model, path)
        else:
            onnx.save(model, path, save_as_external_data=True, location=external, size_threshold=256)


def planes(name, channels, batch="batch", type=FLOAT, side=CHIP):
    return (name, type, [batch, channels, side, side])


# The old exporter of PyTorch: numbered names, a fixed batch, weights among the inputs.
net = Net(1)
net.unet("input.1", 4, 3, "191")
net.save("batch-fixed", [planes("input.1", 4, 4)], [planes("191", 3, 4)], opset=11, listed=True)

# torch.onnx.export with dynamic_axes: no side is fixed.
net = Net(2)
net.unet("input", 4, 3, "output")
free = ["batch_size", "height", "width"]
net.save(
    "batch-dynamic",
    [("input", FLOAT, [free[0], 4, *free[1:]])],
    [("output", FLOAT, [free[0], 3, *free[1:]])],
)

# segmentation_models_pytorch with classes=1.
net = Net(3)
net.unet("image", 4, 1, "mask")
net.save("one-logit", [planes("image", 4)], [planes("mask", 1)])

# A sigmoid, and no axis of channels.
net = Net(4)
mask = net.node("Squeeze", net.unet("pixel_values", 4, 1), net.constant(np.array([1], "int64")))
net.node("Sigmoid", mask, output="probs")
net.save("sigmoid-in-graph", [planes("pixel_values", 4)], [("probs", FLOAT, ["batch", CHIP, CHIP])])

# The exporter through TorchDynamo.
net = Net(5)
net.node("Softmax", net.unet("x", 4, 4), axis=1, output="softmax")
net.save("softmax-in-graph", [planes("x", 4, "s0")], [planes("softmax", 4, "s0")], opset=18)

# tf2onnx: channels last, names with the number of the output.
net = Net(6)
first = net.node("Transpose", "input_1:0", perm=[0, 3, 1, 2])
net.node("Transpose", net.unet(first, 4, 3), perm=[0, 2, 3, 1], output="Identity:0")
net.save(
    "nhwc",
    [("input_1:0", FLOAT, ["unk__42", CHIP, CHIP, 4])],
    [("Identity:0", FLOAT, ["unk__43", CHIP, CHIP, 3])],
    producer="tf2onnx",
    opset=13,
)

# model.half()
net = Net(7, "float16")
net.unet("input", 4, 3, "output")
net.save("float16", [planes("input", 4, type=HALF)], [planes("output", 3, type=HALF)])

# Weights in a file beside the graph.
net = Net(8)
net.unet("input", 4, 3, "output")
net.save("external-data", [planes("input", 4)], [planes("output", 3)], external="model.onnx_data")
assert os.path.getsize(os.path.join(folder, "external-data", "model.onnx_data")) > 1000

# SegFormer: logits at a quarter of the side.
net = Net(9)
half = net.node("Relu", net.conv("pixel_values", 4, 8, stride=2))
quarter = net.node("Relu", net.conv(half, 8, 8, stride=2))
net.conv(quarter, 8, 3, (1, 1), gain=1.5, output="logits")
net.save("quarter-logits", [planes("pixel_values", 4)], [planes("logits", 3, side=CHIP // 4)])

# torchvision's segmentation with an auxiliary loss, whose output is first here.
net = Net(10)
joined, deep = net.features("input", 4)
net.conv(deep, 8, 3, (1, 1), output="aux")
net.conv(joined, 16, 3, (1, 1), gain=1.5, output="out")
net.save("two-outputs", [planes("input", 4)], [planes("aux", 3, side=CHIP // 2), planes("out", 3)])

# Values such as canopy height, negative ones too.
net = Net(11)
net.unet("input", 4, 1, "output")
net.save("regression", [planes("input", 4)], [planes("output", 1)])

# Prithvi's axes with a single date.
net = Net(12)
folded = net.node("Relu", net.conv("input", 4, 8, (1, 3, 3)))
net.unet(net.node("Squeeze", folded, net.constant(np.array([2], "int64"))), 8, 3, "output")
net.save("one-date", [("input", FLOAT, ["batch", 4, 1, CHIP, CHIP])], [planes("output", 3)])

# 8-bit pixels, scaled in the graph.
net = Net(13)
scaled = net.node("Div", net.node("Cast", "image", to=FLOAT), net.constant(np.array(64, "float32")))
net.unet(scaled, 3, 2, "output")
net.save("uint8", [planes("image", 3, type=BYTE)], [planes("output", 2)])

json.dump(dict(onnx=onnx.__version__), sys.stdout)
