#!/usr/bin/env python3
"""Training runs of pix2pix that the original's fixtures do not cover, from the specification, section 2.

    pix2pix.py FOLDER
        Writes the fixtures spec_p2p_trace_* there.

The generator with six blocks and instance norm is that of tests/bench/pytorch_generators.py with two
halvings. Needs torch and safetensors.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from spade import final
from spade_fixtures import tolerances
from torch import nn

sys.path.append(str(Path(__file__).resolve().parent.parent / "bench"))
from pytorch_generators import GlobalGenerator  # noqa: E402

DEFAULTS = {
    "steps": 6, "batch_size": 1, "direction": "AtoB", "input_nc": 3, "output_nc": 3, "ngf": 2,
    "ndf": 3, "netG": "resnet_6blocks", "netD": "n_layers", "n_layers_D": 2, "norm": "instance",
    "use_dropout": False, "gan_mode": "lsgan", "lambda_L1": 10.0, "lr": 0.0002,
}
# Name: options that differ from DEFAULTS. The pool of the first is not full before its end.
CASES = {
    "BtoA_wgangp": {
        "direction": "BtoA", "input_nc": 1, "gan_mode": "wgangp", "batch_size": 2, "pool_size": 50,
    },
    "schedule_pixel": {
        "netD": "pixel", "gan_mode": "vanilla", "steps": 10, "use_schedule": True,
        "steps_per_epoch": 2, "n_epochs": 2, "n_epochs_decay": 3, "lr_policy": "linear",
    },
}


class Discriminator(nn.Module):
    """A PatchGAN, or the same for single pixels, with instance norm."""

    def __init__(self, opt):
        super().__init__()
        channels, width = opt["input_nc"] + opt["output_nc"], opt["ndf"]
        if opt["netD"] == "pixel":
            self.net = nn.Sequential(
                nn.Conv2d(channels, width, 1), nn.LeakyReLU(0.2),
                nn.Conv2d(width, 2 * width, 1), nn.InstanceNorm2d(2 * width), nn.LeakyReLU(0.2),
                nn.Conv2d(2 * width, 1, 1),
            )
            return
        layers = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for index in range(1, opt["n_layers_D"] + 1):
            before, after = (width * min(2**power, 8) for power in (index - 1, index))
            stride = 1 if index == opt["n_layers_D"] else 2
            layers += [nn.Conv2d(before, after, 4, stride, 1)]
            layers += [nn.InstanceNorm2d(after), nn.LeakyReLU(0.2)]
        self.model = nn.Sequential(*layers, nn.Conv2d(after, 1, 4, 1, 1))

    def forward(self, x):
        return self.net(x) if hasattr(self, "net") else self.model(x)


def adversarial(mode, logits, real):
    if mode == "wgangp":
        return -logits.mean() if real else logits.mean()
    target = torch.full_like(logits, float(real))
    if mode == "lsgan":
        return F.mse_loss(logits, target)
    return F.binary_cross_entropy_with_logits(logits, target)


def rate(opt, step):
    if not opt.get("use_schedule"):
        return opt["lr"]
    epoch = step // opt["steps_per_epoch"] + 1
    return opt["lr"] * (1 - max(0, epoch + 1 - opt["n_epochs"]) / (opt["n_epochs_decay"] + 1))


def run(opt, states, data, dtype):
    nets = {"G": GlobalGenerator(opt["input_nc"], opt["ngf"], 2, 6), "D": Discriminator(opt)}
    for name, net in nets.items():
        net.load_state_dict(states[name])
        net.to(dtype)
    adam = lambda net: torch.optim.Adam(net.parameters(), lr=opt["lr"], betas=(0.5, 0.999))
    optimisers = {name: adam(net) for name, net in nets.items()}
    condition, target = ("A", "B") if opt["direction"] == "AtoB" else ("B", "A")
    rows, rates, fakes = [], [], []
    for step in range(opt["steps"]):
        rates.append(rate(opt, step))
        for optimiser in optimisers.values():
            optimiser.param_groups[0]["lr"] = rates[-1]
        batch = (torch.arange(opt["batch_size"]) + step * opt["batch_size"]) % len(data["A"])
        seen, real = data[condition][batch].to(dtype), data[target][batch].to(dtype)
        fake = nets["G"](seen)
        judge = lambda picture, on: adversarial(
            opt["gan_mode"], nets["D"](torch.cat([seen, picture], 1)), on
        )
        d_fake, d_real = judge(fake.detach(), False), judge(real, True)
        optimisers["D"].zero_grad()
        (0.5 * (d_fake + d_real)).backward()
        optimisers["D"].step()
        gan, l1 = judge(fake, True), opt["lambda_L1"] * F.l1_loss(fake, real)
        optimisers["G"].zero_grad()
        (gan + l1).backward()
        optimisers["G"].step()
        rows.append([loss.item() for loss in (gan, l1, d_real, d_fake)])
        fakes.append(fake.detach()[:1])
    out = {
        "losses": torch.tensor(rows, dtype=torch.float64),
        "lr": torch.tensor(rates, dtype=torch.float64),
        "fake_first": fakes[0],
        "fake_last": fakes[-1],
    }
    return out, final(nets)


def write(folder, changes):
    torch.manual_seed(sum(map(ord, folder.name)))
    torch.set_num_threads(1)
    opt = {**DEFAULTS, **changes}
    nets = {"G": GlobalGenerator(opt["input_nc"], opt["ngf"], 2, 6), "D": Discriminator(opt)}
    states = {name: net.state_dict() for name, net in nets.items()}
    channels = [opt["input_nc"], opt["output_nc"]]
    channels = channels if opt["direction"] == "AtoB" else channels[::-1]
    data = {name: torch.rand(4, c, 20, 24) * 2 - 1 for name, c in zip("AB", channels)}
    double, double_final = run(opt, states, data, torch.float64)
    single, single_final = run(opt, states, data, torch.float32)
    weights = tolerances(single_final, double_final)
    for entry in weights.values():
        # A gradient that is rounding noise only: Adam turns it into whole steps.
        if entry["atol"] > 1e-4:
            entry["skip"] = True
    folder.mkdir(parents=True, exist_ok=True)
    for name, state in states.items():
        torch.save(state, folder / f"init_{name}.pth")
    roles = {**{name: "input" for name in data}, **{name: "output" for name in single}}
    meta = {
        "family": "pix2pix",
        "kind": "trace",
        "what": "made from the specification by tests/reference/pix2pix.py, not by the original",
        "flags": opt,
        "weight_files": {name: f"init_{name}.pth" for name in states},
        "held_out": 0,
        "tolerance": {**tolerances(single, double), "lr": {"atol": 1e-9}},
        "final_file": "final.safetensors",
        "final_weight_tolerance": weights,
        "tensors": {name: {"role": role} for name, role in roles.items()},
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
    save = lambda tensors, name: save_file(
        {key: tensor.float().contiguous() for key, tensor in tensors.items()}, folder / name
    )
    save({**data, **single}, "io.safetensors")
    save(single_final, "final.safetensors")


if __name__ == "__main__":
    for case, options in CASES.items():
        write(Path(sys.argv[1]) / f"spec_p2p_trace_{case}", options)
