#!/usr/bin/env python3
"""A U-Net bundle as an ONNX graph: the peer of `cargo xtask bench web` runs it in ONNX Runtime Web.

Reads a bundle (manifest.json and its weight file; keys are those of the published pix2pix
checkpoints) and writes the same network with the same weights:

- input `condition`, f32 [1, channels, height, width]: one-hot labels, or a picture in [-1, 1];
  `channels` is input_channels, with planes of zeros up to a multiple of 4 where there are more than
  3, because ONNX Runtime Web 1.30 miscomputes a convolution of 15 channels on WebGPU
  (https://github.com/microsoft/onnxruntime/issues/29651);
- output `picture`, f32 [1, output_channels, height, width] in [-1, 1].

Batch norm with the statistics of each picture is, for one picture, instance norm with batch norm's
weights: the same mean and the same biased variance over height and width, the same epsilon. So that
is what the graph has, unless the manifest asks for the running statistics. Dropout is left out: the
comparison is of deterministic networks, and dropout's cost is none to speak of.

Weights keep the number type they have in the bundle (an f16 file stays an f16 file, cast to f32
where it is used, which ONNX Runtime does once, when it loads the graph), so that download sizes
compare like with like.

With --reference the graph is run in onnxruntime on a tensor and compared with what
`underpaint generate --dropout off --tensors-in IN.safetensors --tensors-out OUT.safetensors` made of
the same tensor.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

# As in PyTorch's BatchNorm2d and InstanceNorm2d.
EPSILON = 1e-5
LEAKY_SLOPE = 0.2
# Key of the outermost convolution's weight.
FIRST = "model.model.0.weight"
# Every convolution halves the picture and every transposed one doubles it.
CONVOLUTION = {"kernel_shape": [4, 4], "strides": [2, 2], "pads": [1, 1, 1, 1]}
# Operators used here have not changed their meaning since; what reads ONNX at all reads this.
OPSET = 17
# Largest difference that --reference accepts, in the picture's range [-1, 1].
TOLERANCE = 1e-4


class Graph:
    """Nodes and weights in the order in which they are added."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes = []
        self.initializers = []

    def add(self, operator, inputs, **attributes):
        """Adds a node with one output and returns the output's name."""
        output = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name, values):
        """Adds a tensor to the file; f16 goes through a cast to the f32 that everything runs in."""
        self.initializers.append(numpy_helper.from_array(values, name))
        if values.dtype == numpy.float32:
            return name
        return self.add("Cast", [name], to=TensorProto.FLOAT)

    def weight(self, key):
        """A weight of the bundle by its key; nothing where the bundle has none."""
        return [self.constant(key, self.weights[key])] if key in self.weights else []

    def convolution(self, operator, inputs, key):
        """`Conv` or `ConvTranspose`, with a bias where the bundle has one."""
        parameters = self.weight(f"{key}.weight") + self.weight(f"{key}.bias")
        if not parameters:
            sys.exit(f"the weights have no {key}.weight: not the U-Net that the manifest describes")
        return self.add(operator, [inputs, *parameters], **CONVOLUTION)

    def norm(self, inputs, key, channels, kind, statistics):
        """Batch norm as the manifest asks for it, instance norm without weights, or nothing."""
        if kind == "none":
            return inputs
        if kind == "instance":
            affine = [
                self.constant(f"{key}.weight", numpy.ones(channels, numpy.float32)),
                self.constant(f"{key}.bias", numpy.zeros(channels, numpy.float32)),
            ]
            return self.add("InstanceNormalization", [inputs, *affine], epsilon=EPSILON)
        affine = self.weight(f"{key}.weight") + self.weight(f"{key}.bias")
        if statistics == "batch":
            return self.add("InstanceNormalization", [inputs, *affine], epsilon=EPSILON)
        running = self.weight(f"{key}.running_mean") + self.weight(f"{key}.running_var")
        return self.add("BatchNormalization", [inputs, *affine, *running], epsilon=EPSILON)


class Level:
    """Where one level of the U-Net keeps its weights, and how many channels it has."""

    def __init__(self, depth, depths, config):
        self.outermost = depth == 0
        self.innermost = depth == depths - 1
        prefix = "model.model" + (".1.model" + ".3.model" * (depth - 1) if depth else "")
        # Positions in the original's Sequential; activations hold the numbers that are missing.
        down, up, up_norm = (0, 3, 0) if self.outermost else (1, 3, 4) if self.innermost else (1, 5, 6)
        self.down = f"{prefix}.{down}"
        self.down_norm = f"{prefix}.2"
        self.up = f"{prefix}.{up}"
        self.up_norm = f"{prefix}.{up_norm}"
        width = config["base_channels"]
        self.inner_channels = width * min(2**depth, 8)
        self.outer_channels = width * min(2 ** max(depth - 1, 0), 8)


def padded_channels(channels):
    """Channels of the graph's input for so many of the network's."""
    return channels if channels <= 3 else 4 * -(-channels // 4)


def unet(graph, config, statistics):
    """Adds the network between `condition` and `picture`."""
    side = config["architecture"].removeprefix("unet_")
    if not side.isdigit():
        sys.exit(f"expected a U-Net, found the architecture {config['architecture']}")
    depths = int(side).bit_length() - 1
    levels = [Level(depth, depths, config) for depth in range(depths)]
    kind = config["norm"]

    value, skips = "condition", []
    for level in levels:
        if not level.outermost:
            skips.append(value)
            value = graph.add("LeakyRelu", [value], alpha=LEAKY_SLOPE)
        value = graph.convolution("Conv", value, level.down)
        if not level.outermost and not level.innermost:
            value = graph.norm(value, level.down_norm, level.inner_channels, kind, statistics)
    for level in reversed(levels):
        value = graph.add("Relu", [value])
        value = graph.convolution("ConvTranspose", value, level.up)
        if not level.outermost:
            value = graph.norm(value, level.up_norm, level.outer_channels, kind, statistics)
            # The level's input first, what was made of it second.
            value = graph.add("Concat", [skips.pop(), value], axis=1)
    graph.nodes.append(helper.make_node("Tanh", [value], ["picture"], name="Tanh"))


def model_of(bundle, height, width):
    """The bundle as an ONNX model for pictures of one size, by default the one it was trained at."""
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    config = manifest["model"]["generator"]
    weights = load_file(bundle / manifest["weights"]["file"])
    channels = padded_channels(config["input_channels"])
    missing = channels - config["input_channels"]
    # [out, in, 4, 4]: the planes that are added weigh nothing.
    first = numpy.pad(weights[FIRST], [(0, 0), (0, missing), (0, 0), (0, 0)])
    graph = Graph({**weights, FIRST: first})
    unet(graph, config, manifest["test_time"]["statistics"])
    size = [height or manifest["size"]["height"], width or manifest["size"]["width"]]

    def tensor(name, channels):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, *size])

    made = helper.make_graph(
        graph.nodes,
        manifest["name"],
        [tensor("condition", channels)],
        [tensor("picture", config["output_channels"])],
        graph.initializers,
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="unet_to_onnx.py"
    )
    # The oldest that goes with the opset, so that runtimes older than the `onnx` package read it.
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def largest_difference(path, reference):
    """Runs the graph in onnxruntime on the first reference file and compares with the second."""
    import onnxruntime

    condition, expected = (load_file(file) for file in reference)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = condition["input"]
    missing = session.get_inputs()[0].shape[1] - given.shape[1]
    padded = numpy.pad(given, [(0, 0), (0, missing), (0, 0), (0, 0)])
    (found,) = session.run(["picture"], {"condition": padded})
    return float(numpy.abs(found - expected["output"]).max())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path, help="folder with manifest.json and weights")
    parser.add_argument("output", type=Path, help="ONNX file to write")
    parser.add_argument("--height", type=int, help="pixels [as trained]")
    parser.add_argument("--width", type=int, help="pixels [as trained]")
    parser.add_argument(
        "--reference",
        type=Path,
        nargs=2,
        metavar=("IN", "OUT"),
        help="safetensors of `underpaint generate` to compare with (needs onnxruntime)",
    )
    args = parser.parse_args()

    onnx.save(model_of(args.bundle, args.height, args.width), args.output)
    report = {"bytes": args.output.stat().st_size}
    if args.reference:
        report["largest_difference"] = largest_difference(args.output, args.reference)
    print(json.dumps(report))
    if not report.get("largest_difference", 0.0) <= TOLERANCE:
        sys.exit(f"the graph's picture differs by more than {TOLERANCE}: it is another network")


if __name__ == "__main__":
    main()
