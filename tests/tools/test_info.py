# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import os

import harness

# Where a published figure is not what the network's layers add up to.
# EfficientNet-Lite's multiply-adds are 3 to 6 % above them; the rest was rounded
# up, some of it a little too far.
DEVIATIONS = {
    ("efficientnet_b1", "gmacs"): 0.687, ("efficientnet_b2", "mparams"): 9.11,
    ("rexnet_lite_130", "mparams"): 6.748,
    ("efficientnet_lite0", "gmacs"): 0.385, ("efficientnet_lite1", "gmacs"): 0.600,
    ("efficientnet_lite2", "gmacs"): 0.860, ("efficientnet_lite3", "gmacs"): 1.383,
    ("efficientnet_lite4", "gmacs"): 2.553,
}


def rounding(text):
    """Half a unit of the last digit."""
    return 0.5 * 10 ** -len(text.partition(".")[2]) * (1 + 1e-9)


class Info(harness.ToolTest):
    def info(self, *arguments, **environment):
        return json.loads(self.ok("info", "--json", *arguments, **environment))

    def test_parameters_of_golden_files(self):
        files = sorted((harness.SOURCE / "tests/golden").glob("*.json"))
        self.assertGreater(len(files), 10)
        for file in files:
            golden = harness.golden(file.name)
            with self.subTest(file.name):
                network = (["--model-name", golden["name"]] if "name" in golden else
                           ["--variant", golden["variant"], "--width", golden["width"]])
                info = self.info(*network, "--classes", golden["classes"])
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

    def table(self, *arguments):
        return [json.loads(line) for line in
                self.ok("info", "--table", "--json", *arguments).splitlines()]

    def test_table_holds_what_was_published(self):
        """To within its rounding, which the text shows."""
        deviations = dict(DEVIATIONS)
        lines = self.ok("info", "--table", "--no-time").splitlines()
        rows = self.table("--no-time")
        self.assertEqual(len(rows), 25)
        for row, line in zip(rows, lines[1:]):
            name, size, macs, gmacs, parameters, mparams, top1, top5, letters = line.split()
            self.assertEqual((name, size), (row["name"], f"{row['width_px']}x{row['height_px']}"))
            self.assertAlmostEqual(float(macs), row["macs"] / 1e9, delta=5.1e-4)
            self.assertAlmostEqual(float(parameters), row["parameters"] / 1e6, delta=5.1e-3)
            published = row["published"]
            self.assertEqual(len(published["sources"]), len(letters.replace("-", "")))
            for text, key in zip((gmacs, mparams, top1, top5),
                                 ("gmacs", "mparams", "top1", "top5")):
                self.assertEqual(published[key], None if text == "-" else float(text))
                self.assertTrue(text == "-" or published["sources"], name)
            for text, key, counted in ((gmacs, "gmacs", row["macs"] / 1e9),
                                       (mparams, "mparams", row["parameters"] / 1e6)):
                with self.subTest(name, key=key):
                    found = deviations.pop((name, key), None)
                    if found:
                        self.assertAlmostEqual(counted, found, delta=rounding(str(found)))
                        self.assertGreater(abs(counted - float(text)), rounding(text))
                    elif text != "-":
                        self.assertAlmostEqual(counted, float(text), delta=rounding(text))
        self.assertEqual(deviations, {})

    def test_table_in_the_published_sizes(self):
        sizes = {row["name"]: row["width_px"] for row in self.table("--no-time")}
        for i, size in enumerate((224, 240, 260, 300)):
            self.assertEqual(sizes[f"efficientnet_b{i}"], size)
        for i, size in enumerate((224, 240, 260, 280, 300)):
            self.assertEqual(sizes[f"efficientnet_lite{i}"], size)
        self.assertEqual({size for name, size in sizes.items() if name.startswith("rexnet")}, {224})

    def test_table_times(self):
        rows = self.table("--size", "32x32", "--threads", "1", "--runs", "2",
                          "--variant", "efficientnet-lite", "--width", "1.0")
        self.assertEqual([row["name"] for row in rows], ["efficientnet_lite0", "efficientnet_lite1"])
        for row in rows:
            self.assertEqual((row["width_px"], row["height_px"]), (32, 32))
            self.assertIsNone(row["opencl"])
            self.assertEqual(row["cpu"]["runs"], 6)
            self.assertRegex(row["cpu"]["device"], r"^\w+, 1 thread$")
            self.assertLess(0, row["cpu"]["min_ms"])
            self.assertLessEqual(row["cpu"]["min_ms"], row["cpu"]["median_ms"])
        self.assertEqual(self.table("--no-time", "--model-name", "efficientnet-b1")[0]["cpu"], None)

    def test_table_as_text_and_markdown(self):
        options = ("--table", "--model-name", "efficientnet_lite1", "--runs", "1",
                   "--size", "32x32", "--threads", "1")
        text = self.ok("info", *options)
        self.assertRegex(text, r"(?m)^efficientnet_lite1 +32x32 .* d +\d+\.\d\d \(\d+\.\d\d\)$")
        self.assertIn("Median (least) of 3 calls", text)
        self.assertIn("a: https://github.com/clovaai/rexnet", text)
        lines = self.ok("info", *options, "--markdown").splitlines()
        table = lines[:lines.index("")]
        self.assertEqual(lines[1], "|---" + "|--:" * 9 + "|")
        self.assertEqual([line.count("|") for line in table], [11] * 3)
        self.assertTrue(all(line.startswith("- ") for line in lines[lines.index("") + 1:]))

    def test_table_arguments(self):
        self.assertIn("--table takes no MODEL", self.fails(2, "info", "--table", "x"))
        self.assertIn("no network of the table", self.fails(
            1, "info", "--table", "--model-name", "rexnet_101"))
        self.assertIn("no device 'nowhere'", self.fails(
            1, "info", "--table", "--model-name", "rexnet_100", "--device", "nowhere"))

    def test_names(self):
        info = self.info("--model-name", "efficientnet_b2", "--classes", "7")
        self.assertEqual((info["name"], info["variant"], info["width"], info["depth"]),
                         ("efficientnet_b2-generated", "efficientnet", 1.1, 23))
        self.assertEqual((info["input"]["width"], info["input"]["crop_pct"], info["classes"]),
                         (260, 0.89, 7))
        self.assertIn("no network is called 'resnet50'",
                      self.fails(1, "info", "--model-name", "resnet50"))
        self.assertIn("give one of them", self.fails(
            1, "info", "--model-name", "rexnet_100", "--width", "1.0"))

    def test_model_and_generated_weights_exclude_each_other(self):
        for option in ("--model-name", "rexnet_100"), ("--classes", "5"):
            for command in ("info",), ("bench", "--model"):
                self.assertIn(f"{option[0]} is for generated weights", self.fails(
                    1, *command, harness.DEFAULT_MODEL, *option))

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
        self.assertIn("asked for variant rexnet-lite", message)

    def test_unreadable_file(self):
        if os.geteuid() == 0:
            self.skipTest("root reads everything")
        locked = self.folder / "locked.pth"
        locked.write_bytes(b"x")
        locked.chmod(0)
        self.assertIn(f"{locked}: ", self.fails(1, "info", locked))


harness.main()
