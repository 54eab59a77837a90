# SPDX-License-Identifier: LGPL-2.1-or-later
import json

import harness

KEYS = {"median_ms": float, "min_ms": float, "p95_ms": float, "fps": float, "gmacs": float,
        "threads": int, "isa": str, "device": str}
SMALL = "--width", "0.3", "--size", "32x48", "--runs", "7", "--threads", "1"


class Bench(harness.ToolTest):
    def bench(self, *arguments):
        text = self.ok("bench", "--json", *arguments)
        self.assertEqual(len(text.splitlines()), 1)
        return json.loads(text)

    def test_figures_agree_with_each_other(self):
        for batch in 1, 3:
            result = self.bench(*SMALL, "--batch", batch)
            for key, kind in KEYS.items():
                self.assertIsInstance(result[key], kind, key)
            self.assertGreater(result["min_ms"], 0)
            self.assertLessEqual(result["min_ms"], result["median_ms"])
            self.assertLessEqual(result["median_ms"], result["p95_ms"])
            self.assertAlmostEqual(result["fps"] * result["median_ms"], 1000 * batch, delta=1e-6)
            self.assertAlmostEqual(result["gmacs"] * 1e9, result["macs"] * result["fps"], delta=1)
            self.assertEqual((result["threads"], result["device"], result["batch"]),
                             (1, "cpu", batch))
            self.assertGreater(result["peak_gmacs"], 0)
            info = json.loads(self.ok("info", "--json", *SMALL[:4]))
            self.assertEqual(result["macs"], info["macs"])

    def test_isa_is_a_ceiling(self):
        self.assertEqual(self.bench(*SMALL, "--isa", "c")["isa"], "c")
        order = ["c", "avx2", "avx512"]
        best = self.bench(*SMALL)["isa"]
        for isa in order:
            self.assertEqual(self.bench(*SMALL, "--isa", isa)["isa"],
                             order[min(order.index(isa), order.index(best))])

    def test_variants_models_and_scheduling(self):
        self.assertEqual(self.bench(*SMALL, "--variant", "rexnet-lite")["variant"], "rexnet-lite")
        result = self.bench("--model-name", "efficientnet_lite1", *SMALL[2:])
        self.assertEqual((result["model"], result["variant"], result["width_px"]),
                         ("efficientnet_lite1-generated", "efficientnet-lite", 32))
        result = self.bench("--model", harness.DEFAULT_MODEL, "--runs", "3", "--threads", "1")
        self.assertEqual((result["width"], result["width_px"]), (0.5, 48))
        result = self.bench(*SMALL, "--scheduling", "throughput", "--threads", "2")
        self.assertEqual(result["batch"], 2)

    def test_profile(self):
        result = self.bench(*SMALL, "--profile")
        phases = result["profile"]
        self.assertGreater(len(phases), 0)
        self.assertGreater(sum(phase["ms"] for phase in phases), 0)
        for phase in phases:
            self.assertEqual(set(phase) >= {"name", "detail", "macs", "ms", "gmacs"}, True)
        text = self.ok("bench", *SMALL, "--profile")
        self.assertIn("GMAC/s", text)
        for phase in phases[:3]:
            self.assertIn(phase["name"], text)

    def test_text(self):
        text = self.ok("bench", *SMALL)
        self.assertRegex(text, r"(?m)^median \d+\.\d+ ms, min \d+\.\d+ ms, p95 \d+\.\d+ ms$")
        self.assertRegex(text, r"(?m)^\d+\.\d frames/s, \d+\.\d+ G multiply-adds/s, "
                               r"\d+\.\d % of the CPU's \d+\.\d+$")

    def test_errors(self):
        self.assertIn("'abacus'", self.fails(1, "bench", *SMALL, "--device", "abacus"))
        missing = self.folder / "missing.pth"
        self.assertIn(f"{missing}: ", self.fails(1, "bench", "--model", missing))


harness.main()
