#!/usr/bin/env python3
"""Pictures of a folder of label maps in PyTorch eager, batch 1: the peer of `underpaint generate`.

A loop as the published test programs have it: read a label map, encode it one-hot, run the U-Net with
the statistics of the picture and without dropout, write a PNG. The weights are those of `underpaint
export --format pytorch-keys`. The last line on stdout is JSON: seconds of the whole loop, its share of
reading and writing, CPU seconds, and, with --compare, the largest difference from the pictures of
another folder in levels of 255.

    underpaint export RUN --format pytorch-keys --output G.safetensors
    OMP_NUM_THREADS=2 underpaint generate --model RUN --input LABELS --output ours --dropout off \
        --device libtorch-cpu
    python3 pytorch_generate.py --weights G.safetensors --labels LABELS --output theirs --classes 15 \
        --width 64 --threads 2 --compare ours
"""

import argparse
import json
import resource
import time
from pathlib import Path

import numpy
import torch
from PIL import Image
from pytorch_train_step import Unet, load


def read(path, classes):
    ids = torch.from_numpy(numpy.array(Image.open(path), dtype=numpy.int64))
    one_hot = torch.zeros(1, classes, *ids.shape)
    return one_hot.scatter_(1, ids[None, None], 1.0)


def write(path, picture):
    pixels = ((picture[0].permute(1, 2, 0) + 1.0) / 2.0 * 255.0).clamp(0, 255)
    Image.fromarray(pixels.to(torch.uint8).numpy()).save(path)


def difference(ours, theirs):
    both = (numpy.array(Image.open(path), dtype=numpy.int16) for path in (ours, theirs))
    return int(numpy.abs(numpy.subtract(*both)).max())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--classes", type=int, required=True)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--downs", type=int, default=8)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--compare", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    # Training mode: batch statistics of the one picture, as the authors test.
    network = Unet(args.classes, 3, args.width, args.downs).train()
    load(network, args.weights)
    args.output.mkdir(parents=True, exist_ok=True)
    files = sorted(args.labels.glob("*.png"))
    start, network_seconds = time.perf_counter(), 0.0
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    with torch.no_grad():
        for file in files:
            condition = read(file, args.classes)
            before = time.perf_counter()
            picture = network(condition)
            network_seconds += time.perf_counter() - before
            write(args.output / file.name, picture)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    report = {
        "pictures": len(files),
        "seconds": seconds,
        "files_seconds": seconds - network_seconds,
        "cpu_seconds": after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime,
        "per_second": len(files) / seconds,
    }
    if args.compare:
        pairs = [(args.compare / file.name, args.output / file.name) for file in files]
        report["largest_difference"] = max(difference(*pair) for pair in pairs)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
