"""The network that is timed: weights and inputs of the golden files, reference logits, ONNX.

The values are defined in tests/golden/README.md.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from .environment import REPOSITORY

MASK = (1 << 64) - 1
SIZE = 224
CLASSES = 1000
WIDTHS = {'rexnet': (0.9, 1.0, 1.3, 1.5, 2.0, 2.2, 3.0), 'rexnet-lite': (1.0, 1.3, 1.5, 2.0)}


@dataclass(frozen=True)
class Network:
    variant: str
    width: float

    def __str__(self) -> str:
        return f'{self.variant}-{self.width}'


def fnv1a64(text: str) -> int:
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def uniform(key: str, count: int):
    """`count` doubles in [0, 1): splitmix64 of a counter seeded by the key, top 24 bits."""
    import numpy as np
    with np.errstate(over='ignore'):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.uint64(fnv1a64(key))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / (1 << 24)


def weights(key: str, shape: tuple[int, ...]):
    import numpy as np
    u = uniform(key, int(np.prod(shape)))
    if len(shape) == 4:
        values = (2 * u - 1) * np.sqrt(6 / (shape[1] * shape[2] * shape[3]))
    elif key.endswith(('running_var', '.weight')):
        values = 0.5 + u
    else:
        values = 0.5 * (u - 0.5)
    return values.astype(np.float32).reshape(shape)


def image(seed: int, size: int = SIZE):
    """One 3 x size x size input."""
    import numpy as np
    cells = 4 * uniform(f'cells:{seed}', 147).reshape(3, 7, 7) - 2
    index = np.arange(size) * 7 // size
    noise = 0.5 * (uniform(f'noise:{seed}', 3 * size * size).reshape(3, size, size) - 0.5)
    return (cells[:, index[:, None], index[None]] + noise).astype(np.float32)


def images(count: int, first: int = 0):
    import numpy as np
    return np.stack([image(first + i) for i in range(count)])


def build(network: Network):
    """The reference model in evaluation mode."""
    import torch
    sys.path.insert(0, str(REPOSITORY / 'models'))
    import rexnet
    kind = {'rexnet': rexnet.ReXNet, 'rexnet-lite': rexnet.ReXNetLite}[network.variant]
    model = kind(network.width, CLASSES)
    state = {key: value if key.endswith('num_batches_tracked')
             else torch.from_numpy(weights(key, tuple(value.shape)))
             for key, value in model.state_dict().items()}
    model.load_state_dict(state)
    return model.eval()


def fold(module) -> None:
    """Batch norms into their convolutions, so that no peer has to find out that it may."""
    from torch import nn
    from torch.nn.utils import fuse_conv_bn_eval
    for child in module.children():
        fold(child)
    if not isinstance(module, nn.Sequential):
        return
    layers: list[nn.Module] = []
    for child in list(module):
        if isinstance(child, nn.BatchNorm2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], child)
        elif not isinstance(child, nn.Dropout):
            layers.append(child)
    module._modules.clear()
    for i, layer in enumerate(layers):
        module.add_module(str(i), layer)


def export(model, path: Path) -> None:
    """ONNX at batch 1, with pooling as its own operator and nothing that fixes the batch."""
    import onnx
    import torch
    example = torch.zeros(1, 3, SIZE, SIZE)
    torch.onnx.export(model, (example,), str(path), dynamo=True, external_data=False,
                      opset_version=18, input_names=['input'], output_names=['logits'])
    proto = onnx.load(str(path))
    for node in proto.graph.node:
        if node.op_type == 'ReduceMean':
            node.op_type = 'GlobalAveragePool'
        elif node.op_type == 'Reshape' and 'logits' in node.output:
            node.op_type = 'Flatten'
        else:
            continue
        del node.input[1:]
        del node.attribute[:]
    used = {name for node in proto.graph.node for name in node.input}
    for unused in [i for i in proto.graph.initializer if i.name not in used]:
        proto.graph.initializer.remove(unused)
    onnx.checker.check_model(proto)
    onnx.save(proto, str(path))


def multiply_adds(path: Path) -> int:
    """Of one image, in the convolutions and the classifier."""
    import math
    import onnx
    graph = onnx.shape_inference.infer_shapes(onnx.load(str(path)), strict_mode=True).graph
    shapes = {value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
              for value in (*graph.value_info, *graph.output)}
    weights = {constant.name: list(constant.dims) for constant in graph.initializer}
    total = 0
    for node in graph.node:
        if node.op_type == 'Conv':
            total += math.prod(shapes[node.output[0]]) * math.prod(weights[node.input[1]][1:])
        elif node.op_type in ('Gemm', 'MatMul'):
            total += math.prod(weights[node.input[1]])
    return total


def with_batch(source: Path, target: Path, batch: int) -> None:
    """The same graph for a static batch."""
    import onnx
    proto = onnx.load(str(source))
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch
    del proto.graph.value_info[:]
    onnx.save(onnx.shape_inference.infer_shapes(proto, strict_mode=True), str(target))


def prepare(network: Network, folder: Path, batch: int) -> None:
    """Fills `folder` with what all peers start from. The reference is in double precision."""
    import numpy as np
    import torch
    from safetensors.torch import save_file
    model = build(network)
    torch.save(model.state_dict(), folder / 'weights.pth')
    save_file(model.state_dict(), folder / 'weights.safetensors')
    inputs = images(batch)
    np.save(folder / 'input.npy', inputs)
    with torch.no_grad():
        logits = model.double()(torch.from_numpy(inputs).double()).numpy()
        check_golden(network, logits[0])
        np.save(folder / 'logits.npy', logits)
        model.float()
        fold(model)
        export(model, folder / 'b1.onnx')
    (folder / 'multiply-adds').write_text(f'{multiply_adds(folder / "b1.onnx")}\n')


def check_golden(network: Network, logits) -> None:
    """Against the golden file of this network, where there is one."""
    import json
    import numpy as np
    name = f'{network}-c{CLASSES}-{SIZE}x{SIZE}-s0.json'
    for path in (REPOSITORY / 'tests' / 'golden').rglob(name):
        golden = np.array(json.loads(path.read_text())['logits'])
        error = np.abs(logits - golden).max() / np.abs(golden).max()
        if error > 1e-5:
            raise ValueError(f'the reference differs from {name} by {error:.1e}')
