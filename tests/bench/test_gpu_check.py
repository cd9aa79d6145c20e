#!/usr/bin/env python3
"""What gpu_check.py makes of other programs' output. Run by `cargo test -p xtask`; needs no PyTorch."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import gpu_check

PASSED = "running 2 tests\ntest a ... ok\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured\n"
FAILED = """running 2 tests
test parity::a::libtorch-cuda:0 ... ok
test parity::b::libtorch-cuda:0 ... FAILED

failures:

---- parity::b::libtorch-cuda:0 ----
output: differs by 1.0e-1 at element 3

failures:
    parity::b::libtorch-cuda:0

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out
"""


def losses(values, names=("G", "D")):
    return {"loss_names": list(names), "first_losses": [list(values)]}


class GpuCheck(unittest.TestCase):
    def test_parity_is_counted_and_failures_keep_their_reason(self):
        self.assertEqual(gpu_check.parity_summary(PASSED), {"passed": 2, "failed": 0, "failures": {}})
        found = gpu_check.parity_summary(FAILED)
        self.assertEqual((found["passed"], found["failed"]), (1, 1))
        self.assertIn("differs by", found["failures"]["parity::b::libtorch-cuda:0"])
        self.assertIn("problem", gpu_check.parity_summary("error while loading shared libraries"))

    def test_losses_that_part_are_wrong_and_so_is_nan(self):
        compare = gpu_check.compare_losses
        self.assertTrue(compare(losses([2.0, 1.0]), losses([2.001, 1.0]))["equal"])
        self.assertFalse(compare(losses([2.0, 1.0]), losses([2.1, 1.0]))["equal"])
        self.assertFalse(compare(losses([float("nan"), 1.0]), losses([2.0, 1.0]))["equal"])
        self.assertIn("problem", compare(losses([1.0, 1.0]), losses([1.0, 1.0], ("G", "X"))))

    def test_a_report_fails_by_what_was_wrong_not_by_what_was_left_out(self):
        report = {"parity": {"passed": 9, "failed": 0}, "losses": {"a": {"equal": True}, "b": None}}
        self.assertFalse(gpu_check.failed(report))
        self.assertTrue(gpu_check.failed({**report, "parity": {"problem": "no result"}}))
        self.assertTrue(gpu_check.failed({**report, "losses": {"a": {"problem": "exit status 1"}}}))

    def test_ratios_need_both_sides(self):
        found = {"f32 ours": {"step_ms_median": 3.0}, "f32 eager": {"step_ms_median": 4.0}}
        found["f32 compiled"] = {"problem": "not done after 120 s"}
        gpu_check.ratio(found, "f32")
        self.assertEqual(found["f32 ours / eager"], 0.75)
        self.assertNotIn("f32 ours / compiled", found)

    def test_libraries_are_found_beside_pytorch(self):
        with tempfile.TemporaryDirectory() as site:
            for folder in ("torch/lib", "nvidia/cudnn/lib", "nvidia/cu13/lib"):
                (Path(site) / folder).mkdir(parents=True)
            found = gpu_check.library_folders(Path(site) / "torch")
            names = [str(folder.relative_to(site)) for folder in found]
        self.assertEqual(names, ["torch/lib", "nvidia/cu13/lib", "nvidia/cudnn/lib"])

    def test_headlines_are_those_of_the_seeds(self):
        names = [gpu_check.case_name(case) for case in gpu_check.HEADLINES]
        self.assertIn("pix2pixhd 2048x1024 width 64 batch 1", names)
        self.assertIn("pgan 128x128 width 512 batch 16", names)

    def test_the_report_is_the_last_line_of_json(self):
        self.assertEqual(gpu_check.last_line_as_json('warning\n{"a": 1}\n{"a": 2}\n'), {"a": 2})
        self.assertRaises(ValueError, gpu_check.last_line_as_json, "nothing")


if __name__ == "__main__":
    unittest.main()
