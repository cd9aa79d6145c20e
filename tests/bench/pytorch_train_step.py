#!/usr/bin/env python3
"""One pix2pix training step in PyTorch eager: the peer of `cargo xtask bench train`.

Written for this comparison from the published architecture (Isola et al. 2017, "Image-to-Image
Translation with Conditional Adversarial Networks"): U-Net generator and PatchGAN discriminator with
batch normalisation, vanilla GAN loss + 100 x L1, Adam. State-dict keys are those of the published
checkpoints, so that both sides start from the same files.

Reads G.safetensors, D.safetensors and batch.safetensors (tensors A and B, f32 in [-1, 1], axes
[batch, channels, height, width]) from the folder given by --init. The last line on stdout is JSON.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import torch
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


class Trainer:
    """Both networks and their optimisers; `step` is one update of each."""

    def __init__(self, generator, discriminator, learning_rate=2e-4):
        self.generator = generator
        self.discriminator = discriminator
        self.gan = nn.BCEWithLogitsLoss()
        self.l1 = nn.L1Loss()
        adam = {"lr": learning_rate, "betas": (0.5, 0.999), "eps": 1e-8}
        self.generator_optimizer = torch.optim.Adam(generator.parameters(), **adam)
        self.discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), **adam)

    def _gan_loss(self, logits, real):
        target = torch.ones(()) if real else torch.zeros(())
        return self.gan(logits, target.expand_as(logits))

    def step(self, condition, real):
        """Returns the losses G_GAN, G_L1 (weighted), D_real, D_fake, as tensors."""
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
    """Milliseconds of each of `count` calls after `warmup` more, and the last call's result."""
    times, result = [], None
    for index in range(warmup + count):
        start = time.perf_counter()
        result = action()
        if index >= warmup:
            times.append(1000.0 * (time.perf_counter() - start))
    return sorted(times), result


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
    parser.add_argument("--init", type=Path, required=True, help="folder with the three files")
    parser.add_argument("--ngf", type=int, default=64)
    parser.add_argument("--ndf", type=int, default=64)
    parser.add_argument("--size", type=int, default=256, help="pixels, checked against the batch")
    parser.add_argument("--downs", type=int, default=8, help="halvings in the U-Net")
    parser.add_argument("--dropout", action="store_true", help="0.5, as in the paper [off]")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    batch = load_file(args.init / "batch.safetensors")
    condition, real = batch["A"], batch["B"]
    if condition.shape[2:] != (args.size, args.size):
        sys.exit(f"expected a batch of {args.size} pixels, found {tuple(condition.shape)}")
    inputs, outputs = condition.shape[1], real.shape[1]
    generator = Unet(inputs, outputs, args.ngf, args.downs, 0.5 if args.dropout else 0.0).train()
    discriminator = PatchDiscriminator(inputs + outputs, args.ndf).train()
    load(generator, args.init / "G.safetensors")
    load(discriminator, args.init / "D.safetensors")

    def forward():
        with torch.no_grad():
            return generator(condition)

    trainer = Trainer(generator, discriminator)
    step_ms, losses = timed(lambda: trainer.step(condition, real), args.warmup, args.steps)
    # After the steps: the forward pass changes batch normalisation's running statistics, though
    # nothing that a step reads.
    forward_ms, _ = timed(forward, args.warmup, args.steps)
    report = {
        "step_ms_median": percentile(step_ms, 0.5),
        "step_ms_p10": percentile(step_ms, 0.1),
        "forward_ms_median": percentile(forward_ms, 0.5),
        "peak_rss_mib": peak_rss_mib(),
        "losses": [loss.item() for loss in losses],
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
