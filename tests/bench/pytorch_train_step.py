#!/usr/bin/env python3
"""One training step in PyTorch eager: the peer of `cargo xtask bench train`.

pix2pix is here, written for this comparison from the published architecture (Isola et al. 2017,
"Image-to-Image Translation with Conditional Adversarial Networks"): U-Net generator and PatchGAN
discriminator with batch normalisation, vanilla GAN loss + 100 x L1, Adam. The other families are in
pytorch_trainers.py. State-dict keys are those of the published checkpoints, so that both sides start
from the same files.

Reads config.json, G.safetensors, D.safetensors and batch.safetensors (f32, axes [batch, channels,
height, width]) from the folder given by --init. The last line on stdout is JSON.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import torch
from pytorch_trainers import Pgan, Pix2pixHd, Spade
from safetensors.torch import load_file
from torch import nn

L1_WEIGHT = 100.0


class UnetLevel(nn.Module):
    """One level of the U-Net around the level below it.

    Every level but the outermost returns its input beside what it made of it (the skip connection).
    """

    def __init__(self, outer, inner, below=None, outermost=False, inputs=None, dropout=0.0):
        super().__init__()
        self.outermost = outermost
        down = nn.Conv2d(inputs or outer, inner, 4, stride=2, padding=1, bias=False)
        up = nn.ConvTranspose2d(
            inner if below is None else 2 * inner, outer, 4, stride=2, padding=1, bias=outermost
        )
        if outermost:
            layers = [down, below, nn.ReLU(True), up, nn.Tanh()]
        elif below is None:
            layers = [nn.LeakyReLU(0.2, True), down, nn.ReLU(True), up, nn.BatchNorm2d(outer)]
        else:
            layers = [nn.LeakyReLU(0.2, True), down, nn.BatchNorm2d(inner), below]
            layers += [nn.ReLU(True), up, nn.BatchNorm2d(outer)]
            layers += [nn.Dropout(dropout)] if dropout else []
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        made = self.model(x)
        return made if self.outermost else torch.cat([x, made], 1)


class Unet(nn.Module):
    """U-Net with `downs` halvings: 8 for unet_256, 7 for unet_128."""

    def __init__(self, inputs, outputs, width, downs, dropout=0.0):
        super().__init__()
        level = UnetLevel(8 * width, 8 * width)
        for _ in range(downs - 5):
            level = UnetLevel(8 * width, 8 * width, level, dropout=dropout)
        for factor in (4, 2, 1):
            level = UnetLevel(factor * width, 2 * factor * width, level)
        self.model = UnetLevel(outputs, width, level, outermost=True, inputs=inputs)

    def forward(self, x):
        return self.model(x)


class PatchDiscriminator(nn.Module):
    """The 70x70 PatchGAN: logits for overlapping patches of condition and picture."""

    def __init__(self, inputs, width):
        super().__init__()
        layers = [nn.Conv2d(inputs, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2, True)]
        for before, after, stride in ((1, 2, 2), (2, 4, 2), (4, 8, 1)):
            layers += [
                nn.Conv2d(before * width, after * width, 4, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(after * width),
                nn.LeakyReLU(0.2, True),
            ]
        self.model = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, stride=1, padding=1))

    def forward(self, x):
        return self.model(x)


class Pix2pix:
    """Both networks and their optimisers; `step` is one update of each."""

    names = ["G_GAN", "G_L1", "D_real", "D_fake"]

    def __init__(self, config, batch):
        self.condition, self.real = batch["A"], batch["B"]
        inputs, outputs = self.condition.shape[1], self.real.shape[1]
        self.generator = Unet(inputs, outputs, config["width"], downs=8)
        self.discriminator = PatchDiscriminator(inputs + outputs, config["width"])
        self.gan = nn.BCEWithLogitsLoss()
        self.l1 = nn.L1Loss()
        adam = {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-8}
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), **adam)
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), **adam)

    def forward(self):
        return self.generator(self.condition)

    def _gan_loss(self, logits, real):
        target = torch.full((), float(real), device=logits.device)
        return self.gan(logits, target.expand_as(logits))

    def step(self):
        """Returns the losses G_GAN, G_L1 (weighted), D_real, D_fake, as tensors."""
        condition, real = self.condition, self.real
        fake = self.generator(condition)

        self.discriminator.requires_grad_(True)
        self.discriminator_optimizer.zero_grad()
        d_fake = self._gan_loss(self.discriminator(torch.cat([condition, fake.detach()], 1)), False)
        d_real = self._gan_loss(self.discriminator(torch.cat([condition, real], 1)), True)
        (0.5 * (d_fake + d_real)).backward()
        self.discriminator_optimizer.step()

        self.discriminator.requires_grad_(False)
        self.generator_optimizer.zero_grad()
        g_gan = self._gan_loss(self.discriminator(torch.cat([condition, fake], 1)), True)
        g_l1 = L1_WEIGHT * self.l1(fake, real)
        (g_gan + g_l1).backward()
        self.generator_optimizer.step()
        return g_gan, g_l1, d_real, d_fake


def timed(action, warmup, count):
    """Milliseconds of each of `count` calls after `warmup` more, their mean CPU time in milliseconds
    over all threads, and all results."""
    times, results = [], []
    cpu = time.process_time()
    for index in range(warmup + count):
        if index == warmup:
            cpu = time.process_time()
        start = time.perf_counter()
        results.append(action())
        if index >= warmup:
            times.append(1000.0 * (time.perf_counter() - start))
    return sorted(times), 1000.0 * (time.process_time() - cpu) / max(count, 1), results


def use_fused_adam(trainer):
    """All parameters in one kernel."""
    for optimizer in vars(trainer).values():
        if isinstance(optimizer, torch.optim.Adam):
            for group in optimizer.param_groups:
                group["fused"], group["foreach"] = True, False


def use_channels_last(trainer):
    """Networks and pictures, so that everything between them lies that way, too."""
    for name, value in list(vars(trainer).items()):
        if isinstance(value, torch.Tensor) and value.dim() == 4:
            setattr(trainer, name, value.contiguous(memory_format=torch.channels_last))
    for network in (trainer.generator, trainer.discriminator):
        network.to(memory_format=torch.channels_last)


def percentile(ordered, fraction):
    """Linear interpolation between the closest ranks of a sorted list."""
    place = fraction * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def peak_rss_mib():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0 * 1024.0 if sys.platform == "darwin" else 1024.0)


def load(network, path):
    """Loads every key, and no others; counters of batches are optional in published files."""
    missing, unexpected = network.load_state_dict(load_file(path), strict=False)
    missing = [key for key in missing if not key.endswith("num_batches_tracked")]
    if missing or unexpected:
        sys.exit(f"{path}: missing {missing}, unexpected {unexpected}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--init", type=Path, required=True, help="folder with the four files")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--fused-adam", action="store_true")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    config = json.loads((args.init / "config.json").read_text())
    families = {"pix2pix": Pix2pix, "pix2pixhd": Pix2pixHd, "spade": Spade, "pgan": Pgan}
    trainer = families[config["family"]](config, load_file(args.init / "batch.safetensors"))
    for name, network in (("G", trainer.generator), ("D", trainer.discriminator)):
        load(network.train(), args.init / f"{name}.safetensors")

    if args.fused_adam:
        use_fused_adam(trainer)
    if args.channels_last:
        use_channels_last(trainer)

    def step():
        return [loss.item() for loss in trainer.step()]

    def forward():
        with torch.no_grad():
            trainer.forward()

    step_ms, step_cpu_ms, losses = timed(step, args.warmup, args.steps)
    peak = peak_rss_mib()
    # After the steps: the forward pass may change batch normalisation's running statistics, though
    # nothing that a step reads.
    forward_ms, forward_cpu_ms, _ = timed(forward, args.warmup, args.steps)
    report = {
        "step_ms_median": percentile(step_ms, 0.5),
        "step_ms_p10": percentile(step_ms, 0.1),
        "step_cpu_ms": step_cpu_ms,
        "forward_ms_median": percentile(forward_ms, 0.5),
        "forward_cpu_ms": forward_cpu_ms,
        "peak_rss_mib": peak,
        "loss_names": trainer.names,
        "first_losses": losses[:3],
        "losses": losses[-1],
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
