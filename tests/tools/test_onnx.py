# SPDX-License-Identifier: LGPL-2.1-or-later
"""ONNX from `rexnet convert`: its structure and bytes, and its logits.

onnx_graph.py reads and runs every file. Where Python has onnx, onnxruntime and
numpy, or $REXNET_ONNX_PYTHON names an interpreter that has, they check and run
it too.
"""
import json
import os
import pathlib
import resource
import signal
import struct
import subprocess
import sys

import harness
import onnx_graph

MODELS = harness.DATA / "models"
# Both residuals, gates on either side of the activation or none, all activations,
# kernels and paddings, one classifier and two, all number types.
NAMES = ("zip.pth", "half.pth", "bfloat16.safetensors", "lite.pth", "lite-5x5.pth", "timm.bin",
         "timm-rexnetr.safetensors", "efficientnet.safetensors", "tf_efficientnet.safetensors",
         "efficientnet-pytorch.pth", "efficientnet-lite-pytorch.pth")
PYTHON = os.environ.get("REXNET_ONNX_PYTHON", sys.executable)
HAVE_ONNXRUNTIME = subprocess.run([PYTHON, "-c", "import numpy, onnx, onnxruntime"],
                                  capture_output=True, check=False).returncode == 0


def with_size(path: pathlib.Path, width: int, height: int) -> None:
    """Gives a file that `rexnet convert` wrote another input size."""
    data = path.read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    settings = json.loads(header["__metadata__"]["rexnet.settings"])
    settings |= {"input_width": width, "input_height": height}
    header["__metadata__"]["rexnet.settings"] = json.dumps(settings)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length:])


class Onnx(harness.ToolTest):
    def setUp(self):
        super().setUp()
        self.source = self.folder / "source.safetensors"
        self.output = self.folder / "out.onnx"
        self.input = self.folder / "input.f32"

    def make(self, name, width=40, height=40):
        """A model with a small input of its own, and an image for it."""
        self.ok("convert", MODELS / name, self.source)
        with_size(self.source, width, height)
        image = harness.golden_input(3, height, width)
        self.input.write_bytes(harness.little_endian(image))
        return list(image)

    def convert(self, *options):
        self.ok("convert", *options, self.source, self.output)
        return onnx_graph.Model(self.output.read_bytes())

    def assert_near(self, found, expected, limit=1e-4):
        self.assertEqual(len(found), len(expected))
        largest = max(map(abs, expected))
        self.assertGreater(largest, 0.1)
        self.assertLess(max(abs(a - b) for a, b in zip(found, expected)) / largest, limit)

    def engine(self, batch=1):
        out = self.ok("logits", "--model", self.source, "--input", self.input, "--batch", batch)
        return list(map(float, out.split()))

    def onnxruntime(self):
        done = subprocess.run([PYTHON, harness.SOURCE / "tests/tools/run_onnx.py", self.output, self.input],
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return list(map(float, done.stdout.split()))

    def check_structure(self, model):
        """Each value is made once, before it is read; nothing is left over."""
        known, used = {model.input, *model.tensors}, set()
        for node in model.nodes:
            self.assertLessEqual(set(node.inputs), known, node)
            self.assertEqual(len(node.outputs), 1)
            self.assertFalse(known & set(node.outputs), node)
            known.update(node.outputs)
            used.update(node.inputs)
        self.assertEqual(known - used, {"logits"})
        self.assertEqual(len({node.name for node in model.nodes}), len(model.nodes))
        for name, tensor in model.tensors.items():
            if name.endswith("/weight"):
                self.assertEqual(tensor.type, onnx_graph.FLOAT)

    def test_logits(self):
        for name in NAMES:
            with self.subTest(name):
                image = self.make(name)
                model = self.convert()
                self.check_structure(model)
                self.assert_near(model.run(image), self.engine())

    def test_odd_sizes(self):
        """TensorFlow's padding depends on the size, the symmetric one does not."""
        for name in "tf_efficientnet.safetensors", "zip.pth":
            with self.subTest(name):
                image = self.make(name, 47, 34)
                model = self.convert()
                self.assertEqual(model.input_dims, ["batch", 3, 34, 47])
                self.assert_near(model.run(image), self.engine())

    def test_fp16(self):
        """The same numbers, rounded as struct rounds them."""
        image = self.make("timm-rexnetr.safetensors")
        exact = self.convert()
        size = self.output.stat().st_size
        half = self.convert("--fp16")
        self.check_structure(half)
        self.assertLess(self.output.stat().st_size, 0.7 * size)
        for name, tensor in exact.tensors.items():
            if name.endswith("/weight"):
                stored = half.tensors[name + "/float16"]
                self.assertEqual((stored.type, stored.shape), (onnx_graph.FLOAT16, tensor.shape))
                n = len(tensor.values)
                rounded = struct.unpack(f"<{n}e", struct.pack(f"<{n}e", *tensor.values))
                self.assertEqual(stored.values, list(rounded))
            else:
                self.assertEqual(half.tensors[name], tensor)
        self.assert_near(half.run(image), self.engine(), 0.02)

    def test_model(self):
        source = MODELS / "settings.safetensors"
        self.ok("convert", source, self.source)
        model = self.convert()
        self.assertEqual((model.ir_version, model.opsets, model.producer), (8, [("", 17)], "librexnet"))
        self.assertEqual((model.name, model.input, model.output), ("tiny", "input", "logits"))
        self.assertEqual(model.input_dims, ["batch", 3, 48, 40])
        self.assertEqual(model.output_dims, ["batch", 5])
        data = self.source.read_bytes()
        metadata = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])["__metadata__"]
        del metadata["format"]
        self.assertEqual(model.metadata, metadata)
        self.assertEqual(json.loads(model.metadata["rexnet.labels"])[4], "vierzig")

    def test_unrounded_weights(self):
        """What has no batch norm keeps its bits."""
        self.make("zip.pth")
        model = self.convert()
        data = self.source.read_bytes()
        length, = struct.unpack("<Q", data[:8])
        at = json.loads(data[8:8 + length])["output.1.weight"]["data_offsets"]
        raw = data[8 + length + at[0]:8 + length + at[1]]
        weight = model.tensors["classifier1/weight"].values
        self.assertEqual(struct.pack(f"<{len(weight)}f", *weight), raw)

    def fails_and_leaves(self, content, *arguments, **options):
        done = subprocess.run([harness.REXNET, "convert", *map(str, arguments)], capture_output=True,
                              text=True, timeout=60, check=False, **options)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(self.output.read_bytes(), content)
        self.assertEqual(sorted(self.folder.iterdir()), self.before)
        return done.stderr

    def test_failures_leave_nothing(self):
        self.make("zip.pth")
        self.output.write_bytes(b"old")
        self.before = sorted(self.folder.iterdir())

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        self.assertIn(str(self.output), self.fails_and_leaves(b"old", self.source, self.output,
                                                               preexec_fn=small_files))
        self.fails_and_leaves(b"old", self.source, self.source, preexec_fn=small_files)
        data = bytearray(self.source.read_bytes())
        length, = struct.unpack("<Q", data[:8])
        at = 8 + length + json.loads(data[8:8 + length])["output.1.weight"]["data_offsets"][0]
        data[at:at + 4] = struct.pack("<f", 1e5)
        self.source.write_bytes(data)
        error = self.fails_and_leaves(b"old", "--fp16", self.source, self.output)
        self.assertIn("classifier1/weight holds 100000", error)
        self.ok("convert", self.source, self.output)
        self.assertNotEqual(self.output.read_bytes(), b"old")

    def test_same_bytes(self):
        self.make("lite.pth")
        self.convert()
        first = self.output.read_bytes()
        self.convert()
        self.assertEqual(self.output.read_bytes(), first)

    def test_onnxruntime(self):
        if not HAVE_ONNXRUNTIME:
            self.skipTest("onnx and onnxruntime are not installed")
        for name in NAMES:
            with self.subTest(name):
                first = self.make(name)
                self.input.write_bytes(self.input.read_bytes()
                                       + harness.little_endian(harness.golden_input(4, 40, 40)))
                self.convert()
                self.assert_near(self.onnxruntime(), self.engine(batch=2))
        model = self.convert("--fp16")
        self.assert_near(self.onnxruntime()[:len(model.run(first))], model.run(first))


harness.main()
