# SPDX-License-Identifier: LGPL-2.1-or-later
"""The networks of the proofs: PyTorch's own, with weights that behave like trained ones."""
from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable

import efficientnet_lite_pytorch
import efficientnet_pytorch
import timm
import torch
from torch import nn

from photographs import LITE_INPUTS, PHOTOS, Input, names, rexnet

B_INPUTS = ((224, 0.875), (240, 0.882), (260, 0.890), (300, 0.904))
OFFICIAL = {"ReXNet": rexnet.ReXNet, "ReXNet-lite": rexnet.ReXNetLite}
LITE_MEAN, LITE_STD = (127 / 255,) * 3, (128 / 255,) * 3


@dataclasses.dataclass(frozen=True)
class Network:
    """@file: the name that its files get, which tells what their keys do not."""
    family: str
    name: str
    make: Callable[[], nn.Module]
    input: Input
    file: str = "model"


def official(kind: str, width: float) -> Network:
    return Network(f"official {kind}", f"x{width}", lambda: OFFICIAL[kind](width), Input(224, 0.875))


def of_timm(family: str, name: str, size: tuple[int, float] = (224, 0.875)) -> Network:
    return Network(f"timm {family}", name, lambda: timm.create_model(name), Input(*size), name)


def flat(number: int) -> Network:
    name, size = f"efficientnet-b{number}", B_INPUTS[number]
    return Network("efficientnet_pytorch", name, lambda: efficientnet_pytorch.EfficientNet.from_name(
        name, image_size=size[0]), Input(*size), name)


def flat_lite(number: int) -> Network:
    name = f"efficientnet-lite{number}"
    return Network("efficientnet_lite_pytorch", name,
                   lambda: efficientnet_lite_pytorch.EfficientNet.from_name(name),
                   Input(*LITE_INPUTS[number], LITE_MEAN, LITE_STD), name)


def all_networks() -> list[Network]:
    """Every published width, and some that nobody has published."""
    return [
        *(official("ReXNet", w) for w in (0.9, 1.0, 1.3, 1.5, 2.0, 2.2, 3.0, 0.77, 1.13)),
        *(official("ReXNet-lite", w) for w in (1.0, 1.3, 1.5, 2.0, 0.77, 1.21)),
        *(of_timm("rexnet", f"rexnet_{w}") for w in (100, 130, 150, 200, 300)),
        *(of_timm("rexnetr", f"rexnetr_{w}") for w in (100, 130, 150, 200, 300)),
        *(of_timm("efficientnet", f"efficientnet_b{n}", B_INPUTS[n]) for n in range(4)),
        *(of_timm("efficientnet", f"tf_efficientnet_b{n}", B_INPUTS[n]) for n in range(4)),
        *(of_timm("efficientnet_lite", f"efficientnet_lite{n}", LITE_INPUTS[n]) for n in range(5)),
        *(of_timm("efficientnet_lite", f"tf_efficientnet_lite{n}", LITE_INPUTS[n]) for n in range(5)),
        *(flat(n) for n in range(4)),
        *(flat_lite(n) for n in range(5)),
    ]


def photographs(settings: Input) -> torch.Tensor:
    return torch.cat([settings.image(PHOTOS / name) for name in names()])


def settle(model: nn.Module, images: torch.Tensor) -> None:
    """Sets each batch norm's statistics to those of what reaches it, front to back, so that
    activations keep their size through the network, as they do in a trained one."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    with torch.no_grad():
        model(images)
    model.eval()


def build(network: Network, images: torch.Tensor) -> nn.Module:
    """In evaluation mode. Convolutions are drawn as He et al. do, scales and shifts of batch norms
    as wide as trained ones, and the classifier so that the logits spread by some units."""
    generator = torch.Generator().manual_seed(zlib.crc32(network.name.encode()))
    model = network.make().eval()
    with torch.no_grad():
        for key, value in model.named_parameters():
            if value.ndim >= 2:
                value.normal_(0, (2 / value[0].numel()) ** 0.5, generator=generator)
            elif key.endswith(".weight"):
                value.uniform_(0.5, 1.5, generator=generator)
            else:
                value.normal_(0, 0.2, generator=generator)
        settle(model, images)
        last = [module for module in model.modules() if isinstance(module, (nn.Linear, nn.Conv2d))][-1]
        logits = model(images)
        last.weight *= 3 / (logits - logits.mean(0)).std()
    return model


def state_of(model: nn.Module) -> dict[str, torch.Tensor]:
    return {key: value.detach().clone() for key, value in model.state_dict().items()}


def rounded(state: dict[str, torch.Tensor], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    return {key: value.to(dtype) if value.is_floating_point() else value
            for key, value in state.items()}


def reference(model: nn.Module, state: dict[str, torch.Tensor], image: torch.Tensor) -> torch.Tensor:
    """Logits in double precision of the network with the numbers that @state holds."""
    model.load_state_dict({key: value.double() if value.is_floating_point() else value
                           for key, value in state.items()})
    with torch.inference_mode():
        logits = model.double()(image.double())[0]
    model.float()
    return logits
