#!/usr/bin/env python3
"""Full-size generators in PyTorch eager: the peer of `cargo xtask bench generate`.

Written for this comparison from the published architectures: the coarse-to-fine generator of
pix2pixHD (Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with
Conditional GANs"), the SPADE generator (Park et al. 2019, "Semantic Image Synthesis with
Spatially-Adaptive Normalization") and the generator of Progressive GAN (Karras et al. 2018).
State-dict keys are those of the published checkpoints, so that both sides run the same file, and
loading is strict.

Reads G.safetensors, inputs.safetensors and output.safetensors (our side's picture) from the folder
given by --init. The last line on stdout is JSON.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn
from torch.nn.utils import spectral_norm


class ResidualBlock(nn.Module):
    """x + two 3x3 convolutions over mirrored borders, with instance norm."""

    def __init__(self, width):
        super().__init__()
        layers = []
        for last in (False, True):
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
            layers += [] if last else [nn.ReLU(True)]
        self.conv_block = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.conv_block(x)


def stage(conv, width):
    return [conv, nn.InstanceNorm2d(width), nn.ReLU(True)]


def up(width):
    return nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1)


class GlobalGenerator(nn.Module):
    """Halvings, residual blocks, doublings; without its head it is the local enhancer's core."""

    def __init__(self, inputs, width, downs=4, blocks=9, head=True):
        super().__init__()
        layers = [nn.ReflectionPad2d(3), *stage(nn.Conv2d(inputs, width, 7), width)]
        for level in range(downs):
            wide = width << level
            layers += stage(nn.Conv2d(wide, 2 * wide, 3, stride=2, padding=1), 2 * wide)
        layers += [ResidualBlock(width << downs) for _ in range(blocks)]
        for level in range(downs, 0, -1):
            layers += stage(up(width << level), width << (level - 1))
        if head:
            layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)


class LocalEnhancer(nn.Module):
    """One enhancer around the global generator: twice its size."""

    def __init__(self, inputs, width, downs=4, blocks=9, local_blocks=3):
        super().__init__()
        self.model = GlobalGenerator(inputs, 2 * width, downs, blocks, head=False).model
        self.model1_1 = nn.Sequential(
            nn.ReflectionPad2d(3),
            *stage(nn.Conv2d(inputs, width, 7), width),
            *stage(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), 2 * width),
        )
        self.model1_2 = nn.Sequential(
            *[ResidualBlock(2 * width) for _ in range(local_blocks)],
            *stage(up(2 * width), width),
            nn.ReflectionPad2d(3),
            nn.Conv2d(width, 3, 7),
            nn.Tanh(),
        )

    def forward(self, x):
        half = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        return self.model1_2(self.model1_1(x) + self.model(half))


class SpadeNorm(nn.Module):
    """Batch norm whose scale and shift a small network reads from the segmentation."""

    def __init__(self, width, semantics, hidden=128):
        super().__init__()
        self.param_free_norm = nn.BatchNorm2d(width, affine=False)
        self.mlp_shared = nn.Sequential(nn.Conv2d(semantics, hidden, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(hidden, width, 3, padding=1)
        self.mlp_beta = nn.Conv2d(hidden, width, 3, padding=1)

    def forward(self, x, semantics):
        resized = F.interpolate(semantics, size=x.shape[2:], mode="nearest")
        shared = self.mlp_shared(resized)
        return self.param_free_norm(x) * (1 + self.mlp_gamma(shared)) + self.mlp_beta(shared)


class SpadeBlock(nn.Module):
    """Residual block with SPADE in front of every convolution."""

    def __init__(self, inputs, outputs, semantics):
        super().__init__()
        middle = min(inputs, outputs)
        self.conv_0 = spectral_norm(nn.Conv2d(inputs, middle, 3, padding=1))
        self.conv_1 = spectral_norm(nn.Conv2d(middle, outputs, 3, padding=1))
        self.norm_0 = SpadeNorm(inputs, semantics)
        self.norm_1 = SpadeNorm(middle, semantics)
        self.learned = inputs != outputs
        if self.learned:
            self.conv_s = spectral_norm(nn.Conv2d(inputs, outputs, 1, bias=False))
            self.norm_s = SpadeNorm(inputs, semantics)

    def forward(self, x, semantics):
        shortcut = self.conv_s(self.norm_s(x, semantics)) if self.learned else x
        x = self.conv_0(F.leaky_relu(self.norm_0(x, semantics), 0.2))
        return shortcut + self.conv_1(F.leaky_relu(self.norm_1(x, semantics), 0.2))


class SpadeGenerator(nn.Module):
    """The `normal` generator: five doublings from 1/32 of the picture."""

    def __init__(self, semantics, width):
        super().__init__()
        self.fc = nn.Conv2d(semantics, 16 * width, 3, padding=1)
        self.head_0 = SpadeBlock(16 * width, 16 * width, semantics)
        self.G_middle_0 = SpadeBlock(16 * width, 16 * width, semantics)
        self.G_middle_1 = SpadeBlock(16 * width, 16 * width, semantics)
        self.up_0 = SpadeBlock(16 * width, 8 * width, semantics)
        self.up_1 = SpadeBlock(8 * width, 4 * width, semantics)
        self.up_2 = SpadeBlock(4 * width, 2 * width, semantics)
        self.up_3 = SpadeBlock(2 * width, width, semantics)
        self.conv_img = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, semantics):
        height, width = semantics.shape[2:]
        x = self.fc(F.interpolate(semantics, size=(height // 32, width // 32), mode="nearest"))
        x = self.head_0(x, semantics)
        x = self.G_middle_0(F.interpolate(x, scale_factor=2), semantics)
        x = self.G_middle_1(x, semantics)
        for block in (self.up_0, self.up_1, self.up_2, self.up_3):
            x = block(F.interpolate(x, scale_factor=2), semantics)
        return torch.tanh(self.conv_img(F.leaky_relu(x, 0.2)))


class Equalized(nn.Module):
    """A layer whose result, bias included, is multiplied by He's constant at run time."""

    def __init__(self, module):
        super().__init__()
        self.module = module
        self.scale = math.sqrt(2 / module.weight[0].numel())

    def forward(self, x):
        return self.module(x) * self.scale


def pixel_norm(x):
    return x * (x.pow(2).mean(1, keepdim=True) + 1e-8).rsqrt()


class ProgressiveGenerator(nn.Module):
    """All scales grown, nothing fading."""

    def __init__(self, depths, latent=512):
        super().__init__()
        conv = lambda a, b, k: Equalized(nn.Conv2d(a, b, k, padding=k // 2))
        self.formatLayer = Equalized(nn.Linear(latent, 16 * depths[0]))
        self.groupScale0 = nn.ModuleList([conv(depths[0], depths[0], 3)])
        pairs = list(zip(depths, depths[1:]))
        self.scaleLayers = nn.ModuleList(
            nn.ModuleList([conv(a, b, 3), conv(b, b, 3)]) for a, b in pairs
        )
        self.toRGBLayers = nn.ModuleList(conv(depth, 3, 1) for depth in depths)

    def forward(self, z):
        act = lambda x: pixel_norm(F.leaky_relu(x, 0.2))
        x = F.leaky_relu(self.formatLayer(pixel_norm(z)), 0.2).view(z.shape[0], -1, 4, 4)
        x = act(self.groupScale0[0](pixel_norm(x)))
        for layers in self.scaleLayers:
            x = F.interpolate(x, scale_factor=2)
            for layer in layers:
                x = act(layer(x))
        return self.toRGBLayers[-1](x)


def network(config):
    """The generator that our side describes in config.json."""
    kind = config["network"]
    if kind == "pix2pixhd_local":
        return LocalEnhancer(config["input_channels"], config["width"])
    if kind == "pix2pixhd_global":
        return GlobalGenerator(config["input_channels"], config["width"])
    if kind == "spade":
        return SpadeGenerator(config["input_channels"], config["width"])
    if kind == "pgan":
        return ProgressiveGenerator(config["depths"], config["latent"])
    raise SystemExit(f"config.json: network {kind!r} is not known here")


def network_input(config, tensors):
    """What the generator sees: latents, or classes one-hot with the edge map behind them."""
    if "z" in tensors:
        return tensors["z"]
    labels = tensors["labels"].long()
    classes = config["classes"]
    shape = (labels.shape[0], classes, *labels.shape[2:])
    one_hot = torch.zeros(shape).scatter_(1, labels, 1.0)
    return torch.cat([one_hot, tensors["edges"]], 1) if "edges" in tensors else one_hot


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--init", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    config = json.loads((args.init / "config.json").read_text())
    generator = network(config)
    generator.load_state_dict(load_file(args.init / "G.safetensors"), strict=True)
    generator.eval()
    seen = network_input(config, load_file(args.init / "inputs.safetensors"))
    times = []
    # Counts the peak from here on: what building the network took is not part of running it.
    Path("/proc/self/clear_refs").write_text("5")
    with torch.no_grad():
        for number in range(args.warmup + args.runs):
            started = time.perf_counter()
            output = generator(seen)
            if number >= args.warmup:
                times.append((time.perf_counter() - started) * 1e3)
    # Before the comparison, which is not part of generating.
    status = Path("/proc/self/status").read_text()
    peak_rss_mib = int(status.split("VmHWM:")[1].split()[0]) / 1024
    ours = load_file(args.init / "output.safetensors")["output"]
    report = {
        "forward_ms_median": sorted(times)[len(times) // 2],
        "peak_rss_mib": peak_rss_mib,
        "parameters": sum(p.numel() for p in generator.parameters()),
        "shape": list(output.shape),
        "largest_difference": (output - ours).abs().max().item(),
        "spread": output.std().item(),
    }
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads", file=sys.stderr)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
