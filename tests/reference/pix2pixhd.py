#!/usr/bin/env python3
"""pix2pixHD's options that the original's fixtures do not cover, from the specification, section 3.

    pix2pixhd.py FOLDER
        Writes the fixtures spec_hd_* there: discriminators without feature matching, which give
        predictions alone under the keys layer{s}.{index}, and training runs.

Generators and encoders are those of tests/bench/pytorch_generators.py. Needs torch and safetensors.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from spade import final, segmentation
from spade_fixtures import tolerances
from torch import nn

sys.path.append(str(Path(__file__).resolve().parent.parent / "bench"))
from pytorch_generators import GlobalGenerator, LocalEnhancer  # noqa: E402

# Name: options, then the size of the input.
CASES = {
    "no_features": ({"num_D": 2, "n_layers_D": 3, "ndf": 3}, (2, 7, 32, 40)),
    "no_features_bce": (
        {"num_D": 3, "n_layers_D": 2, "ndf": 4, "no_lsgan": True, "norm": "batch"},
        (2, 5, 48, 32),
    ),
}


# Name: options that differ from DEFAULTS.
TRACES = {
    "instance_feat": {"instance_feat": True, "batchSize": 2, "num_D": 3},
    "label_feat_bce": {"label_feat": True, "no_lsgan": True, "n_layers_D": 2},
    "rgb_plain": {
        "label_nc": 0, "no_instance": True, "no_ganFeat_loss": True, "netG": "local", "batchSize": 2,
    },
    "schedule": {
        "no_instance": True, "no_ganFeat_loss": True, "no_lsgan": True, "steps_per_epoch": 2,
        "niter": 1, "niter_decay": 3, "steps": 8,
    },
}
DEFAULTS = {
    "label_nc": 5, "input_nc": 3, "no_instance": False, "instance_feat": False, "label_feat": False,
    "feat_num": 3, "nef": 2, "n_downsample_E": 2, "netG": "global", "ngf": 2,
    "n_downsample_global": 2, "n_blocks_global": 1, "n_blocks_local": 1, "ndf": 3, "num_D": 2,
    "n_layers_D": 3, "no_ganFeat_loss": False, "no_lsgan": False, "lambda_feat": 10.0, "lr": 0.0002,
    "batchSize": 1, "steps": 5,
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


class MatchingDiscriminator(nn.Module):
    """Every layer apart, as scale{s}_layer{j}, and what each of them gives."""

    def __init__(self, channels, opt):
        super().__init__()
        self.scales, self.layers = opt["num_D"], opt["n_layers_D"] + 2
        for scale in range(self.scales):
            plain = patch_gan(channels, {**opt, "no_lsgan": False})
            starts = [i for i, layer in enumerate(plain) if isinstance(layer, nn.Conv2d)]
            for layer, (start, end) in enumerate(zip(starts, [*starts[1:], len(plain)])):
                setattr(self, f"scale{scale}_layer{layer}", nn.Sequential(*plain[start:end]))

    def forward(self, x):
        scales = []
        for scale in reversed(range(self.scales)):
            features = [x]
            for layer in range(self.layers):
                features.append(getattr(self, f"scale{scale}_layer{layer}")(features[-1]))
            scales.append(features[1:])
            x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        return scales


def averaged(features, regions):
    """Every value becomes the mean of its region."""
    pictures = []
    for picture, ids in zip(features, regions[:, 0]):
        masks = [(ids == region).to(picture.dtype) for region in ids.unique()]
        mean = lambda mask: (picture * mask).sum((1, 2), keepdim=True) / mask.sum()
        pictures.append(sum(mask * mean(mask) for mask in masks))
    return torch.stack(pictures)


def networks(opt):
    classes = opt["label_nc"] or opt["input_nc"]
    channels = classes + int(not opt["no_instance"])
    features = opt["instance_feat"] or opt["label_feat"]
    inputs = channels + (opt["feat_num"] if features else 0)
    downs, blocks = opt["n_downsample_global"], opt["n_blocks_global"]
    if opt["netG"] == "local":
        nets = {"G": LocalEnhancer(inputs, opt["ngf"], downs, blocks, opt["n_blocks_local"])}
    else:
        nets = {"G": GlobalGenerator(inputs, opt["ngf"], downs, blocks)}
    kind = Discriminator if opt["no_ganFeat_loss"] else MatchingDiscriminator
    # Cross-entropy is taken of logits (spec B-1).
    nets["D"] = kind(channels + 3, {**opt, "no_lsgan": False})
    if features:
        nets["E"] = GlobalGenerator(3, opt["nef"], opt["n_downsample_E"], blocks=0)
    return nets


def distance(opt, scales, target):
    logits = [features[-1] if isinstance(features, list) else features for features in scales]
    if opt["no_lsgan"]:
        one = lambda x: F.binary_cross_entropy_with_logits(x, torch.full_like(x, target))
    else:
        one = lambda x: ((x - target) ** 2).mean()
    return sum(one(x) for x in logits)


def condition(opt, data, batch, dtype):
    label, inst = data["label"][batch], data.get("inst")
    inst = None if inst is None else inst[batch]
    if not opt["label_nc"]:
        return label.to(dtype), label, inst
    options = {**opt, "contain_dontcare_label": False}
    return segmentation(options, label, inst, dtype), label, inst


def generate(opt, nets, data, batch, dtype):
    """Condition and fake of a batch."""
    seen, label, inst = condition(opt, data, batch, dtype)
    given = seen
    if "E" in nets:
        regions = label if opt["label_feat"] else inst
        features = averaged(nets["E"](data["image"][batch].to(dtype)), regions)
        given = torch.cat([seen, features], 1)
    return seen, nets["G"](given)


def rate(opt, step):
    if "steps_per_epoch" not in opt:
        return opt["lr"]
    late = max(0, step // opt["steps_per_epoch"] - opt["niter"])
    return opt["lr"] * (1 - late / opt["niter_decay"])


def train(opt, nets, data, dtype):
    """Columns G_GAN, G_GAN_Feat, D_real, D_fake of every step, and the rates."""
    parameters = [p for name in "GE" if name in nets for p in nets[name].parameters()]
    of_g = torch.optim.Adam(parameters, lr=opt["lr"], betas=(0.5, 0.999))
    of_d = torch.optim.Adam(nets["D"].parameters(), lr=opt["lr"], betas=(0.5, 0.999))
    rows, rates = [], []
    weight = opt["lambda_feat"] * 4 / (opt["n_layers_D"] + 1) / opt["num_D"]
    for step in range(opt["steps"]):
        for group in [*of_g.param_groups, *of_d.param_groups]:
            group["lr"] = rate(opt, step)
        rates.append([rate(opt, step)] * 2)
        batch = (torch.arange(opt["batchSize"]) + step * opt["batchSize"]) % len(data["image"])
        seen, fake = generate(opt, nets, data, batch, dtype)
        judge = lambda picture: nets["D"](torch.cat([seen, picture], 1))
        on_real, on_fake = judge(data["image"][batch].to(dtype)), judge(fake)
        d_fake = distance(opt, judge(fake.detach()), 0.0)
        d_real, gan = distance(opt, on_real, 1.0), distance(opt, on_fake, 1.0)
        feat = torch.zeros((), dtype=dtype)
        if not opt["no_ganFeat_loss"]:
            pairs = [p for f, r in zip(on_fake, on_real) for p in list(zip(f, r))[:-1]]
            feat = weight * sum(F.l1_loss(a, b.detach()) for a, b in pairs)
        of_g.zero_grad()
        (gan + feat).backward()
        of_g.step()
        # What the discriminator says was computed before that update.
        of_d.zero_grad()
        (0.5 * (d_fake + d_real)).backward()
        of_d.step()
        rows.append([loss.item() for loss in (gan, feat, d_real, d_fake)])
    rates = torch.tensor(rates, dtype=torch.float64)
    return {"losses": torch.tensor(rows, dtype=torch.float64), "lr": rates}


def run_trace(opt, states, data, dtype):
    nets = networks(opt)
    for name, net in nets.items():
        net.load_state_dict(states[name])
        net.to(dtype)
    out = train(opt, nets, data, dtype)
    with torch.no_grad():
        out["fake_after"] = generate(opt, nets, data, torch.arange(1), dtype)[1]
    return out, final(nets)


def trace_data(opt):
    count, size = 4, (32, 40)
    areas = torch.randint(0, max(opt["label_nc"], 2), (count, 1, size[0] // 8, size[1] // 8))
    grown = lambda maps: maps.repeat_interleave(8, 2).repeat_interleave(8, 3)
    data = {"label": grown(areas).float(), "image": torch.rand(count, 3, *size) * 2 - 1}
    if not opt["label_nc"]:
        data["label"] = torch.rand(count, opt["input_nc"], *size) * 2 - 1
    if not opt["no_instance"]:
        data["inst"] = grown(areas * 1000 + torch.randint(0, 2, areas.shape))
    return data


def write_trace(folder, changes):
    torch.manual_seed(sum(map(ord, folder.name)))
    torch.set_num_threads(1)
    opt = {**DEFAULTS, **changes}
    states = {name: net.state_dict() for name, net in networks(opt).items()}
    states = {name: {k: v.clone() for k, v in state.items()} for name, state in states.items()}
    data = trace_data(opt)
    folder.mkdir(parents=True, exist_ok=True)
    for name, state in states.items():
        torch.save(state, folder / f"init_{name}.pth")
    double, double_final = run_trace(opt, states, data, torch.float64)
    single, single_final = run_trace(opt, states, data, torch.float32)
    moved = tolerances(single_final, {k: v.double() for k, v in double_final.items()})
    for entry in moved.values():
        # A gradient that is rounding noise only: Adam turns it into whole steps.
        if entry["atol"] > 1e-4:
            entry["skip"] = True
    roles = {**{name: "input" for name in data}, **{name: "output" for name in single}}
    meta = {
        "family": "pix2pixHD",
        "kind": "trace",
        "what": "made from the specification by tests/reference/pix2pixhd.py, not by the original",
        "flags": opt,
        "weight_files": {name: f"init_{name}.pth" for name in states},
        "held_out": 0,
        "tolerance": {**tolerances(single, double), "lr": {"atol": 1e-9}},
        "final_file": "final.safetensors",
        "final_weight_tolerance": moved,
        "tensors": {name: {"role": role} for name, role in roles.items()},
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
    values = {k: v.contiguous() for k, v in {**data, **single}.items()}
    save_file({k: v.float() if v.is_floating_point() else v for k, v in values.items()},
              folder / "io.safetensors")
    save_file({k: v.contiguous() for k, v in single_final.items()}, folder / "final.safetensors")


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
    for case, changes in TRACES.items():
        write_trace(Path(sys.argv[1]) / f"spec_hd_trace_{case}", changes)
