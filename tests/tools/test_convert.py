# SPDX-License-Identifier: LGPL-2.1-or-later
import functools
import json
import signal
import struct
import subprocess

import harness
import seccomp

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

    def restricted(self, name, **calls):
        """The exit status of a run that writes @name while some system calls fail."""
        if not seccomp.is_known():
            self.skipTest("the numbers of system calls are not known here")
        try:
            return subprocess.run([harness.REXNET, "convert", MODELS / "zip.pth", self.folder / name],
                                  preexec_fn=functools.partial(seccomp.restrict, **calls),
                                  check=False).returncode
        except subprocess.SubprocessError:
            self.skipTest("seccomp is not allowed here")

    def test_killed_before_the_end(self):
        before = {p.name for p in self.folder.iterdir()}
        for name in "out.safetensors", "out.onnx":
            (self.folder / name).write_bytes(b"precious")
            self.assertEqual(self.restricted(name, tmpfile=True, fsync=False), -signal.SIGSYS)
            self.assertEqual((self.folder / name).read_bytes(), b"precious")
            self.assertEqual(self.restricted("new-" + name, tmpfile=True, fsync=False), -signal.SIGSYS)
            before.add(name)
            self.assertEqual({p.name for p in self.folder.iterdir()}, before)

    def test_file_system_without_unnamed_files(self):
        self.ok("convert", MODELS / "zip.pth", self.output)
        written = self.output.read_bytes()
        self.output.write_bytes(b"old")
        for _ in range(2):
            self.assertEqual(self.restricted("out.safetensors", tmpfile=False, fsync=True), 0)
            self.assertEqual(self.output.read_bytes(), written)
        self.assertEqual(self.output.stat().st_mode, self.input.stat().st_mode)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["input.f32", "out.safetensors"])

    def test_replaces_what_is_there(self):
        target = self.folder / "target"
        target.write_bytes(b"precious")
        self.output.symlink_to(target)
        for _ in range(2):
            self.ok("convert", MODELS / "zip.pth", self.output)
            self.assertFalse(self.output.is_symlink())
        self.assertEqual(target.read_bytes(), b"precious")
        self.assertEqual(self.output.stat().st_mode, self.input.stat().st_mode)
        folder = self.folder / "folder.onnx"
        folder.mkdir()
        self.assertIn("folder.onnx: cannot be written: Is a directory",
                      self.fails(1, "convert", MODELS / "zip.pth", folder))
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()),
                         ["folder.onnx", "input.f32", "out.safetensors", "target"])

    def test_mistakes(self):
        self.assertIn("INPUT and OUTPUT", self.fails(2, "convert", MODELS / "zip.pth"))
        self.assertIn(".safetensors", self.fails(2, "convert", MODELS / "zip.pth", "out.pth"))
        self.assertIn("no-such", self.fails(1, "convert", self.folder / "no-such", self.output))
        missing = self.folder / "missing" / "out.safetensors"
        self.assertIn("missing", self.fails(1, "convert", MODELS / "zip.pth", missing))
        self.assertFalse(self.output.exists())


harness.main()
