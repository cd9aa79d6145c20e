#!/usr/bin/env python3
"""What feeds pix2pix in PyTorch, without PyTorch: the peer of `cargo xtask bench data`.

Every AB picture of FOLDER/train is decoded by Pillow and halved, both halves are resized to 286 x 286
(bicubic), cut out at 256 x 256, mirrored by chance, and turned into f32 planes in [-1, 1] by numpy. A
pool of threads does it: Pillow and numpy let others run meanwhile. The last line on stdout is JSON.
"""

import argparse
import json
import random
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

LOAD, CROP = 286, 256


def floats(picture, left, top, mirrored):
    picture = picture.resize((LOAD, LOAD), Image.Resampling.BICUBIC)
    picture = picture.crop((left, top, left + CROP, top + CROP))
    if mirrored:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    # [height, width, 3] bytes to [3, height, width]
    planes = np.asarray(picture).transpose(2, 0, 1).astype(np.float32)
    planes /= 127.5
    planes -= 1.0
    return planes


def load(job):
    path, seed = job
    draw = random.Random(seed)
    with Image.open(path) as file:
        both = file.convert("RGB")
    half = both.width // 2
    left, top = (draw.randint(0, LOAD - CROP) for _ in range(2))
    mirrored = draw.random() > 0.5
    a = both.crop((0, 0, half, both.height))
    b = both.crop((half, 0, both.width, both.height))
    return [floats(picture, left, top, mirrored) for picture in (a, b)]


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    endings = {".jpg", ".jpeg", ".png"}
    files = sorted(p for p in (args.data / "train").rglob("*") if p.suffix.lower() in endings)
    samples, total, count = 0, 0.0, 0
    with ThreadPoolExecutor(args.workers) as pool:
        for _ in pool.map(load, [(path, 0) for path in files]):
            pass
        started, cpu = time.perf_counter(), cpu_seconds()
        for epoch in range(args.epochs):
            jobs = [(path, epoch * len(files) + index) for index, path in enumerate(files)]
            for start in range(0, len(jobs), 8):  # so that no epoch lies in memory at once
                for pair in pool.map(load, jobs[start : start + 8]):
                    samples += 1
                    for planes in pair:
                        few = planes.reshape(-1)[::997]
                        total += float(few.sum())
                        count += few.size
        wall, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    report = {
        "samples": samples,
        "wall_ms_per_sample": 1e3 * wall / samples,
        "cpu_ms_per_sample": 1e3 * cpu / samples,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
        "mean": total / count,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
