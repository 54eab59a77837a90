# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the `rexnet` program share; standard library only.

Environment: REXNET, the program; TEST_DATA, tests/data; TEST_SOURCE, the
source tree.
"""
from __future__ import annotations

import array
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

REXNET = os.environ["REXNET"]
DATA = pathlib.Path(os.environ["TEST_DATA"])
SOURCE = pathlib.Path(os.environ["TEST_SOURCE"])
MODELS = SOURCE / "models"
DEFAULT_MODEL = MODELS / "rexnet-0.5-fashion-mnist.safetensors"
FASHION_MNIST = pathlib.Path("/usr/share/datasets/fashion-mnist")
SKIP = 77
M64 = (1 << 64) - 1


class ToolTest(unittest.TestCase):
    """Gives each test a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="rexnet-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_tool(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run([REXNET, *map(str, arguments)], capture_output=True, text=True,
                              encoding="utf-8", timeout=300, env=os.environ | environment,
                              check=False)

    def ok(self, *arguments: object, **environment: str) -> str:
        """Standard output of a run that must succeed."""
        result = self.run_tool(*arguments, **environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def fails(self, status: int, *arguments: object, **environment: str) -> str:
        """Standard error of a run that must fail with @status."""
        result = self.run_tool(*arguments, **environment)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertTrue(result.stderr.startswith("rexnet: "), result.stderr)
        return result.stderr


def main() -> None:
    """Runs the calling script's tests; exits with 77 when all were skipped."""
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIP if result.testsRun == len(result.skipped) else 0)


# ---- generated networks: tests/golden/README.md ------------------------------

def fnv1a64(text: str) -> int:
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & M64
    return value


def uniform(key: str, count: int) -> list[float]:
    seed = fnv1a64(key)
    values = []
    for _ in range(count):
        seed = (seed + 0x9E3779B97F4A7C15) & M64
        z = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & M64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
        values.append(((z ^ (z >> 31)) >> 40) / (1 << 24))
    return values


def tensor_values(key: str, shape: tuple[int, ...]) -> array.array:
    count = 1
    for size in shape:
        count *= size
    u = uniform(key, count)
    if len(shape) == 4:
        scale = (6.0 / (shape[1] * shape[2] * shape[3])) ** 0.5
        return array.array("f", [(2.0 * x - 1.0) * scale for x in u])
    if key.endswith(("running_var", ".weight")):
        return array.array("f", [0.5 + x for x in u])
    return array.array("f", [0.5 * (x - 0.5) for x in u])


def golden_input(seed: int, height: int, width: int) -> array.array:
    cells = uniform(f"cells:{seed}", 147)
    noise = uniform(f"noise:{seed}", 3 * height * width)
    return array.array("f", [
        4 * cells[(c * 7 + 7 * y // height) * 7 + 7 * x // width] - 2
        + 0.5 * (noise[(c * height + y) * width + x] - 0.5)
        for c in range(3) for y in range(height) for x in range(width)])


def golden(name: str) -> dict:
    return json.loads((SOURCE / "tests/golden" / name).read_text(encoding="utf-8"))


def rexnet_tensors(width: float, classes: int) -> dict[str, tuple[int, ...]]:
    """Keys and shapes of the state dict of a ReXNet with this width multiplier."""
    shapes: dict[str, tuple[int, ...]] = {}

    def norm(key: str, channels: int) -> None:
        for name in "weight", "bias", "running_mean", "running_var":
            shapes[f"{key}.{name}"] = (channels,)

    def conv_norm(key: str, at: int, shape: tuple[int, ...]) -> int:
        shapes[f"{key}.{at}.weight"] = shape
        norm(f"{key}.{at + 1}", shape[0])
        return at + 2

    stem = 32 if width < 1 else round(32 * width)
    planes = 16 / width if width < 1 else 16
    inputs = stem
    conv_norm("features", 0, (stem, 3, 3, 3))
    for i in range(16):
        key = f"features.{3 + i}.out"
        inner, outputs, at = inputs * (6 if i else 1), round(planes * width), 0
        if i:
            at = conv_norm(key, at, (inner, inputs, 1, 1)) + 1
        at = conv_norm(key, at, (inner, 1, 3, 3))
        if i >= 3:
            squeezed = inner // 12
            conv_norm(f"{key}.{at}.fc", 0, (squeezed, inner, 1, 1))
            shapes[f"{key}.{at}.fc.0.bias"] = (squeezed,)
            shapes[f"{key}.{at}.fc.3.weight"] = (inner, squeezed, 1, 1)
            shapes[f"{key}.{at}.fc.3.bias"] = (inner,)
            at += 1
        conv_norm(key, at + 1, (outputs, inner, 1, 1))
        inputs = outputs
        planes += 180 / 16
    penultimate = int(1280 * width)
    conv_norm("features", 19, (penultimate, inputs, 1, 1))
    shapes["output.1.weight"] = (classes, penultimate, 1, 1)
    shapes["output.1.bias"] = (classes,)
    return shapes


# ---- files -------------------------------------------------------------------

def little_endian(values: array.array) -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def write_safetensors(path: pathlib.Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """Generated weights, and no metadata at all."""
    header, blobs, offset = {}, [], 0
    for key, shape in shapes.items():
        blob = little_endian(tensor_values(key, shape))
        header[key] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def write_png(path: pathlib.Path, width: int, height: int, samples: list[int],
              colour: int = 2, depth: int = 8) -> None:
    """@colour: 0 grey, 2 RGB, 4 grey and alpha, 6 RGBA."""
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    raw = struct.pack(f">{len(samples)}{'H' if depth == 16 else 'B'}", *samples)
    row = width * channels * depth // 8
    assert len(raw) == row * height

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (struct.pack(">I", len(body)) + kind + body
                + struct.pack(">I", zlib.crc32(kind + body)))

    lines = b"".join(b"\0" + raw[y * row:(y + 1) * row] for y in range(height))
    path.write_bytes(b"\x89PNG\r\n\x1a\n"
                     + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def write_idx(folder: pathlib.Path, pictures: list[list[int]], classes: list[int],
              width: int, height: int, name: str = "t10k") -> pathlib.Path:
    images = folder / f"{name}-images-idx3-ubyte"
    images.write_bytes(struct.pack(">IIII", 0x803, len(pictures), height, width)
                       + b"".join(map(bytes, pictures)))
    (folder / f"{name}-labels-idx1-ubyte").write_bytes(
        struct.pack(">II", 0x801, len(classes)) + bytes(classes))
    return images
