#!/usr/bin/env python3
"""SPADE in PyTorch, written from the paper and the specification, section 4, for golden files.

Park et al. 2019, "Semantic Image Synthesis with Spatially-Adaptive Normalization". The original code
is for non-commercial use; nothing here is taken from it. On one thread this program repeats the
fixture `spade_trace`, which the original made, bit for bit: `branch` checks that first.

    spade.py branch FIXTURE OUT.safetensors
        The same run on two threads. Where a value lies within rounding of a kink, that is another run:
        see tests/parity/spade/trace.rs.
    spade.py fixtures FOLDER [NAME]
        Fixtures of what the original's own do not cover: see CASES at the end.

Needs torch and safetensors.
"""

import json
import re
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.utils import spectral_norm


def normed(conv, name):
    """A convolution under the norm that the options call `name`."""
    spectral = name.startswith("spectral")
    norm = name.removeprefix("spectral")
    channels = conv.weight.shape[1 if isinstance(conv, nn.ConvTranspose2d) else 0]
    if norm not in ("", "none"):
        conv.bias = None
    conv = spectral_norm(conv) if spectral else conv
    if norm in ("", "none"):
        return conv
    instance = norm == "instance"
    return nn.Sequential(conv, nn.InstanceNorm2d(channels) if instance else nn.BatchNorm2d(channels))


class SpadeNorm(nn.Module):
    def __init__(self, kind, kernel, channels, semantic):
        super().__init__()
        instance = kind == "instance"
        plain = nn.InstanceNorm2d if instance else nn.BatchNorm2d
        self.param_free_norm = plain(channels, affine=False)
        padding = kernel // 2
        self.mlp_shared = nn.Sequential(nn.Conv2d(semantic, 128, kernel, padding=padding), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(128, channels, kernel, padding=padding)
        self.mlp_beta = nn.Conv2d(128, channels, kernel, padding=padding)

    def forward(self, x, seg):
        seg = F.interpolate(seg, size=x.shape[2:], mode="nearest")
        shared = self.mlp_shared(seg)
        return self.param_free_norm(x) * (1 + self.mlp_gamma(shared)) + self.mlp_beta(shared)


class Block(nn.Module):
    def __init__(self, fin, fout, norm, semantic):
        super().__init__()
        kind, kernel = re.search(r"spade(syncbatch|batch|instance)(\d)x\d", norm).groups()
        spectral = spectral_norm if norm.startswith("spectral") else (lambda conv: conv)
        middle, self.learned = min(fin, fout), fin != fout
        self.conv_0 = spectral(nn.Conv2d(fin, middle, 3, padding=1))
        self.conv_1 = spectral(nn.Conv2d(middle, fout, 3, padding=1))
        if self.learned:
            self.conv_s = spectral(nn.Conv2d(fin, fout, 1, bias=False))
        self.norm_0 = SpadeNorm(kind, int(kernel), fin, semantic)
        self.norm_1 = SpadeNorm(kind, int(kernel), middle, semantic)
        if self.learned:
            self.norm_s = SpadeNorm(kind, int(kernel), fin, semantic)

    def forward(self, x, seg):
        inner = self.conv_0(F.leaky_relu(self.norm_0(x, seg), 0.2))
        inner = self.conv_1(F.leaky_relu(self.norm_1(inner, seg), 0.2))
        return (self.conv_s(self.norm_s(x, seg)) if self.learned else x) + inner


class Generator(nn.Module):
    def __init__(self, opt):
        super().__init__()
        width = opt["ngf"]
        self.vae = opt["use_vae"]
        self.doublings = {"normal": 5, "more": 6, "most": 7}[opt["num_upsampling_layers"]]
        self.sw = opt["crop_size"] // 2**self.doublings
        self.sh = round(self.sw / opt["aspect_ratio"])
        if self.vae:
            self.fc = nn.Linear(opt["z_dim"], 16 * width * self.sw * self.sh)
        else:
            self.fc = nn.Conv2d(opt["semantic_nc"], 16 * width, 3, padding=1)
        block = lambda fin, fout: Block(fin, fout, opt["norm_G"], opt["semantic_nc"])
        self.head_0 = block(16 * width, 16 * width)
        self.G_middle_0 = block(16 * width, 16 * width)
        self.G_middle_1 = block(16 * width, 16 * width)
        widths = [16 * width, 8 * width, 4 * width, 2 * width, width]
        if self.doublings == 7:
            widths.append(width // 2)
        self.ups = len(widths) - 1
        for index in range(self.ups):
            setattr(self, f"up_{index}", block(widths[index], widths[index + 1]))
        self.conv_img = nn.Conv2d(widths[-1], opt["output_nc"], 3, padding=1)

    def forward(self, seg, z=None):
        double = lambda x: F.interpolate(x, scale_factor=2, mode="nearest")
        if self.vae:
            x = self.fc(z).view(z.shape[0], -1, self.sh, self.sw)
        else:
            x = self.fc(F.interpolate(seg, size=(self.sh, self.sw), mode="nearest"))
        x = self.G_middle_0(double(self.head_0(x, seg)), seg)
        x = self.G_middle_1(double(x) if self.doublings > 5 else x, seg)
        for index in range(self.ups):
            x = getattr(self, f"up_{index}")(double(x), seg)
        return torch.tanh(self.conv_img(F.leaky_relu(x, 0.2)))


class ResnetBlock(nn.Module):
    def __init__(self, channels, norm, kernel):
        super().__init__()
        conv = lambda: normed(nn.Conv2d(channels, channels, kernel), norm)
        pad = lambda: nn.ReflectionPad2d(kernel // 2)
        self.conv_block = nn.Sequential(pad(), conv(), nn.ReLU(), pad(), conv())

    def forward(self, x):
        return x + self.conv_block(x)


class ResnetGenerator(nn.Module):
    """`netG pix2pixhd`."""

    def __init__(self, opt):
        super().__init__()
        norm, width, downs = opt["norm_G"], opt["ngf"], opt["resnet_n_downsample"]
        first = opt["resnet_initial_kernel_size"]
        stem = normed(nn.Conv2d(opt["semantic_nc"], width, first), norm)
        layers = [nn.ReflectionPad2d(first // 2), stem, nn.ReLU()]
        for level in range(downs):
            conv = nn.Conv2d(width << level, width << (level + 1), 3, stride=2, padding=1)
            layers += [normed(conv, norm), nn.ReLU()]
        for _ in range(opt["resnet_n_blocks"]):
            layers.append(ResnetBlock(width << downs, norm, opt["resnet_kernel_size"]))
        for level in reversed(range(downs)):
            sizes = {"stride": 2, "padding": 1, "output_padding": 1}
            conv = nn.ConvTranspose2d(width << (level + 1), width << level, 3, **sizes)
            layers += [normed(conv, norm), nn.ReLU()]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, opt["output_nc"], 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, seg, z=None):
        return self.model(seg)


class PatchGan(nn.Module):
    def __init__(self, opt):
        super().__init__()
        width, self.layers = opt["ndf"], opt["n_layers_D"]
        channels = opt["semantic_nc"] + opt["output_nc"]
        first = nn.Conv2d(channels, width, 4, stride=2, padding=2)
        self.model0 = nn.Sequential(first, nn.LeakyReLU(0.2))
        for index in range(1, self.layers):
            before, width = width, min(2 * width, 512)
            stride = 1 if index == self.layers - 1 else 2
            conv = nn.Conv2d(before, width, 4, stride=stride, padding=2)
            layer = nn.Sequential(normed(conv, opt["norm_D"]), nn.LeakyReLU(0.2))
            setattr(self, f"model{index}", layer)
        last = nn.Sequential(nn.Conv2d(width, 1, 4, padding=2))
        setattr(self, f"model{self.layers}", last)

    def forward(self, x):
        features = []
        for index in range(self.layers + 1):
            x = getattr(self, f"model{index}")(x)
            features.append(x)
        return features


class Discriminator(nn.Module):
    def __init__(self, opt):
        super().__init__()
        self.scales = opt["num_D"]
        for index in range(self.scales):
            setattr(self, f"discriminator_{index}", PatchGan(opt))

    def forward(self, x):
        scales = []
        for index in range(self.scales):
            scales.append(getattr(self, f"discriminator_{index}")(x))
            x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        return scales


class Encoder(nn.Module):
    def __init__(self, opt):
        super().__init__()
        width = opt["ngf"]
        widths = [opt["output_nc"]] + [width * factor for factor in (1, 2, 4, 8, 8, 8)]
        for index in range(6):
            conv = nn.Conv2d(widths[index], widths[index + 1], 3, stride=2, padding=1)
            setattr(self, f"layer{index + 1}", normed(conv, opt["norm_E"]))
        self.fc_mu = nn.Linear(8 * width * 16, opt["z_dim"])
        self.fc_var = nn.Linear(8 * width * 16, opt["z_dim"])

    def forward(self, x):
        if x.shape[2:] != (256, 256):
            x = F.interpolate(x, size=(256, 256), mode="bilinear", align_corners=False)
        for index in range(6):
            x = F.leaky_relu(getattr(self, f"layer{index + 1}")(x), 0.2)
        return self.fc_mu(x.flatten(1)), self.fc_var(x.flatten(1))


def segmentation(opt, label, inst, dtype):
    """One-hot classes (with don't-care), then edges."""
    classes = opt["label_nc"] + int(opt["contain_dontcare_label"])
    one_hot = torch.zeros(label.shape[0], classes, *label.shape[2:], dtype=dtype)
    one_hot.scatter_(1, label.long(), 1.0)
    if opt["no_instance"]:
        return one_hot
    edges = torch.zeros(inst.shape, dtype=torch.bool)
    differs = inst[..., 1:] != inst[..., :-1]
    edges[..., 1:] |= differs
    edges[..., :-1] |= differs
    differs = inst[..., 1:, :] != inst[..., :-1, :]
    edges[..., 1:, :] |= differs
    edges[..., :-1, :] |= differs
    return torch.cat([one_hot, edges.to(dtype)], 1)


def adversarial(scales, mode, real, of_generator=False):
    losses = []
    for features in scales:
        logits = features[-1]
        if mode == "hinge" and of_generator:
            losses.append(-logits.mean())
        elif mode == "hinge":
            losses.append(F.relu(1 - logits if real else 1 + logits).mean())
        elif mode == "ls":
            losses.append(((logits - float(real)) ** 2).mean())
        elif mode == "original":
            target = torch.full_like(logits, float(real))
            losses.append(F.binary_cross_entropy_with_logits(logits, target))
        else:
            losses.append(-logits.mean() if real else logits.mean())
    return sum(losses) / len(losses)


def train(opt, nets, data, dtype):
    """Columns GAN, GAN_Feat, KLD, D_Fake, D_real of every step, and the generator's last picture."""
    generator, discriminator, encoder = (nets.get(name) for name in "GDE")
    rates = [opt["lr"]] * 2 if opt["no_TTUR"] else [opt["lr"] / 2, opt["lr"] * 2]
    betas = (opt["beta1"], opt["beta2"])
    parameters = list(generator.parameters()) + (list(encoder.parameters()) if encoder else [])
    of_g = torch.optim.Adam(parameters, lr=rates[0], betas=betas)
    of_d = torch.optim.Adam(discriminator.parameters(), lr=rates[1], betas=betas)
    rows, losses, shown = [], None, None
    for step in range(opt["steps"]):
        batch = torch.arange(opt["batchSize"]) + step * opt["batchSize"]
        batch = batch % data["image"].shape[0]
        inst = data["inst"][batch] if "inst" in data else None
        seg = segmentation(opt, data["label"][batch], inst, dtype)
        real = data["image"][batch].to(dtype)

        def generate(side):
            if not encoder:
                return generator(seg), None
            mean, log_variance = encoder(real)
            z = mean + torch.exp(0.5 * log_variance) * data["eps"][step, side].to(dtype)
            divergence = -0.5 * torch.sum(1 + log_variance - mean**2 - log_variance.exp())
            return generator(seg, z), divergence

        def judge(fake):
            pairs = [torch.cat([seg, picture], 1) for picture in (fake, real)]
            scales = discriminator(torch.cat(pairs, 0))
            half = fake.shape[0]
            part = lambda rows: [[x[rows] for x in features] for features in scales]
            return part(slice(0, half)), part(slice(half, None))

        if step % opt["D_steps_per_G"] == 0:
            of_g.zero_grad()
            fake, divergence = generate(0)
            on_fake, on_real = judge(fake)
            losses = [adversarial(on_fake, opt["gan_mode"], True, of_generator=True)]
            pairs = [pair for scale in zip(on_fake, on_real) for pair in list(zip(*scale))[:-1]]
            matching = sum(F.l1_loss(a, b.detach()) * opt["lambda_feat"] / opt["num_D"] for a, b in pairs)
            losses.append(torch.zeros(()) if opt["no_ganFeat_loss"] else matching)
            losses.append(torch.zeros(()) if divergence is None else divergence * opt["lambda_kld"])
            sum(losses).backward()
            of_g.step()
            shown = fake.detach()
        of_d.zero_grad()
        with torch.no_grad():
            fake, _ = generate(1)
        on_fake, on_real = judge(fake)
        d_fake = adversarial(on_fake, opt["gan_mode"], False)
        d_real = adversarial(on_real, opt["gan_mode"], True)
        (d_fake + d_real).backward()
        of_d.step()
        rows.append([loss.item() for loss in [*losses, d_fake, d_real]])
    return torch.tensor(rows), torch.tensor([rates] * opt["steps"]), shown


def sparse(tensor):
    return tensor.detach().flatten()[::7] if tensor.numel() > 500 else tensor.detach()


def final(nets):
    entries = {}
    for name, net in nets.items():
        for key, tensor in net.state_dict().items():
            if not key.endswith("num_batches_tracked"):
                entries[f"{name}/{key}"] = sparse(tensor).float().clone()
    return entries


def branch(folder, out):
    meta = json.loads((folder / "meta.json").read_text())
    data, golden = load_file(folder / "io.safetensors"), load_file(folder / meta["final_file"])
    runs = {}
    for threads in (1, 2):
        torch.set_num_threads(threads)
        nets = {"G": Generator(meta["flags"]), "D": Discriminator(meta["flags"])}
        for name, net in nets.items():
            state = torch.load(folder / meta["weight_files"][name], weights_only=True)
            net.load_state_dict(state)
            net.train()
        losses, _, shown = train(meta["flags"], nets, data, torch.float32)
        runs[threads] = (losses, shown, final(nets))
    losses, shown, entries = runs[1]
    exact = torch.equal(losses, data["losses"]) and all(
        torch.equal(tensor, golden[key]) for key, tensor in entries.items()
    )
    if not exact:
        sys.exit("on one thread this is not the fixture's run: nothing is written")
    losses, shown, entries = runs[2]
    tensors = {f"final/{key}": tensor for key, tensor in entries.items()}
    tensors["losses"] = losses
    tensors["generated_last_stride3"] = shown[:1, :, ::3, ::3].contiguous()
    save_file(tensors, out)


if __name__ == "__main__":
    if sys.argv[1] == "branch":
        branch(Path(sys.argv[2]), sys.argv[3])
    else:
        import spade_fixtures

        spade_fixtures.write(Path(sys.argv[2]), sys.argv[3:])
