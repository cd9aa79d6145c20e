#!/usr/bin/env python3
"""One training step in PyTorch on a GPU: the peer of gpu_check.py.

The networks and steps are those of pytorch_train_step.py; here they run on a device, with AMP and
compiled where it is asked for. Reads what `underpaint bench-step --write-init` writes. The last line on
stdout is JSON.
"""

import argparse
import contextlib
import json
import resource
import time
from pathlib import Path

import torch
from pytorch_train_step import Pix2pix, load, percentile
from pytorch_trainers import Pgan, Pix2pixHd, Spade
from safetensors.torch import load_file

FAMILIES = {"pix2pix": Pix2pix, "pix2pixhd": Pix2pixHd, "spade": Spade, "pgan": Pgan}


def trainer(init, device):
    """The family's networks with our side's weights, and its batch, on the device."""
    config = json.loads((init / "config.json").read_text())
    batch = load_file(init / "batch.safetensors", device=device)
    made = FAMILIES[config["family"]](config, batch)
    for name, network in (("G", made.generator), ("D", made.discriminator)):
        load(network.train(), init / f"{name}.safetensors")
        # In place: the optimisers keep their parameters.
        network.to(device)
    return made


def timed(action, warmup, count, device):
    """Milliseconds of each of `count` calls after `warmup` more, waited for, and all results."""
    wait = torch.cuda.synchronize if device == "cuda" else (lambda: None)
    times, results = [], []
    for index in range(warmup + count):
        wait()
        start = time.perf_counter()
        results.append(action())
        wait()
        if index >= warmup:
            times.append(1000.0 * (time.perf_counter() - start))
    return sorted(times), results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--init", type=Path, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", choices=["f32", "bf16", "f16"], default="f32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=3)
    args = parser.parse_args()

    made = trainer(args.init, args.device)
    if args.compile:
        made.generator.compile()
        made.discriminator.compile()
    kind = {"bf16": torch.bfloat16, "f16": torch.float16}.get(args.precision)
    # Without its cache, which keeps weights cast in a pass without gradients for the next one with.
    amp = contextlib.nullcontext() if kind is None else torch.autocast(args.device, dtype=kind, cache_enabled=False)

    def step():
        with amp:
            losses = made.step()
        # As our side: one readback a step.
        return torch.stack([loss.detach().float() for loss in losses]).tolist()

    def forward():
        with torch.no_grad(), amp:
            made.forward()

    step_ms, losses = timed(step, args.warmup, args.steps, args.device)
    peak = torch.cuda.max_memory_allocated() / 2**20 if args.device == "cuda" else None
    forward_ms, _ = timed(forward, args.warmup, args.steps, args.device)
    report = {
        "step_ms_median": percentile(step_ms, 0.5),
        "step_ms_p10": percentile(step_ms, 0.1),
        "forward_ms_median": percentile(forward_ms, 0.5),
        "peak_device_mib": peak,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "loss_names": made.names,
        "first_losses": losses[:3],
        "losses": losses[-1],
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
