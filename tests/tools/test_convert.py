# SPDX-License-Identifier: LGPL-2.1-or-later
import json
import struct

import harness

MODELS = harness.DATA / "models"


class Convert(harness.ToolTest):
    def setUp(self):
        super().setUp()
        self.input = self.folder / "input.f32"
        self.input.write_bytes(harness.little_endian(harness.golden_input(3, 40, 40)))
        self.output = self.folder / "out.safetensors"

    def logits(self, model):
        return [float(line) for line in self.ok("logits", "--model", model, "--input", self.input,
                                                "--size", "40x40").splitlines()]

    def header(self):
        data = self.output.read_bytes()
        length, = struct.unpack("<Q", data[:8])
        self.assertEqual(length % 8, 0)
        return json.loads(data[8:8 + length])

    def test_logits_stay(self):
        for name in ("zip.pth", "legacy.pth", "strided.pth", "lite.pth", "timm-rexnetr.safetensors",
                     "bfloat16.safetensors", "efficientnet.safetensors", "efficientnet-pytorch.pth",
                     "tf_efficientnet.safetensors", "efficientnet-lite-pytorch.pth"):
            with self.subTest(name):
                self.ok("convert", MODELS / name, self.output)
                self.assertEqual(self.logits(self.output), self.logits(MODELS / name))

    def test_fp16_is_half_and_near(self):
        self.ok("convert", MODELS / "zip.pth", self.output)
        exact, size = self.logits(self.output), self.output.stat().st_size
        self.ok("convert", "--fp16", self.output, self.output)
        near = self.logits(self.output)
        self.assertLess(self.output.stat().st_size, 0.8 * size)
        self.assertNotEqual(near, exact)
        largest = max(map(abs, exact))
        self.assertLess(max(abs(a - b) for a, b in zip(near, exact)), 0.01 * largest)
        for key, tensor in self.header().items():
            if key != "__metadata__":
                self.assertEqual(tensor["dtype"], "F16" if len(tensor["shape"]) > 1 else "F32")

    def test_fp16_of_float16_changes_nothing(self):
        self.ok("convert", "--fp16", MODELS / "half.pth", self.output)
        self.assertEqual(self.logits(self.output), self.logits(MODELS / "half.pth"))

    def test_settings_and_labels(self):
        self.ok("convert", MODELS / "settings.safetensors", self.output)
        metadata = self.header()["__metadata__"]
        settings = json.loads(metadata["rexnet.settings"])
        self.assertEqual(metadata["rexnet.version"], "1")
        self.assertEqual(settings["name"], "tiny")
        self.assertEqual((settings["input_width"], settings["input_height"]), (40, 48))
        self.assertEqual(settings["mean"], [0.5, 0.25, 0.125])
        self.assertEqual(json.loads(metadata["rexnet.labels"])[4], "vierzig")

        labels = self.folder / "labels.txt"
        labels.write_text("a\nb\nc\nd\n\u00e9\n", encoding="utf-8")
        self.ok("convert", "--labels", labels, MODELS / "zip.pth", self.output)
        self.assertEqual(json.loads(self.header()["__metadata__"]["rexnet.labels"]),
                         ["a", "b", "c", "d", "\u00e9"])

    def test_mistakes(self):
        self.assertIn("INPUT and OUTPUT", self.fails(2, "convert", MODELS / "zip.pth"))
        self.assertIn(".safetensors", self.fails(2, "convert", MODELS / "zip.pth", "out.pth"))
        self.assertIn("no-such", self.fails(1, "convert", self.folder / "no-such", self.output))
        missing = self.folder / "missing" / "out.safetensors"
        self.assertIn("missing", self.fails(1, "convert", MODELS / "zip.pth", missing))
        self.assertFalse(self.output.exists())


harness.main()
