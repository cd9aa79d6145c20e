#!/usr/bin/env python3
"""The buffer of earlier fakes, written from the specification, section 2.4, for golden files.

    image_pool.py FOLDER
        Writes the fixtures spec_image_pool_* there: queries, what `random.uniform(0, 1)` and
        `random.randint(0, pool_size - 1)` gave, and what the pool showed.

Needs numpy and safetensors.
"""

import json
import random
import sys
from pathlib import Path

import numpy
from safetensors.numpy import save_file

# Name: pool size, queries, pictures of one query.
CASES = {"batch_1": (3, 16, 1), "batch_2": (5, 9, 2), "size_0": (0, 4, 1), "filling": (50, 6, 2)}
SHAPE = (2, 3, 4)


def asked(pool_size, queries, stream):
    """What the pool shows, and the draws that it used on the way."""
    stored, shown, uniform, places = [], [], [], []
    for picture in queries.reshape(-1, *SHAPE):
        if len(stored) < pool_size:
            stored.append(picture)
        elif pool_size > 0:
            uniform.append(stream.uniform(0, 1))
            if uniform[-1] > 0.5:
                places.append(stream.randint(0, pool_size - 1))
                picture, stored[places[-1]] = stored[places[-1]], picture
        shown.append(picture)
    return numpy.stack(shown), numpy.array(uniform), numpy.array(places, dtype=numpy.int64)


def write(folder, name, pool_size, count, batch):
    noise = numpy.random.default_rng(sum(map(ord, name)))
    queries = noise.uniform(-1, 1, (count, batch, *SHAPE)).astype(numpy.float32)
    shown, uniform, places = asked(pool_size, queries, random.Random(name))
    tensors = {
        "queries": ("input", queries, "[query, batch, channels, height, width]"),
        "uniform": ("input", uniform, "random.uniform(0, 1), one for every picture of a full pool"),
        "ids": ("input", places, "random.randint(0, pool_size - 1), one for every uniform > 0.5"),
        "returned": ("output", shown.reshape(queries.shape), "what the pool shows"),
    }
    meta = {
        "family": "pix2pix",
        "kind": "image_pool",
        "what": "made from the specification by tests/reference/image_pool.py, not by the original",
        "flags": {"pool_size": pool_size, "batch_size": batch},
        "held_out": 0,
        "tolerance": {"returned": {"atol": 0.0}},
        "tensors": {
            name: {"role": role, "shape": list(value.shape), "dtype": str(value.dtype), "desc": desc}
            for name, (role, value, desc) in tensors.items()
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    values = {name: value.copy() for name, (_, value, _) in tensors.items()}
    save_file(values, folder / "io.safetensors")
    (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")


if __name__ == "__main__":
    for case, (pool_size, count, batch) in CASES.items():
        write(Path(sys.argv[1]) / f"spec_image_pool_{case}", case, pool_size, count, batch)
