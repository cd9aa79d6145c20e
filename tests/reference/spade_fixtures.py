"""Fixtures of SPADE's options that the original's own fixtures do not cover; run by spade.py."""

import json

import torch
from safetensors.torch import save_file
from spade import (
    Discriminator,
    Encoder,
    Generator,
    ResnetGenerator,
    final,
    segmentation,
    train,
)

DEFAULTS = {
    "norm_G": "spectralspadesyncbatch1x1",
    "norm_D": "spectralinstance",
    "norm_E": "spectralinstance",
    "label_nc": 5,
    "contain_dontcare_label": False,
    "no_instance": False,
    "output_nc": 3,
    "ngf": 1,
    "ndf": 2,
    "n_layers_D": 4,
    "num_D": 2,
    "netD_subarch": "n_layer",
    "netG": "spade",
    "netD": "multiscale",
    "crop_size": 64,
    "aspect_ratio": 1.0,
    "num_upsampling_layers": "normal",
    "use_vae": False,
    "z_dim": 256,
    "gan_mode": "hinge",
    "no_ganFeat_loss": False,
    "no_vgg_loss": True,
    "lambda_feat": 10.0,
    "lambda_vgg": 10.0,
    "lambda_kld": 0.05,
    "lr": 0.0002,
    "beta1": 0.0,
    "beta2": 0.9,
    "no_TTUR": False,
    "D_steps_per_G": 1,
    "resnet_n_downsample": 4,
    "resnet_n_blocks": 9,
    "resnet_kernel_size": 3,
    "resnet_initial_kernel_size": 7,
}

# Name: kind, then what differs from DEFAULTS.
CASES = {
    "g_most_vae": ("generator", {
        "num_upsampling_layers": "most", "crop_size": 256, "aspect_ratio": 2.0, "use_vae": True,
        "z_dim": 5, "ngf": 2, "contain_dontcare_label": True, "no_instance": True,
        "norm_G": "spadeinstance1x1",
    }),
    "g_more_wide": ("generator", {
        "num_upsampling_layers": "more", "crop_size": 128, "aspect_ratio": 2.0,
        "norm_G": "spadesyncbatch1x1",
    }),
    "g_5x5": ("generator", {"norm_G": "spectralspadebatch5x5", "label_nc": 2}),
    "g_pix2pixhd": ("generator", {
        "netG": "pix2pixhd", "norm_G": "spectralinstance", "ngf": 2, "resnet_n_downsample": 2,
        "resnet_n_blocks": 2, "crop_size": 32,
    }),
    "g_pix2pixhd_batch": ("generator", {
        "netG": "pix2pixhd", "norm_G": "batch", "ngf": 2, "resnet_n_downsample": 1,
        "resnet_n_blocks": 1, "crop_size": 32, "resnet_kernel_size": 5,
        "resnet_initial_kernel_size": 5,
    }),
    "g_pix2pixhd_none": ("generator", {
        "netG": "pix2pixhd", "norm_G": "spectralnone", "ngf": 2, "resnet_n_downsample": 2,
        "resnet_n_blocks": 1, "crop_size": 32,
    }),
    "D_batch": ("discriminator", {"norm_D": "spectralbatch", "n_layers_D": 3, "num_D": 3}),
    "D_plain": ("discriminator", {"norm_D": "instance", "n_layers_D": 5, "num_D": 1}),
    "D_none": ("discriminator", {"norm_D": "spectralnone"}),
    "E_batch": ("vae_encoder", {"norm_E": "batch", "z_dim": 7, "crop_size": 256, "use_vae": True}),
    "trace_vae": ("trace", {
        "use_vae": True, "z_dim": 4, "crop_size": 256, "aspect_ratio": 8.0, "steps": 4,
        "batchSize": 2, "gan_mode": "original", "norm_D": "spectralbatch",
    }),
    "trace_ls": ("trace", {
        "no_TTUR": True, "beta1": 0.5, "beta2": 0.999, "gan_mode": "ls", "no_ganFeat_loss": True,
        "D_steps_per_G": 2, "steps": 5, "batchSize": 1, "no_instance": True, "crop_size": 64,
    }),
    "trace_w": ("trace", {
        "gan_mode": "w", "steps": 3, "batchSize": 2, "netG": "pix2pixhd", "norm_G": "instance",
        "ngf": 2, "resnet_n_downsample": 2, "resnet_n_blocks": 1, "crop_size": 32,
    }),
}


def networks(opt, kind):
    nets = {}
    if kind in ("generator", "trace"):
        nets["G"] = (ResnetGenerator if opt["netG"] == "pix2pixhd" else Generator)(opt)
    if kind in ("discriminator", "trace"):
        nets["D"] = Discriminator(opt)
    if kind == "vae_encoder" or (kind == "trace" and opt["use_vae"]):
        nets["E"] = Encoder(opt)
    for net in nets.values():
        for name, parameter in net.named_parameters():
            noise = torch.randn_like(parameter)
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 400
            scale = parameter.data + 0.1 * noise if parameter.dim() == 1 else noise / fan_in**0.5
            parameter.data = scale
        for name, buffer in net.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(0, 0.2)
            if name.endswith("running_var"):
                buffer.uniform_(0.5, 1.5)
    return nets


def inputs(opt, kind):
    width = opt["crop_size"]
    height = round(width / opt["aspect_ratio"])
    count = 3 if kind == "trace" else 2
    maps = lambda ids: torch.randint(0, ids, (count, 1, height // 4, width // 4)).repeat_interleave(
        4, 2).repeat_interleave(4, 3).to(torch.uint8)
    data = {}
    if kind in ("generator", "trace"):
        data["label"] = maps(opt["label_nc"] + int(opt["contain_dontcare_label"]))
        if not opt["no_instance"]:
            data["inst"] = maps(3)
    if kind == "generator" and opt["use_vae"]:
        data["z"] = torch.randn(count, opt["z_dim"])
    if kind == "discriminator":
        data["input"] = torch.randn(2, opt["semantic_nc"] + opt["output_nc"], 32, 40)
    if kind == "vae_encoder":
        data["input"] = torch.rand(2, 3, 64, 48) * 2 - 1
    if kind == "trace":
        data["image"] = torch.rand(count, opt["output_nc"], height, width) * 2 - 1
        if opt["use_vae"]:
            data["eps"] = torch.randn(opt["steps"], 2, opt["batchSize"], opt["z_dim"])
    return data


def passes(opt, kind, nets, data, dtype):
    """Outputs by name, in train mode and then, from the same weights, in eval mode."""
    out = {}
    net = next(iter(nets.values()))
    state = {key: tensor.clone() for key, tensor in net.state_dict().items()}
    for mode in ("train", "eval"):
        net.load_state_dict(state)
        net.train(mode == "train")
        net.zero_grad()
        if kind == "generator":
            seg = segmentation(opt, data["label"], data.get("inst"), dtype)
            result = net(seg, data["z"].to(dtype) if "z" in data else None)
            out[f"output_{mode}"] = result
            scalar = (result**2).mean()
        elif kind == "discriminator":
            scales = net(data["input"].to(dtype))
            for scale, features in enumerate(scales):
                for layer, feature in enumerate(features):
                    out[f"{mode}_d{scale}_out{layer}"] = feature
            scalar = sum((features[-1] ** 2).mean() for features in scales)
        else:
            mean, log_variance = net(data["input"].to(dtype))
            out[f"mu_{mode}"], out[f"logvar_{mode}"] = mean, log_variance
            continue
        scalar.backward()
        for key, parameter in net.named_parameters():
            if parameter.numel() <= 500 and parameter.grad is not None:
                out[f"grad_{mode}.{key}"] = parameter.grad.clone()
        if mode == "train":
            for key, buffer in net.named_buffers():
                if not key.endswith("num_batches_tracked"):
                    out[f"after_train.{key}"] = buffer.clone()
    return {name: tensor.detach().clone() for name, tensor in out.items()}


def run(opt, kind, nets, data, dtype):
    nets = {name: net.to(dtype) for name, net in nets.items()}
    if kind != "trace":
        return passes(opt, kind, nets, data, dtype), {}
    for net in nets.values():
        net.train()
    losses, rates, shown = train(opt, nets, data, dtype)
    out = {"losses": losses, "lr": rates, "generated_last_stride3": shown[:1, :, ::3, ::3]}
    return out, {key: tensor.double() for key, tensor in final(nets).items()}


def tolerances(single, double, noise=0.0):
    """Ten times the noise of f32, at least 1e-5 of the largest value."""
    found = {}
    for name, tensor in single.items():
        difference = (tensor.double() - double[name].double()).abs().max().item()
        scale = double[name].abs().max().item()
        found[name] = {"atol": max(1e-5 * scale, 10 * max(difference, noise))}
    return found


def write_one(folder, kind, changes):
    torch.manual_seed(sum(map(ord, folder.name)))
    torch.set_num_threads(1)
    opt = {**DEFAULTS, **changes}
    opt["semantic_nc"] = (
        opt["label_nc"] + int(opt["contain_dontcare_label"]) + int(not opt["no_instance"])
    )
    nets, data = networks(opt, kind), inputs(opt, kind)
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, net in nets.items():
        files[name] = f"weights_{name}.pth"
        torch.save(net.state_dict(), folder / files[name])
    states = {name: {k: v.clone() for k, v in net.state_dict().items()} for name, net in nets.items()}
    double, double_final = run(opt, kind, nets, data, torch.float64)
    for name, net in nets.items():
        net.float().load_state_dict(states[name])
    single, single_final = run(opt, kind, nets, data, torch.float32)
    roles = {**{name: "input" for name in data}, **{name: "output" for name in single}}
    about = {name: {"role": role} for name, role in roles.items()}
    meta = {
        "family": "spade",
        "kind": kind,
        "what": "made from the specification by tests/reference/spade.py, not by the original",
        "flags": opt,
        "weight_files": files,
        "held_out": 0,
        "tolerance": tolerances(single, double),
        "tensors": about,
    }
    if kind == "trace":
        about["losses"]["desc"] = "columns GAN, GAN_Feat, KLD (x lambda_kld), D_Fake, D_real"
        meta["final_file"] = "final.safetensors"
        meta["final_weight_tolerance"] = tolerances(single_final, double_final)
        for name, entry in meta["final_weight_tolerance"].items():
            # A gradient that is rounding noise only: Adam turns it into whole steps.
            if entry["atol"] > 1e-4 and not name.endswith(("running_mean", "running_var")):
                entry["skip"] = True
        save_file({k: v.float() for k, v in single_final.items()}, folder / "final.safetensors")
    tensors = {**data, **single}
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "io.safetensors")
    (folder / "meta.json").write_text(json.dumps(meta))


def write(root, names):
    for name, (kind, changes) in CASES.items():
        if not names or name in names:
            write_one(root / f"spade_spec_{name}", kind, changes)
