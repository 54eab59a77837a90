"""ReXNet and ReXNet-lite in PyTorch.

The networks of "Rethinking Channel Dimensions for Efficient Model Design"
(Han et al., 2021), with the state-dict keys of the published weights, so that
a file trained here and a published one load the same way.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

# Blocks in each stage, and the stride of the first block of each stage.
LAYERS = (1, 2, 2, 3, 3, 5)
STRIDES = (1, 2, 2, 2, 1, 2)
SE_FIRST_BLOCK = 3
EXPANSION = 6


def block_strides() -> list[int]:
    return [stride if i == 0 else 1
            for count, stride in zip(LAYERS, STRIDES) for i in range(count)]


def block_channels(width: float, step: float) -> Iterator[float]:
    """The output channels of each block before rounding: a linear ramp.

    Summed step by step, as the published networks do, so that ties round alike.
    """
    planes = 16 / width if width < 1 else 16
    for _ in range(sum(LAYERS)):
        yield planes * width
        planes += step


def divisible_by_8(channels: float) -> int:
    """The nearest multiple of 8 that loses no more than a tenth."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def conv_bn(inputs: int, outputs: int, kernel: int = 1, stride: int = 1,
            groups: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs)]


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int, reduction: int = 12) -> None:
        super().__init__()
        squeezed = channels // reduction
        self.fc = nn.Sequential(
            nn.Conv2d(channels, squeezed, 1), nn.BatchNorm2d(squeezed), nn.ReLU(inplace=True),
            nn.Conv2d(squeezed, channels, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.fc(x.mean((2, 3), keepdim=True))


class Block(nn.Module):
    """Inverted residual whose shortcut feeds the first `inputs` channels only."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int,
                 activation: type[nn.Module], squeeze_excite: bool) -> None:
        super().__init__()
        self.shortcut = stride == 1 and inputs <= outputs
        self.inputs = inputs
        inner = inputs * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers += [*conv_bn(inputs, inner), activation(inplace=True)]
        layers += conv_bn(inner, inner, 3, stride, groups=inner)
        if squeeze_excite:
            layers.append(SqueezeExcite(inner))
        layers += [nn.ReLU6(inplace=True), *conv_bn(inner, outputs)]
        self.out = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        out = self.out(x)
        if not self.shortcut:
            return out
        if self.inputs == out.shape[1]:
            return out + x
        return torch.cat((out[:, :self.inputs] + x, out[:, self.inputs:]), 1)


class Network(nn.Module):
    """Stem, blocks and head; `features` and `output` as in the published files."""

    def __init__(self, stem: int, channels: list[int], activation: type[nn.Module],
                 squeeze_excite: bool, penultimate: int, output: nn.Sequential) -> None:
        super().__init__()
        layers: list[nn.Module] = [*conv_bn(3, stem, 3, 2), activation(inplace=True)]
        for i, (inputs, outputs, stride) in enumerate(
                zip([stem, *channels], channels, block_strides())):
            layers.append(Block(inputs, outputs, EXPANSION if i else 1, stride, activation,
                                squeeze_excite and i >= SE_FIRST_BLOCK))
        layers += [*conv_bn(channels[-1], penultimate), activation(inplace=True),
                   nn.AdaptiveAvgPool2d(1)]
        self.features = nn.Sequential(*layers)
        self.output = output

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.features(x)).flatten(1)


class ReXNet(Network):
    def __init__(self, width: float = 1.0, classes: int = 1000, dropout: float = 0.2) -> None:
        stem = round((32 / width if width < 1 else 32) * width)
        channels = [round(c) for c in block_channels(width, 180 / sum(LAYERS))]
        penultimate = int(1280 * width)
        super().__init__(stem, channels, nn.SiLU, True, penultimate, nn.Sequential(
            nn.Dropout(dropout), nn.Conv2d(penultimate, classes, 1)))


class ReXNetLite(Network):
    def __init__(self, width: float = 1.0, classes: int = 1000, dropout: float = 0.2) -> None:
        stem = divisible_by_8(round((32 / width if width < 1 else 32) * width))
        channels = [divisible_by_8(round(c))
                    for c in block_channels(width, 164 / (sum(LAYERS) - 1))]
        penultimate = int(1280 * width) if width > 1 else 1280
        super().__init__(stem, channels, nn.ReLU6, False, penultimate, nn.Sequential(
            nn.Conv2d(penultimate, 1024, 1), nn.BatchNorm2d(1024), nn.ReLU6(inplace=True),
            nn.Dropout(dropout), nn.Conv2d(1024, classes, 1)))
