#!/usr/bin/env python3
"""Checks ONNX files, runs them in ONNX Runtime, and compares with what the native program made.

`tests/suite/cli/onnx.rs` starts it with a folder that holds, for every NAME: NAME.onnx;
NAME.in.safetensors, tensors by the names of the graph's inputs; NAME.out.safetensors, tensors by the
names of its outputs. Prints one line a file, and fails for the first that is invalid or differs.
"""

import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime
from safetensors.numpy import load_file

# Sums in another order; pictures are in [-1, 1].
TOLERANCE = 1e-4


def largest_difference(path):
    """The largest difference of any output."""
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given, expected = (load_file(path.with_suffix(f".{side}.safetensors")) for side in ("in", "out"))
    names = [output.name for output in session.get_outputs()]
    if sorted(names) != sorted(expected):
        sys.exit(f"{path.name}: expected the outputs {sorted(expected)}, found {names}")
    found = dict(zip(names, session.run(names, given), strict=True))
    for name in names:
        if found[name].shape != expected[name].shape:
            sys.exit(f"{path.name}: {name}: expected {expected[name].shape}, found {found[name].shape}")
    return max(float(numpy.abs(found[name] - expected[name]).max()) for name in names)


def main():
    paths = sorted(Path(sys.argv[1]).glob("*.onnx"))
    for path in paths:
        difference = largest_difference(path)
        print(f"{path.name}: {difference:.2g}", flush=True)
        if not difference <= TOLERANCE:
            sys.exit(f"{path.name}: differs by {difference}, expected at most {TOLERANCE}")
    if not paths:
        sys.exit(f"{sys.argv[1]}: expected ONNX files, found none")


if __name__ == "__main__":
    main()
