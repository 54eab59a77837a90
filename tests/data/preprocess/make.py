#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records what the reference evaluation makes of the test pictures.

The pictures are those of test_pixel() in tests/engine/picture.c; timm's own
evaluation transform resizes and crops them with Pillow. Writes beside this
file, for each case,

  expected.txt  width height interpolation out_width out_height crop_pct sha256
                the checksum is of the 8-bit R, G, B pixels, row by row
  rows.bin      the first and the middle row of the same pixels

Needs Pillow >= 12.3 (older ones always filter horizontally first), timm and
torchvision: python3 make.py
"""
import hashlib
import pathlib

import numpy as np
import PIL
import timm
import torchvision
from PIL import Image
from timm.data.transforms_factory import transforms_imagenet_eval

SIZES = [(33, 47), (640, 360), (1920, 1080), (100, 1000), (1, 1), (31, 500),
         (224, 224), (225, 226), (256, 256), (2, 3000), (3000, 1),
         (32768, 40), (1080, 2340), (257, 255), (90, 400), (7, 5)]
TARGETS = [(224, 224), (32, 32), (64, 48)]
CROPS = [0.875, 0.9, 1.0]
LARGE = 600_000  # pixels of a source that is recorded in one setting only
LONG = 300       # aspect ratio, as the resized picture is huge then


def noise(count):
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(56)).astype(np.int64)


def picture(width, height):
    n = noise(width * height * 3).reshape(height, width, 3)
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3),
                          indexing="ij")
    ramp = np.choose(c, [255 * x // width, 255 * y // height,
                         255 * (x + y) // (width + height)])
    edges = 255 * ((x // 3 + y // 5 + c) & 1)
    kind = (4 * x // width + 2 * (4 * y // height)) % 4
    return np.choose(kind, [n, ramp, edges, 112 + n // 8]).astype(np.uint8)


def cases():
    for width, height in SIZES:
        for target in TARGETS:
            for crop in CROPS:
                for interpolation in ("bicubic", "bilinear"):
                    once = target == (224, 224) and crop == 0.875
                    if width * height > LARGE and not once:
                        continue
                    if max(width, height) > LONG * min(width, height) \
                            and (target == (224, 224) or crop != 0.875):
                        continue
                    yield width, height, interpolation, target, crop


def main():
    folder = pathlib.Path(__file__).parent
    lines = [f"# Pillow {PIL.__version__}, torchvision "
             f"{torchvision.__version__.split('+')[0]}, timm {timm.__version__}"]
    rows = []
    for width, height, interpolation, (out_w, out_h), crop in cases():
        transform = transforms_imagenet_eval(
            (out_h, out_w), crop, interpolation=interpolation, normalize=False)
        out = transform(Image.fromarray(picture(width, height)))
        out = np.ascontiguousarray(out.numpy().transpose(1, 2, 0))
        assert out.shape == (out_h, out_w, 3) and out.dtype == np.uint8
        digest = hashlib.sha256(out.tobytes()).hexdigest()
        lines.append(f"{width} {height} {interpolation} {out_w} {out_h} "
                     f"{crop} {digest}")
        rows += [out[0].tobytes(), out[out_h // 2].tobytes()]
    (folder / "expected.txt").write_text("\n".join(lines) + "\n")
    (folder / "rows.bin").write_bytes(b"".join(rows))


if __name__ == "__main__":
    main()
