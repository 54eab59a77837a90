#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records what timm gives for the weights and the input that README.md defines.

usage: record.py FOLDER CASE...
  CASE  NAME:CLASSES:HEIGHT:WIDTH:SEED of a network of timm, as in
        efficientnet_b1:10:240:240:0

Needs timm, torch and numpy from PyPI. No test runs it: the files are kept.
"""
import hashlib
import json
import pathlib
import re
import sys

import numpy
import timm
import torch

MASK = (1 << 64) - 1
VARIANTS = {"rexnetr": "rexnetr", "efficientnet_b": "efficientnet",
            "efficientnet_lite": "efficientnet-lite"}
EFFICIENTNET_WIDTHS = {"b0": 1.0, "b1": 1.0, "b2": 1.1, "b3": 1.2, "b4": 1.4, "lite0": 1.0,
                       "lite1": 1.0, "lite2": 1.1, "lite3": 1.2, "lite4": 1.4}
BLOCKS = "LinearBottleneck", "InvertedResidual", "DepthwiseSeparableConv"


def uniform(key, count):
    seed = 0xCBF29CE484222325
    for byte in key.encode():
        seed = (seed ^ byte) * 0x100000001B3 & MASK
    with numpy.errstate(over="ignore"):
        z = numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z += numpy.uint64(seed)
        z = (z ^ z >> numpy.uint64(30)) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> numpy.uint64(27)) * numpy.uint64(0x94D049BB133111EB)
        z ^= z >> numpy.uint64(31)
    return (z >> numpy.uint64(40)).astype(numpy.float64) / (1 << 24)


def weights(key, shape):
    u = uniform(key, int(numpy.prod(shape)))
    if len(shape) > 1:
        values = (2 * u - 1) * numpy.sqrt(6 / numpy.prod(shape[1:]))
    elif key.endswith(("running_var", ".weight")):
        residual = re.fullmatch(r"blocks\.\d+\.(\d+)\.bn3\.weight", key)
        values = (0.5 + u) / (int(residual[1]) + 1 if residual else 1)
    else:
        values = 0.5 * (u - 0.5)
    return torch.from_numpy(values.astype(numpy.float32).reshape(shape))


def picture(seed, height, width):
    cells = 4 * uniform(f"cells:{seed}", 147).reshape(3, 7, 7) - 2
    noise = 0.5 * (uniform(f"noise:{seed}", 3 * height * width).reshape(3, height, width) - 0.5)
    y, x = numpy.arange(height) * 7 // height, numpy.arange(width) * 7 // width
    return torch.from_numpy((cells[:, y[:, None], x] + noise).astype(numpy.float32))[None]


def describe(name):
    family, rest = re.fullmatch(r"(rexnetr|efficientnet_b|efficientnet_lite)_?(\d+)", name).groups()
    width = (int(rest) / 100 if family == "rexnetr"
             else EFFICIENTNET_WIDTHS[name.removeprefix("efficientnet_")])
    return VARIANTS[family], width


def record(name, classes, height, width, seed):
    model = timm.create_model(name, num_classes=classes).eval()
    state = {key: weights(key, tuple(tensor.shape)) for key, tensor in model.state_dict().items()
             if not key.endswith("num_batches_tracked")}
    model.load_state_dict(state, strict=False)
    blocks = []
    for module in model.modules():
        if type(module).__name__ in BLOCKS:
            module.register_forward_hook(lambda _module, _input, output: blocks.append({
                "shape": list(output.shape), "mean": float(f"{output.mean():.9g}"),
                "absmax": float(f"{output.abs().max():.9g}")}))
    with torch.no_grad():
        logits = model.double()(picture(seed, height, width).double())[0]
    keys = "".join(f"{key} {'x'.join(map(str, state[key].shape))}\n" for key in sorted(state))
    variant, multiplier = describe(name)
    return {
        "name": name, "variant": variant, "width": multiplier, "classes": classes,
        "height": height, "width_px": width, "input_seed": seed,
        "parameters": sum(p.numel() for p in model.parameters()),
        "keys": hashlib.sha256(keys.encode()).hexdigest(),
        "top5": logits.topk(min(5, classes)).indices.tolist(), "blocks": blocks,
        "logits": [float(f"{value:.9g}") for value in logits]}


def main():
    for case in sys.argv[2:]:
        name, *numbers = case.split(":")
        classes, height, width, seed = map(int, numbers)
        path = pathlib.Path(sys.argv[1]) / f"{name}-c{classes}-{height}x{width}-s{seed}.json"
        path.write_text(json.dumps(record(name, classes, height, width, seed)) + "\n",
                        encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
