#!/usr/bin/env python3
"""pix2pixHD's discriminator without feature matching, from `spec/models.md` 3.4 and 3.9.

    pix2pixhd.py FOLDER
        Writes the fixtures spec_hd_D_* there: predictions alone, under the keys layer{s}.{index}.

The original's fixtures have discriminators with feature matching only. Needs torch and safetensors.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

# Name: options, then the size of the input.
CASES = {
    "no_features": ({"num_D": 2, "n_layers_D": 3, "ndf": 3}, (2, 7, 32, 40)),
    "no_features_bce": (
        {"num_D": 3, "n_layers_D": 2, "ndf": 4, "no_lsgan": True, "norm": "batch"},
        (2, 5, 48, 32),
    ),
}


def patch_gan(channels, opt):
    """One scale as one Sequential, so that its convolutions are 0, 2, 5, 8, …"""
    batch = opt.get("norm") == "batch"
    norm = nn.BatchNorm2d if batch else nn.InstanceNorm2d
    width = opt["ndf"]
    layers = [nn.Conv2d(channels, width, 4, 2, 2), nn.LeakyReLU(0.2)]
    for index in range(1, opt["n_layers_D"] + 1):
        before, width = width, min(2 * width, 512)
        stride = 1 if index == opt["n_layers_D"] else 2
        layers += [nn.Conv2d(before, width, 4, stride, 2), norm(width), nn.LeakyReLU(0.2)]
    layers.append(nn.Conv2d(width, 1, 4, 1, 2))
    # With cross-entropy the original ends in a sigmoid.
    return nn.Sequential(*layers, *([nn.Sigmoid()] if opt.get("no_lsgan") else []))


class Discriminator(nn.Module):
    def __init__(self, channels, opt):
        super().__init__()
        self.scales = opt["num_D"]
        for scale in range(self.scales):
            setattr(self, f"layer{scale}", patch_gan(channels, opt))

    def forward(self, x):
        """Full size first, which belongs to the last sub-network."""
        predictions = []
        for scale in reversed(range(self.scales)):
            predictions.append(getattr(self, f"layer{scale}")(x))
            x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        return predictions


def run(network, x):
    x = x.clone().requires_grad_(True)
    network.zero_grad()
    predictions = network(x)
    sum((prediction**2).mean() for prediction in predictions).backward()
    found = {f"scale{i}_out0": prediction for i, prediction in enumerate(predictions)}
    found["grad_input"] = x.grad
    for key, parameter in network.named_parameters():
        if parameter.numel() <= 200:
            found[f"grad.{key}"] = parameter.grad.clone()
    return {name: tensor.detach().clone() for name, tensor in found.items()}


def tolerance(single, double):
    """Ten times the noise of f32, at least 1e-5 of the largest value."""
    scale = double.abs().max().item()
    noise = (single.double() - double).abs().max().item()
    return {"atol": max(1e-5 * scale, 10 * noise, 1e-9)}


def write(folder, opt, shape):
    torch.manual_seed(sum(map(ord, folder.name)))
    torch.set_num_threads(1)
    network = Discriminator(shape[1], opt).double()
    for name, parameter in network.named_parameters():
        fan_in = parameter[0].numel() if parameter.dim() > 1 else 100
        nn.init.normal_(parameter, 0 if parameter.dim() > 1 or "bias" in name else 1, fan_in**-0.5)
    state = {key: tensor.float() for key, tensor in network.state_dict().items()}
    network.load_state_dict(state)
    x = torch.randn(shape)
    double, single = run(network, x.double()), run(network.float(), x)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(state, folder / "weights_D.pth")
    names = {"input": "input", **{name: "output" for name in single}}
    flags = {"norm": "instance", "netD_input_nc": shape[1], "no_ganFeat_loss": True, **opt}
    meta = {
        "family": "pix2pixHD",
        "kind": "discriminator",
        "what": "made from the specification by tests/reference/pix2pixhd.py, not by the original",
        "flags": flags,
        "weight_files": {"D": "weights_D.pth"},
        "held_out": 0,
        "expected_params": sum(parameter.numel() for parameter in network.parameters()),
        "tolerance": {name: tolerance(single[name], double[name]) for name in single},
        "tensors": {name: {"role": role} for name, role in names.items()},
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
    save_file({"input": x, **single}, folder / "io.safetensors")


if __name__ == "__main__":
    for case, (options, size) in CASES.items():
        write(Path(sys.argv[1]) / f"spec_hd_D_{case}", options, size)
