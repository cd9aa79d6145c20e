"""Training steps of pix2pixHD, SPADE and Progressive GAN in PyTorch eager, for pytorch_train_step.py.

Written for this comparison from the papers (Wang et al. 2018, "High-Resolution Image Synthesis and
Semantic Manipulation with Conditional GANs"; Park et al. 2019, "Semantic Image Synthesis with
Spatially-Adaptive Normalization"; Karras et al. 2018, "Progressive Growing of GANs") and from this
project's specification; nothing is taken from the authors' programs. State-dict keys are those of
the published checkpoints. Perceptual losses are left out on both sides.

A trainer has networks `generator` and `discriminator`, `names` of losses, `step()`, which makes one
update of each network and returns the losses as tensors, and `forward()`, a pass of the generator.
"""

import torch
import torch.nn.functional as F
from pytorch_generators import Equalized, GlobalGenerator, ProgressiveGenerator, SpadeGenerator
from torch import nn
from torch.nn.utils import spectral_norm

FEATURE_WEIGHT = 10.0
PENALTY_WEIGHT = 10.0
DRIFT_WEIGHT = 0.001
AVERAGE_DECAY = 0.999


def half(x):
    """Half the size by averages, in which the border counts only what is there."""
    return F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)


def patch_layers(inputs, width, stride_2, normed):
    """Convolutions of a PatchGAN, each with what follows it: `stride_2` halvings, then two more."""
    layers = [nn.Sequential(nn.Conv2d(inputs, width, 4, 2, 2), nn.LeakyReLU(0.2, True))]
    for index in range(1, stride_2 + 1):
        before, width = width, min(2 * width, 512)
        stride = 1 if index == stride_2 else 2
        layers.append(nn.Sequential(*normed(before, width, stride), nn.LeakyReLU(0.2, True)))
    return layers + [nn.Sequential(nn.Conv2d(width, 1, 4, 1, 2))]


class MultiscaleDiscriminator(nn.Module):
    """PatchGANs at several sizes; gives what every layer makes, the full size first."""

    def __init__(self, scales, key, layers):
        super().__init__()
        self.layers = []
        for scale in range(scales):
            modules = layers()
            names = [key(scale, index) for index in range(len(modules))]
            for name, module in zip(names, modules):
                parent = self
                *path, last = name.split(".")
                for part in path:
                    if not hasattr(parent, part):
                        setattr(parent, part, nn.Module())
                    parent = getattr(parent, part)
                setattr(parent, last, module)
            self.layers.append(modules)

    def forward(self, x):
        scales = []
        for number, layers in enumerate(self.layers):
            x = half(x) if number else x
            features = [x]
            for layer in layers:
                features.append(layer(features[-1]))
            scales.append(features[1:])
        return scales


def feature_matching(on_fake, on_real, weight):
    pairs = [pair for fake, real in zip(on_fake, on_real) for pair in list(zip(fake, real))[:-1]]
    return weight * sum(F.l1_loss(fake, real.detach()) for fake, real in pairs)


def adam(network, learning_rate, betas):
    return torch.optim.Adam(network.parameters(), lr=learning_rate, betas=betas, eps=1e-8)


class Pix2pixHd:
    """Least squares summed over scales, feature matching; one pass before both updates."""

    names = ["G_GAN", "G_GAN_Feat", "D_real", "D_fake"]

    def __init__(self, config, batch):
        self.condition, self.real = batch["condition"], batch["real"]
        inputs, width = self.condition.shape[1], config["width"]
        self.generator = GlobalGenerator(inputs, width)

        def normed(before, after, stride):
            return nn.Conv2d(before, after, 4, stride, 2), nn.InstanceNorm2d(after)

        # The full size belongs to the last sub-network.
        self.discriminator = MultiscaleDiscriminator(
            2,
            lambda scale, index: f"scale{1 - scale}_layer{index}",
            lambda: patch_layers(inputs + 3, width, 3, normed),
        )
        self.of_generator = adam(self.generator, 2e-4, (0.5, 0.999))
        self.of_discriminator = adam(self.discriminator, 2e-4, (0.5, 0.999))

    def forward(self):
        return self.generator(self.condition)

    def judge(self, picture):
        return self.discriminator(torch.cat([self.condition, picture], 1))

    @staticmethod
    def distance(scales, target):
        return sum(((features[-1] - target) ** 2).mean() for features in scales)

    def step(self):
        fake = self.generator(self.condition)
        d_fake = self.distance(self.judge(fake.detach()), 0.0)
        on_real = self.judge(self.real)
        d_real = self.distance(on_real, 1.0)

        self.discriminator.requires_grad_(False)
        on_fake = self.judge(fake)
        g_gan = self.distance(on_fake, 1.0)
        # 4 / (3 layers + 1) of the weight for each of two scales.
        g_feat = feature_matching(on_fake, on_real, FEATURE_WEIGHT / 2)
        self.of_generator.zero_grad()
        (g_gan + g_feat).backward()
        self.of_generator.step()

        self.discriminator.requires_grad_(True)
        self.of_discriminator.zero_grad()
        (0.5 * (d_fake + d_real)).backward()
        self.of_discriminator.step()
        return g_gan, g_feat, d_real, d_fake


class Spade:
    """Hinge loss and feature matching; the discriminator sees a picture of its own, after the
    generator's update, and fake and real pictures in one pass."""

    names = ["GAN", "GAN_Feat", "D_Fake", "D_real"]

    def __init__(self, config, batch):
        self.condition, self.real = batch["condition"], batch["real"]
        inputs, width = self.condition.shape[1], config["width"]
        self.generator = SpadeGenerator(inputs, width)

        def normed(before, after, stride):
            conv = spectral_norm(nn.Conv2d(before, after, 4, stride, 2, bias=False))
            return (nn.Sequential(conv, nn.InstanceNorm2d(after)),)

        self.discriminator = MultiscaleDiscriminator(
            2,
            lambda scale, index: f"discriminator_{scale}.model{index}",
            lambda: patch_layers(inputs + 3, width, 3, normed),
        )
        self.of_generator = adam(self.generator, 1e-4, (0.0, 0.9))
        self.of_discriminator = adam(self.discriminator, 4e-4, (0.0, 0.9))

    def forward(self):
        """With the statistics of use: neither they nor singular vectors move."""
        self.generator.eval()
        picture = self.generator(self.condition)
        self.generator.train()
        return picture

    def judge(self, fake):
        pairs = [torch.cat([self.condition, picture], 1) for picture in (fake, self.real)]
        scales = self.discriminator(torch.cat(pairs, 0))
        chunks = [[x.chunk(2) for x in features] for features in scales]
        return [[[pair[side] for pair in features] for features in chunks] for side in (0, 1)]

    @staticmethod
    def mean(scales, loss):
        return sum(loss(features[-1]).mean() for features in scales) / len(scales)

    def step(self):
        self.discriminator.requires_grad_(False)
        on_fake, on_real = self.judge(self.generator(self.condition))
        gan = self.mean(on_fake, lambda logits: -logits)
        matching = feature_matching(on_fake, on_real, FEATURE_WEIGHT / len(on_fake))
        self.of_generator.zero_grad()
        (gan + matching).backward()
        self.of_generator.step()

        self.discriminator.requires_grad_(True)
        with torch.no_grad():
            fake = self.generator(self.condition)
        on_fake, on_real = self.judge(fake)
        d_fake = self.mean(on_fake, lambda logits: F.relu(1 + logits))
        d_real = self.mean(on_real, lambda logits: F.relu(1 - logits))
        self.of_discriminator.zero_grad()
        (d_fake + d_real).backward()
        self.of_discriminator.step()
        return gan, matching, d_fake, d_real


def minibatch_deviation(x):
    """The spread within groups of up to four pictures, as one more channel."""
    count = x.shape[0]
    group = min(count, 4)
    group = count if count % group else group
    if group == 1:
        return torch.cat([x, torch.zeros_like(x[:, :1])], 1)
    groups = x.view(count // group, group, *x.shape[1:])
    deviation = (groups.var(1) + 1e-8).sqrt().mean((1, 2, 3))
    channel = deviation.repeat_interleave(group).view(count, 1, 1, 1)
    return torch.cat([x, channel.expand(-1, 1, *x.shape[2:])], 1)


class ProgressiveDiscriminator(nn.Module):
    """All scales grown, nothing fading; gives one score a picture."""

    def __init__(self, depths):
        super().__init__()
        conv = lambda a, b, k: Equalized(nn.Conv2d(a, b, k, padding=k // 2))
        self.fromRGBLayers = nn.ModuleList(conv(3, depth, 1) for depth in depths)
        pairs = zip(depths, depths[1:])
        self.scaleLayers = nn.ModuleList(
            nn.ModuleList([conv(b, b, 3), conv(b, a, 3)]) for a, b in pairs
        )
        first = depths[0]
        linear = Equalized(nn.Linear(16 * first, first))
        self.groupScaleZero = nn.ModuleList([conv(first + 1, first, 3), linear])
        self.decisionLayer = Equalized(nn.Linear(first, 1))

    def forward(self, x):
        act = lambda x: F.leaky_relu(x, 0.2)
        x = act(self.fromRGBLayers[-1](x))
        for layers in reversed(self.scaleLayers):
            x = act(layers[1](act(layers[0](x))))
            x = F.avg_pool2d(x, 2)
        x = act(self.groupScaleZero[0](minibatch_deviation(x)))
        x = act(self.groupScaleZero[1](x.flatten(1)))
        return self.decisionLayer(x)


class Pgan:
    """Wasserstein loss with a gradient penalty by differentiating twice; sums over the batch."""

    names = ["D_real", "D_fake", "D_drift", "D_gradient", "G_fake"]

    def __init__(self, config, batch):
        self.real = batch["real"]
        self.latents = batch["discriminator_latents"], batch["generator_latents"]
        self.share = batch["share"].view(-1, 1, 1, 1)
        self.generator = ProgressiveGenerator(config["depths"], config["latent"])
        self.discriminator = ProgressiveDiscriminator(config["depths"])
        self.of_generator = adam(self.generator, 1e-3, (0.0, 0.99))
        self.of_discriminator = adam(self.discriminator, 1e-3, (0.0, 0.99))
        self.average = None

    def forward(self):
        return self.generator(self.latents[1])

    def penalty(self, fake):
        between = self.share * self.real + (1 - self.share) * fake
        between.requires_grad_(True)
        scores = self.discriminator(between).sum()
        (gradient,) = torch.autograd.grad(scores, between, create_graph=True)
        return PENALTY_WEIGHT * ((gradient.flatten(1).norm(2, 1) - 1) ** 2).sum()

    @staticmethod
    def without_non_finite(network):
        for parameter in network.parameters():
            if parameter.grad is not None:
                torch.nan_to_num_(parameter.grad, 0.0, 0.0, 0.0)

    def step(self):
        if self.average is None:
            self.average = [parameter.detach().clone() for parameter in self.generator.parameters()]
        with torch.no_grad():
            fake = self.generator(self.latents[0])
        on_real = self.discriminator(self.real)
        d_real, d_drift = -on_real.sum(), DRIFT_WEIGHT * (on_real**2).sum()
        d_fake, d_gradient = self.discriminator(fake).sum(), self.penalty(fake)
        self.of_discriminator.zero_grad()
        (d_real + d_fake + d_drift + d_gradient).backward()
        self.without_non_finite(self.discriminator)
        self.of_discriminator.step()

        self.discriminator.requires_grad_(False)
        g_fake = -self.discriminator(self.generator(self.latents[1])).sum()
        self.of_generator.zero_grad()
        g_fake.backward()
        self.without_non_finite(self.generator)
        self.of_generator.step()
        self.discriminator.requires_grad_(True)
        with torch.no_grad():
            for average, parameter in zip(self.average, self.generator.parameters()):
                average.lerp_(parameter, 1 - AVERAGE_DECAY)
        return d_real, d_fake, d_drift, d_gradient, g_fake
