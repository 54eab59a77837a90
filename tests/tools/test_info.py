# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import os

import harness

# The published tables of the networks: millions of parameters, billions of
# multiply-adds at 224 x 224.
PUBLISHED = {
    ("rexnet", "0.9"): (4.1, 0.35), ("rexnet", "1.0"): (4.8, 0.40),
    ("rexnet", "1.3"): (7.6, 0.66), ("rexnet", "1.5"): (9.7, 0.88),
    ("rexnet", "2.0"): (16.4, 1.5), ("rexnet", "3.0"): (34.7, 3.4),
    ("rexnet-lite", "1.0"): (4.7, 0.41), ("rexnet-lite", "1.3"): (6.8, 0.65),
    ("rexnet-lite", "1.5"): (8.3, 0.84), ("rexnet-lite", "2.0"): (13.0, 1.5),
}


class Info(harness.ToolTest):
    def info(self, *arguments, **environment):
        return json.loads(self.ok("info", "--json", *arguments, **environment))

    def test_published_sizes(self):
        for (variant, width), (parameters, macs) in PUBLISHED.items():
            with self.subTest(variant=variant, width=width):
                info = self.info("--variant", variant, "--width", width, "--size", "224x224")
                self.assertAlmostEqual(info["parameters"] / 1e6, parameters, delta=0.06)
                self.assertAlmostEqual(info["macs"] / 1e9, macs, delta=0.05)

    def test_parameters_of_golden_files(self):
        files = sorted((harness.SOURCE / "tests/golden").glob("*.json"))
        self.assertGreater(len(files), 10)
        for file in files:
            golden = harness.golden(file.name)
            with self.subTest(file.name):
                info = self.info("--variant", golden["variant"], "--width", golden["width"],
                                 "--classes", golden["classes"])
                self.assertEqual(info["parameters"], golden["parameters"])
                self.assertEqual(info["classes"], golden["classes"])

    def test_layers_add_up(self):
        info = self.info("--width", "1.0", "--size", "225x161")
        layers = info["layers"]
        self.assertEqual(sum(layer["parameters"] for layer in layers), info["parameters"])
        self.assertEqual(sum(layer["macs"] for layer in layers), info["macs"])
        self.assertEqual((layers[0]["width"], layers[0]["height"]), (113, 81))
        self.assertEqual(layers[0]["macs"], 113 * 81 * 32 * 27)
        self.assertEqual((info["input"]["width"], info["input"]["height"]), (225, 161))
        self.assertEqual(layers[-1]["out"], 1000)

    def test_built_in_model(self):
        info = self.info()
        self.assertEqual((info["variant"], info["width"], info["classes"], info["labels"]),
                         ("rexnet", 0.5, 10, 10))
        self.assertEqual(info, self.info(harness.DEFAULT_MODEL))

    def test_plan(self):
        info = self.info("--width", "0.5", "--plan", "--threads", "1", "--isa", "c")
        plan = info["plan"]
        self.assertGreater(len(plan), 0)
        self.assertGreater(info["weight_bytes"], 4 * 0.25 * info["parameters"])
        self.assertGreater(info["scratch_bytes"], 0)
        self.assertTrue(all(phase["name"] for phase in plan))
        text = self.ok("info", "--width", "0.5", "--plan")
        self.assertIn("phase", text)
        self.assertIn("MB of weights", text)

    def test_table(self):
        rows = [json.loads(line) for line in
                self.ok("info", "--table", "--json", "--size", "32x32",
                        "--threads", "1").splitlines()]
        self.assertEqual({(row["variant"], str(row["width"])) for row in rows}, set(PUBLISHED))
        for row in rows:
            parameters, _ = PUBLISHED[row["variant"], str(row["width"])]
            self.assertAlmostEqual(row["parameters"] / 1e6, parameters, delta=0.06)
            self.assertLess(0, row["min_ms"])
            self.assertLessEqual(row["min_ms"], row["median_ms"])
        self.assertIn("--table takes no MODEL", self.fails(2, "info", "--table", "x"))

    def test_text(self):
        text = self.ok("info", "--width", "1.0", "--size", "224x224")
        self.assertRegex(text, r"(?m)^parameters +4796873$")
        self.assertRegex(text, r"(?m)^stem +3 +32 +3 +2 +112x112 +928 ")

    def test_locale_changes_nothing(self):
        expected = self.ok("info", "--json")
        for locale in "C", "de_DE.UTF-8", "fr_FR.UTF-8":
            self.assertEqual(self.ok("info", "--json", LC_ALL=locale), expected)

    def test_bad_files(self):
        cut = self.folder / "geschnitten-größer.safetensors"
        cut.write_bytes(harness.DEFAULT_MODEL.read_bytes()[:100000])
        self.assertIn(f"{cut}: ", self.fails(1, "info", cut))
        missing = self.folder / "none.pth"
        self.assertIn(f"{missing}: ", self.fails(1, "info", missing))
        self.assertIn(f"{self.folder}: ", self.fails(1, "info", self.folder))
        empty = self.folder / "empty.pth"
        empty.write_bytes(b"")
        self.assertIn(f"{empty}: ", self.fails(1, "info", empty))

    def test_mismatch_says_both(self):
        message = self.fails(1, "info", harness.DEFAULT_MODEL, "--width", "1.3")
        self.assertIn("1.3", message)
        self.assertIn("0.5", message)
        message = self.fails(1, "info", harness.DEFAULT_MODEL, "--variant", "rexnet-lite")
        self.assertIn("asked for rexnet-lite", message)

    def test_a_variant_that_cannot_be_generated(self):
        self.assertIn("rexnet-lite only", self.fails(1, "info", "--variant", "rexnetr"))

    def test_unreadable_file(self):
        if os.geteuid() == 0:
            self.skipTest("root reads everything")
        locked = self.folder / "locked.pth"
        locked.write_bytes(b"x")
        locked.chmod(0)
        self.assertIn(f"{locked}: ", self.fails(1, "info", locked))


harness.main()
