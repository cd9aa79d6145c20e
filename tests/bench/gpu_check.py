#!/usr/bin/env python3
"""Underpaint on a machine that has Python, PyTorch and a GPU, and nothing to build with.

`cargo xtask gpu-check --pack DIR` makes a folder of this file and gpu_check.zip, which lies beside it:
the program (built against the PyTorch of that machine), the fixtures, and PyTorch's side of the
comparison. Copy the folder and run

    python3 gpu_check.py                       # on libtorch-cuda:0
    python3 gpu_check.py --device libtorch-cpu --small   # a rehearsal without a GPU, in minutes

What it does, in this order, until `--budget` seconds are over:

devices   `underpaint devices`
parity    every fixture of the original networks and training runs on the device, TF32 off
losses    a training step of each family at full width, same weights and batch: losses against
          PyTorch's, TF32 off
steps     the headline steps in f32 and bf16: ours and PyTorch eager (bf16: AMP), then PyTorch compiled

Progress goes to stderr, the results as JSON to stdout and to --output. What was left out, and why, is in
the JSON. The exit status is 1 if parity or losses failed.
"""

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAM = "underpaint-gpu-check"
# Losses of the first step: two sums of the same numbers in another order.
LOSS_TOLERANCE = 1e-3
# Seconds left under which no further step is measured.
RESERVE = 10.0

# Family, width, height (pix2pixHD's pictures are twice as wide), pictures of a step.
HEADLINES = [
    ("pix2pix", 64, 256, 1),
    ("pix2pix", 64, 256, 4),
    ("spade", 64, 256, 8),
    ("pgan", 512, 128, 16),
    ("pix2pixhd", 64, 512, 1),
    ("pix2pixhd", 64, 1024, 1),
]
FULL_WIDTH = [("pix2pix", 64, 256, 1), ("pix2pixhd", 64, 256, 1), ("spade", 64, 128, 2), ("pgan", 512, 64, 4)]
# Of a rehearsal: the same, small.
SMALL = [("pix2pix", 8, 256, 1), ("spade", 4, 64, 1), ("pgan", 32, 16, 4), ("pix2pixhd", 8, 64, 1)]


def case_name(case):
    family, width, height, batch = case
    across = 2 * height if family == "pix2pixhd" else height
    return f"{family} {across}x{height} width {width} batch {batch}"


def library_folders(torch_folder):
    """PyTorch's own libraries, and those of NVIDIA's wheels beside it."""
    wheels = sorted(torch_folder.parent.glob("nvidia/**/lib"))
    return [torch_folder / "lib", *[folder for folder in wheels if folder.is_dir()]]


def parity_summary(output):
    """What libtest prints, as numbers and the names of what failed with its reason."""
    found = re.search(r"test result: \w+\. (\d+) passed; (\d+) failed", output)
    if not found:
        return {"problem": "no result", "output": output[-2000:]}
    failures = {}
    for name, text in re.findall(r"^---- (\S+) ----\n(.*?)(?=^----|^failures:|\Z)", output, re.M | re.S):
        failures[name] = text.strip()[:500]
    return {"passed": int(found[1]), "failed": int(found[2]), "failures": failures}


def compare_losses(ours, theirs):
    """The largest difference in the first step, relative to the loss or to 1."""
    if ours["loss_names"] != theirs["loss_names"]:
        return {"problem": f"losses {ours['loss_names']} and {theirs['loss_names']}"}
    pairs = list(zip(ours["loss_names"], ours["first_losses"][0], theirs["first_losses"][0]))
    worst = max(abs(a - b) / max(abs(b), 1.0) for _, a, b in pairs)
    result = {"largest_difference": worst, "tolerance": LOSS_TOLERANCE, "ours": ours["first_losses"][0]}
    # NaN is not below.
    result["equal"] = bool(worst <= LOSS_TOLERANCE)
    result["pytorch"] = theirs["first_losses"][0]
    return result


def last_line_as_json(text):
    lines = [line for line in text.strip().splitlines() if line.startswith("{")]
    if not lines:
        raise ValueError(f"expected a report as JSON, found: {text[-300:]}")
    return json.loads(lines[-1])


class Check:
    def __init__(self, args, folder):
        import torch

        self.args, self.folder = args, folder
        self.ends = time.monotonic() + args.budget
        self.program = folder / PROGRAM
        self.environment = dict(os.environ)
        path = os.pathsep.join(map(str, library_folders(Path(torch.__file__).parent)))
        before = self.environment.get("LD_LIBRARY_PATH")
        self.environment["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, [path, before]))
        self.peer_device = "cuda" if "cuda" in args.device else "cpu"
        self.report = {"torch": torch.__version__, "device": args.device, "left_out": {}}
        if self.peer_device == "cuda":
            self.report["gpu"] = torch.cuda.get_device_name()

    def left(self):
        return self.ends - time.monotonic()

    def run(self, command, tf32=True, limit=None):
        """Runs a program: its output, or an exception that says what went wrong."""
        environment = dict(self.environment)
        if not tf32:
            environment["NVIDIA_TF32_OVERRIDE"] = "0"
        limit = max(1.0, min(limit or self.left(), self.left()))
        result = subprocess.run(
            [str(word) for word in command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=limit,
            check=False,
        )
        if result.returncode != 0:
            words = (result.stderr or result.stdout).strip()
            raise RuntimeError(f"exit status {result.returncode}: {words[-600:]}")
        return result.stdout

    def attempt(self, what, action):
        """The result, or the reason why there is none."""
        if self.left() < RESERVE:
            self.report["left_out"][what] = f"the budget of {self.args.budget:.0f} s is spent"
            return None
        started = time.monotonic()
        try:
            result = action()
        except subprocess.TimeoutExpired as error:
            result = {"problem": f"not done after {error.timeout:.0f} s"}
        except (RuntimeError, OSError, ValueError) as error:
            result = {"problem": str(error)}
        problem = result.get("problem") if isinstance(result, dict) else None
        said = f"  {problem[:200]}" if problem else ""
        print(f"{what}: {time.monotonic() - started:.1f} s{said}", file=sys.stderr)
        return result

    def devices(self):
        return self.run([self.program, "underpaint", "devices"]).splitlines()

    def parity(self):
        self.environment["UNDERPAINT_FIXTURES"] = str(self.folder / "fixtures")
        self.environment["UNDERPAINT_DEVICES"] = self.args.device
        environment = dict(self.environment, NVIDIA_TF32_OVERRIDE="0")
        # Threads would wait for one GPU.
        threads = "1" if self.peer_device == "cuda" else str(os.cpu_count())
        command = [str(self.program), f"--test-threads={threads}", *self.args.only_parity]
        result = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=max(1.0, self.left()),
            check=False,
        )
        return parity_summary(result.stdout)

    def ours(self, case, precision, counts, init=None, tf32=True):
        family, width, height, batch = case
        command = [self.program, "underpaint", "bench-step", "--family", family, "--width", width]
        command += ["--size", height, "--batch-size", batch, "--device", self.args.device]
        command += ["--steps", counts[0], "--warmup", counts[1]]
        if precision != "f32":
            if not self.knows_precision():
                raise RuntimeError("this build of the program has no --precision")
            command += ["--precision", precision]
        if init:
            command += ["--write-init", init]
        return last_line_as_json(self.run(command, tf32))

    def knows_precision(self):
        if "--precision" not in self.environment.get("UNDERPAINT_BENCH_HELP", ""):
            text = self.run([self.program, "underpaint", "bench-step", "--help"])
            self.environment["UNDERPAINT_BENCH_HELP"] = " ".join(re.findall(r"--[a-z-]+", text))
        return "--precision" in self.environment["UNDERPAINT_BENCH_HELP"]

    def theirs(self, init, precision, counts, compiled=False, tf32=True):
        command = [sys.executable, self.folder / "gpu_check_peer.py", "--init", init]
        command += ["--device", self.peer_device, "--precision", precision]
        command += ["--steps", counts[0], "--warmup", counts[1]]
        command += ["--compile"] if compiled else []
        return last_line_as_json(self.run(command, tf32, limit=self.args.limit))

    def losses(self, case):
        with tempfile.TemporaryDirectory() as init:
            ours = self.ours(case, "f32", (1, 0), init, tf32=False)
            return compare_losses(ours, self.theirs(init, "f32", (1, 0), tf32=False))

    def steps(self, case, init, sides, found):
        """Adds to `found` what a step of one case costs the sides; `init` is where our weights lie."""
        name, counts = case_name(case), (self.args.steps, self.args.warmup)
        for precision in ("f32", "bf16"):
            written = init if precision == "f32" else None
            runs = {
                "ours": lambda: self.ours(case, precision, counts, written),
                "eager": lambda: self.theirs(init, precision, counts),
                "compiled": lambda: self.theirs(init, precision, counts, compiled=True),
            }
            for who in sides:
                result = self.attempt(f"{name}, {precision}, {who}", runs[who])
                if result is not None:
                    found[f"{precision} {who}"] = summary(result)
            ratio(found, precision)

    def everything(self):
        report = self.report
        report["devices"] = self.attempt("devices", self.devices)
        if not self.args.skip_parity:
            report["parity"] = self.attempt("parity", self.parity)
        full, headlines = (SMALL, SMALL) if self.args.small else (FULL_WIDTH, HEADLINES)
        report["losses"] = {}
        for case in full:
            name = f"losses of {case_name(case)}"
            report["losses"][case_name(case)] = self.attempt(name, lambda: self.losses(case))
        report["steps"] = {case_name(case): {} for case in headlines}
        # Compiling takes minutes: nothing else is to be left out for it.
        rounds = [("ours", "eager"), ("compiled",)] if self.args.compile else [("ours", "eager")]
        with contextlib.ExitStack() as folders:
            inits = [folders.enter_context(tempfile.TemporaryDirectory()) for _ in headlines]
            for sides in rounds:
                for case, init in zip(headlines, inits):
                    self.steps(case, init, sides, report["steps"][case_name(case)])
        return report


def summary(result):
    """What is worth reading of a side's report."""
    if "problem" in result:
        return result
    kept = ["step_ms_median", "step_ms_p10", "forward_ms_median", "peak_device_mib", "peak_rss_mib"]
    return {key: result.get(key) for key in kept}


def ratio(found, precision):
    """Our step over each of PyTorch's, where both are there."""
    ours = found.get(f"{precision} ours", {}).get("step_ms_median")
    for peer in ("eager", "compiled"):
        theirs = found.get(f"{precision} {peer}", {}).get("step_ms_median")
        if ours and theirs:
            found[f"{precision} ours / {peer}"] = round(ours / theirs, 3)


def failed(report):
    """Whether something came out wrong; what was not run is not wrong."""
    parity = report.get("parity") or {}
    losses = [result for result in report["losses"].values() if result]
    wrong = [result for result in losses if not result.get("equal")]
    return bool(wrong or parity.get("failed") or parity.get("problem"))


def arguments(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="libtorch-cuda:0")
    parser.add_argument("--output", type=Path, default=Path("gpu-check.json"))
    parser.add_argument("--budget", type=float, default=440, help="seconds for everything")
    parser.add_argument("--limit", type=float, default=120, help="seconds for one run of PyTorch")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="narrow networks and small pictures")
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    parser.add_argument("--skip-parity", action="store_true")
    parser.add_argument("--only-parity", nargs="*", default=[], metavar="NAME", help="parts of fixtures' names")
    return parser.parse_args(words)


def main():
    args = arguments()
    with tempfile.TemporaryDirectory(prefix="underpaint-gpu-check-") as folder:
        folder = Path(folder)
        with zipfile.ZipFile(HERE / "gpu_check.zip") as pack:
            pack.extractall(folder)
        (folder / PROGRAM).chmod(0o755)
        report = Check(args, folder).everything()
    text = json.dumps(report, indent=1)
    args.output.write_text(text + "\n")
    print(text)
    sys.exit(1 if failed(report) else 0)


if __name__ == "__main__":
    main()
