# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import os

# These tests want what is installed; what a driver leaks at exit is its own.
os.environ.pop("REXNET_OPENCL_LIBRARY", None)
os.environ["ASAN_OPTIONS"] = "detect_leaks=0"

import harness

BOOT = harness.DATA / "images/ankle-boot.jpg"


class Devices(harness.ToolTest):
    def test_cpu_comes_first(self):
        devices = [json.loads(line) for line in self.ok("devices", "--json").splitlines()]
        self.assertEqual(devices[0]["device"], "cpu")
        self.assertGreater(devices[0]["compute_units"], 0)
        for i, device in enumerate(devices[1:]):
            self.assertEqual(device["device"], f"opencl:{i}")
            self.assertGreater(device["max_work_group"], 0)
        text = self.ok("devices")
        for device in devices:
            self.assertIn(f"{device['device']}: {device['name']}\n", text)

    def test_without_opencl(self):
        gone = {"REXNET_OPENCL_LIBRARY": str(self.folder / "none.so")}
        lines = self.ok("devices", "--json", **gone).splitlines()
        self.assertEqual([json.loads(line)["device"] for line in lines], ["cpu"])
        self.assertEqual(self.ok("classify", "--device", "auto", BOOT, **gone),
                         self.ok("classify", "--device", "cpu", BOOT))
        # What was asked for by name is not silently replaced.
        self.fails(1, "classify", "--device", "opencl", BOOT, **gone)
        self.fails(1, "bench", "--device", "opencl:0", **gone)

    def test_precision_of_the_cpu(self):
        self.assertIn("f16", self.fails(1, "bench", "--device", "cpu", "--precision", "f16"))
        self.assertEqual(self.ok("classify", "--precision", "f32", BOOT),
                         self.ok("classify", BOOT))

    def test_environment_of_the_cpu(self):
        for name, value, wanted in (("REXNET_ISA", "mmx", "auto, c, avx2 or avx512"),
                                    ("REXNET_PAIRED", "on", "0 or 1"),
                                    ("REXNET_SPARSE", "yes", "0 or 1")):
            error = self.fails(1, "classify", BOOT, **{name: value})
            for part in (name, f"'{value}'", wanted):
                self.assertIn(part, error)
        for value in "01":
            self.ok("classify", BOOT, REXNET_SPARSE=value)


harness.main()
