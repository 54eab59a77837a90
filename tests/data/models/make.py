#!/usr/bin/env python3
"""Writes the model files of this folder and expected.json, PyTorch's numbers.

Networks of a few thousand weights in every container, number type and memory
layout that the loader reads.  Needs torch, timm and safetensors.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from functools import partial
from pathlib import Path

import timm.models.efficientnet
import timm.models.rexnet
import torch
from safetensors.torch import save_file
from timm.models._efficientnet_builder import decode_arch_def
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "models"))
import rexnet  # noqa: E402

CLASSES = 5
SIZE = 40
LABELS = ["null", "eins", "zwei", "drei", "vierzig"]


def randomize(model: nn.Module, seed: int) -> nn.Module:
    """Weights as large as trained ones, batch norms that do something."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(shape: torch.Size, low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator)

    for key, value in model.state_dict().items():
        if key.endswith("running_var") or (key.endswith("weight") and value.ndim == 1):
            value.copy_(uniform(value.shape, 0.5, 1.5))
        elif value.ndim >= 2:
            bound = (6 / value[0].numel()) ** 0.5
            value.copy_(uniform(value.shape, -bound, bound))
        elif value.ndim == 1:
            value.copy_(uniform(value.shape, -0.25, 0.25))
    return model.eval()


def official(lite: bool, layers: tuple[int, ...], kernel: int = 3) -> nn.Module:
    """A narrow network with the keys of the official code."""
    rexnet.LAYERS = layers
    stem, head = 8, 24
    channels = [4 + i // 2 for i in range(sum(layers))]
    if lite:
        output = nn.Sequential(nn.Conv2d(head, 16, 1), nn.BatchNorm2d(16),
                               nn.ReLU6(), nn.Dropout(0.2), nn.Conv2d(16, CLASSES, 1))
    else:
        output = nn.Sequential(nn.Dropout(0.2), nn.Conv2d(head, CLASSES, 1))
    model = rexnet.Network(stem, channels, nn.ReLU6 if lite else nn.SiLU, not lite, head, output)
    if kernel != 3:
        for module in model.modules():
            if isinstance(module, rexnet.Block):
                replace_depthwise(module.out, kernel)
    return model


def replace_depthwise(layers: nn.Sequential, kernel: int) -> None:
    for i, layer in enumerate(layers):
        if isinstance(layer, nn.Conv2d) and layer.groups > 1:
            layers[i] = nn.Conv2d(layer.in_channels, layer.out_channels, kernel,
                                  layer.stride, kernel // 2, groups=layer.groups, bias=False)


def of_timm(channels: int, divisor: int) -> nn.Module:
    return timm.models.rexnet.RexNet(
        num_classes=CLASSES, width_mult=0.02, depth_mult=0.2, initial_chs=channels,
        final_chs=300, ch_div=divisor)


def efficientnet(lite: bool, **options: object) -> nn.Module:
    """timm's network with narrow blocks; what changes starts another stage."""
    blocks = [["ds_r1_k3_s1_e1_c12"], ["ir_r2_k3_s2_e2_c16"], ["ir_r1_k5_s2_e2_c8"], ["ir_r2_k3_s2_e2_c16"],
              ["ir_r1_k5_s1_e2_c8"], ["ir_r2_k5_s2_e2_c24"], ["ir_r1_k3_s1_e2_c32"]]
    return timm.models.efficientnet.EfficientNet(
        decode_arch_def([[b + ("" if lite else "_se0.25") for b in stage] for stage in blocks]),
        num_classes=CLASSES, num_features=40, stem_size=8, fix_stem=True, round_chs_fn=lambda c, **_: c,
        act_layer=nn.ReLU6 if lite else nn.SiLU, **options)


FLAT = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}
FLAT_FIRST = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2"}
FLAT_BLOCK = {"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1",
              "conv_pwl": "_project_conv", "bn3": "_bn2"}
FLAT_SE = {"se.conv_reduce": "_se_reduce", "se.conv_expand": "_se_expand"}


def as_efficientnet_pytorch(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """timm's tensors under the keys of efficientnet-pytorch."""
    blocks = list(dict.fromkeys(k.split(".")[1] + "." + k.split(".")[2] for k in state if k.startswith("blocks.")))
    flat = {}
    for key, value in state.items():
        layer, _, tensor = key.rpartition(".")
        if layer.startswith("blocks."):
            _, stage, index, layer = layer.split(".", 3)
            names = FLAT_BLOCK if f"blocks.{stage}.{index}.conv_pwl.weight" in state else FLAT_FIRST
            name = f"_blocks.{blocks.index(stage + '.' + index)}.{(names | FLAT_SE)[layer]}"
        else:
            name = FLAT[layer]
        flat[f"{name}.{tensor}"] = value
    return flat


def picture() -> Tensor:
    c, y, x = torch.meshgrid(torch.arange(3), torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    return ((c * 31 + y * 7 + x * 3) % 17 / 8 - 1)[None]


def penultimate(model: nn.Module, x: Tensor) -> Tensor:
    """What the last layer sees."""
    if isinstance(model, rexnet.Network):
        return model.output[:-1](model.features(x)).flatten(1)
    return model.forward_head(model.forward_features(x), pre_logits=True)


def numbers(values: Tensor) -> list[float]:
    return [float(f"{v:.9g}") for v in values]


def in_one_storage(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors as views of one storage, each at its own offset."""
    floats = {k: v for k, v in state.items() if v.is_floating_point()}
    whole = torch.cat([v.flatten() for v in floats.values()])
    shared, at = {}, 0
    for key, value in floats.items():
        shared[key] = whole[at:at + value.numel()].view(value.shape)
        at += value.numel()
    return shared


def halved(model: nn.Module) -> dict[str, Tensor]:
    return {k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}


def strided(value: Tensor) -> Tensor:
    """The same numbers, last dimension outermost in memory."""
    if value.ndim < 2:
        return torch.stack([value, value], -1)[..., 0] if value.is_floating_point() else value
    order = list(reversed(range(value.ndim)))
    return value.permute(order).contiguous().permute(order)


def averaged(model: nn.Module) -> dict[str, object]:
    """A checkpoint whose averaged weights are the ones to take."""
    state = halved(model)
    return {"arch": "rexnet", "state_dict": {k: v + 1 for k, v in state.items()}, "metric": 81.5,
            "state_dict_ema": {"module." + k: v for k, v in state.items()}, "version": 2}


def compiled(model: nn.Module) -> dict[str, object]:
    """One of a model that went through torch.compile and DataParallel."""
    return {"model": {"_orig_mod.module." + k: v for k, v in halved(model).items()}, "epoch": 3}


def checkpoint(model: nn.Module) -> dict[str, object]:
    """What a training script saves: the weights among other things."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return {"epoch": 3, "arch": "rexnet", "args": argparse.Namespace(lr=0.1, crop=None, sizes=[40, 40]),
            "best": 93.25, "big": 1 << 80, "optimizer": optimizer.state_dict(),
            "state_dict": {"module." + k: v for k, v in model.state_dict().items()}}


def repack(source: Path, target: Path) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED)


def main() -> None:
    expected: dict[str, dict[str, object]] = {}

    def record(name: str, model: nn.Module, variant: str) -> Path:
        with torch.inference_mode():
            x = picture().double()
            logits, features = model.double()(x)[0], penultimate(model, x)[0]
        expected[name] = dict(
            variant=variant, logits=numbers(logits), features=numbers(features),
            parameters=sum(p.numel() for p in model.parameters()))
        model.float()
        return HERE / name

    small = (1, 1, 1, 1, 1, 1)
    model = randomize(official(False, small), 1)
    state = model.state_dict()
    torch.save(state, record("zip.pth", model, "rexnet"))
    torch.save(state, record("legacy.pth", model, "rexnet"), _use_new_zipfile_serialization=False)
    torch.save({k: strided(v) for k, v in state.items()}, record("strided.pth", model, "rexnet"))
    torch.save(in_one_storage(state), record("shared.pth", model, "rexnet"))
    torch.save(in_one_storage(state), record("shared-legacy.pth", model, "rexnet"),
               _use_new_zipfile_serialization=False)
    torch.save({k: nn.Parameter(v, requires_grad=False) if v.is_floating_point() else v
                for k, v in state.items()}, record("parameters.pth", model, "rexnet"))
    torch.save(checkpoint(model), record("nested.pth", model, "rexnet"))
    torch.save({k: v.double() for k, v in state.items()}, record("double.pth", model, "rexnet"),
               pickle_protocol=4)
    repack(HERE / "zip.pth", record("deflated.pth", model, "rexnet"))
    settings = {"name": "tiny", "variant": "rexnet", "classes": CLASSES, "input_width": SIZE,
                "input_height": SIZE + 8, "interpolation": "bilinear", "crop_pct": 0.75,
                "mean": [0.5, 0.25, 0.125], "std": [0.25, 0.5, 1.0], "license": "MIT", "later": {}}
    save_file(state, record("settings.safetensors", model, "rexnet"), metadata={
        "rexnet.version": "1", "rexnet.settings": json.dumps(settings),
        "rexnet.labels": json.dumps(LABELS)})

    for dtype, name in ((torch.float16, "half.pth"), (torch.bfloat16, "bfloat16.safetensors")):
        model = randomize(official(False, small), 2).to(dtype).float()
        state = {k: v.to(dtype) if v.is_floating_point() else v for k, v in model.state_dict().items()}
        path = record(name, model, "rexnet")
        if path.suffix == ".pth":
            torch.save(state, path)
        else:
            save_file(state, path)

    model = randomize(official(False, small), 2).half().float()
    torch.save(averaged(model), record("averaged.pth.tar", model, "rexnet"))
    torch.save(compiled(model), record("compiled.pth", model, "rexnet"))

    model = randomize(official(False, (2, 3, 3, 4, 4, 6)), 3)
    torch.save({k: v.half() for k, v in model.half().float().state_dict().items()},
               record("deep.pth", model, "rexnet"))
    model = randomize(official(True, small), 4)
    torch.save(model.state_dict(), record("lite.pth", model, "rexnet-lite"))
    model = randomize(official(True, small, kernel=5), 5)
    torch.save(model.state_dict(), record("lite-5x5.pth", model, "rexnet-lite"))

    model = randomize(of_timm(4, 1), 6)
    save_file(model.state_dict(), record("timm.safetensors", model, "rexnet"))
    torch.save(model.state_dict(), record("timm.bin", model, "rexnet"))
    model = randomize(of_timm(8, 8), 7)
    save_file(model.state_dict(), record("timm-rexnetr.safetensors", model, "rexnetr"))

    model = randomize(efficientnet(False), 8).half().float()
    save_file(halved(model), record("efficientnet.safetensors", model, "efficientnet"))
    tensorflow = dict(pad_type="same", norm_layer=partial(nn.BatchNorm2d, eps=1e-3))
    model = randomize(efficientnet(False, **tensorflow), 9).half().float()
    save_file(halved(model), record("tf_efficientnet.safetensors", model, "efficientnet"))
    torch.save(as_efficientnet_pytorch(halved(model)), record("efficientnet-pytorch.pth", model, "efficientnet"))
    model = randomize(efficientnet(True, **tensorflow), 10)
    torch.save(as_efficientnet_pytorch(model.state_dict()),
               record("efficientnet-lite-pytorch.pth", model, "efficientnet-lite"),
               _use_new_zipfile_serialization=False)

    for name in expected:
        (HERE / name).chmod(0o644)
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in expected.items())
    (HERE / "expected.json").write_text(f'{{"size": {SIZE}, "files": {{\n{lines}\n}}}}\n')


if __name__ == "__main__":
    main()
