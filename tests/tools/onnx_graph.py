# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads and runs the ONNX files that `rexnet convert` writes: the wire format of
protocol buffers, and the operators in plain Python. Standard library only, and
nothing of what wrote the file.

https://protobuf.dev/programming-guides/encoding/, https://onnx.ai/onnx/operators/
"""
from __future__ import annotations

import dataclasses
import math
import struct

FLOAT, INT64, FLOAT16 = 1, 7, 10
FORMATS = {FLOAT: "f", INT64: "q", FLOAT16: "e"}


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data: bytes) -> dict[int, list]:
    """Field number to values: integers, or the bytes of strings and messages."""
    found: dict[int, list] = {}
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            if len(value) != size:
                raise ValueError("a field goes beyond the end of its message")
        else:
            raise ValueError(f"wire type {key & 7}")
        found.setdefault(key >> 3, []).append(value)
    return found


def text(message: dict[int, list], number: int) -> str:
    return message[number][0].decode()


@dataclasses.dataclass
class Tensor:
    shape: tuple[int, ...]
    values: list[float]
    type: int = FLOAT


@dataclasses.dataclass
class Node:
    op: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, int | list[int]]


def read_tensor(data: bytes) -> tuple[str, Tensor]:
    message = fields(data)
    shape, kind, raw = tuple(message.get(1, [])), message[2][0], message[9][0]
    count = math.prod(shape)
    return text(message, 8), Tensor(shape, list(struct.unpack(f"<{count}{FORMATS[kind]}", raw)), kind)


def read_node(data: bytes) -> Node:
    message = fields(data)
    attributes = {}
    for attribute in map(fields, message.get(5, [])):
        is_list = {2: False, 7: True}[attribute[20][0]]
        attributes[text(attribute, 1)] = attribute[8] if is_list else attribute[3][0]
    return Node(text(message, 4), text(message, 3), [name.decode() for name in message[1]],
                [name.decode() for name in message[2]], attributes)


def read_value(data: bytes) -> tuple[str, list[int | str]]:
    """Name and dimensions of a graph's input or output, which must be float32."""
    message = fields(data)
    tensor = fields(fields(message[2][0])[1][0])
    if tensor[1] != [FLOAT]:
        raise ValueError(f"element type {tensor[1]}")
    dims = [fields(dim) for dim in fields(tensor[2][0])[1]]
    return text(message, 1), [dim[1][0] if 1 in dim else text(dim, 2) for dim in dims]


class Model:
    def __init__(self, data: bytes) -> None:
        message = fields(data)
        self.ir_version = message[1][0]
        self.producer = text(message, 2)
        self.opsets = [(text(opset, 1), opset[2][0]) for opset in map(fields, message[8])]
        self.metadata = {text(entry, 1): text(entry, 2) for entry in map(fields, message[14])}
        graph = fields(message[7][0])
        self.name = text(graph, 2)
        self.nodes = [read_node(node) for node in graph[1]]
        self.tensors = dict(read_tensor(tensor) for tensor in graph[5])
        (self.input, self.input_dims), = map(read_value, graph[11])
        (self.output, self.output_dims), = map(read_value, graph[12])

    def run(self, image: list[float]) -> list[float]:
        """Logits of one image, computed in double."""
        values = dict(self.tensors)
        values[self.input] = Tensor((1, *self.input_dims[1:]), image)
        for node in self.nodes:
            inputs = [values[name] for name in node.inputs]
            values[node.outputs[0]] = OPERATORS[node.op](*inputs, **node.attributes)
        return values[self.output].values


# ---- operators, of one image ---------------------------------------------------

def planes(x: Tensor) -> list[list[float]]:
    size = math.prod(x.shape[2:])
    return [x.values[i:i + size] for i in range(0, len(x.values), size)]


def windows(plane: list[float], height: int, width: int, kernel: list[int], strides: list[int],
            pads: list[int]) -> list[list[float]]:
    """For each place in the kernel, what the output's pixels see there."""
    top, left, bottom, right = pads
    wide, high = width + left + right, height + top + bottom
    rows = ([[0.0] * wide] * top
            + [[0.0] * left + plane[y * width:(y + 1) * width] + [0.0] * right for y in range(height)]
            + [[0.0] * wide] * bottom)
    return [[value for y in range(ky, high - kernel[0] + ky + 1, strides[0])
             for value in rows[y][kx:wide - kernel[1] + kx + 1:strides[1]]]
            for ky in range(kernel[0]) for kx in range(kernel[1])]


def conv(x: Tensor, weight: Tensor, bias: Tensor, kernel_shape: list[int], strides: list[int],
         pads: list[int], group: int) -> Tensor:
    out, of_group = weight.shape[:2]
    if (list(weight.shape[2:]), of_group * group, bias.shape) != (kernel_shape, x.shape[1], (out,)):
        raise ValueError("the shapes of a convolution disagree")
    _, _, height, width = x.shape
    seen = [windows(plane, height, width, kernel_shape, strides, pads) for plane in planes(x)]
    taps = of_group * math.prod(kernel_shape)
    values: list[float] = []
    for o in range(out):
        first = o // (out // group) * of_group
        columns = [column for plane in seen[first:first + of_group] for column in plane]
        pixels = [bias.values[o]] * len(columns[0])
        for column, w in zip(columns, weight.values[o * taps:(o + 1) * taps], strict=True):
            pixels = [pixel + w * value for pixel, value in zip(pixels, column)]
        values += pixels
    size = [(s + pads[i] + pads[i + 2] - kernel_shape[i]) // strides[i] + 1
            for i, s in enumerate((height, width))]
    return Tensor((1, out, *size), values)


def gemm(a: Tensor, b: Tensor, c: Tensor, transB: int) -> Tensor:
    n, k = b.shape
    if (a.shape, c.shape, transB) != ((1, k), (n,), 1):
        raise ValueError("the shapes of a product disagree")
    return Tensor((1, n), [c.values[i] + sum(map(float.__mul__, a.values, b.values[i * k:(i + 1) * k]))
                           for i in range(n)])


def pointwise(function):
    def operator(x: Tensor) -> Tensor:
        return Tensor(x.shape, list(map(function, x.values)))
    return operator


def binary(function):
    """The second may be one value a channel."""
    def operator(a: Tensor, b: Tensor) -> Tensor:
        if a.shape != b.shape and b.shape != (*a.shape[:2], 1, 1):
            raise ValueError(f"{a.shape} and {b.shape}")
        each = len(a.values) // len(b.values)
        return Tensor(a.shape, [function(v, b.values[i // each]) for i, v in enumerate(a.values)])
    return operator


def global_average_pool(x: Tensor) -> Tensor:
    return Tensor((*x.shape[:2], 1, 1), [sum(plane) / len(plane) for plane in planes(x)])


def channel_slice(x: Tensor, start: Tensor, end: Tensor, axes: Tensor) -> Tensor:
    if axes.values != [1] or not 0 <= start.values[0] < end.values[0] <= x.shape[1]:
        raise ValueError("not a slice of channels")
    size, first, last = math.prod(x.shape[2:]), start.values[0], end.values[0]
    return Tensor((1, last - first, *x.shape[2:]), x.values[first * size:last * size])


def concat(a: Tensor, b: Tensor, axis: int) -> Tensor:
    if axis != 1 or a.shape[2:] != b.shape[2:]:
        raise ValueError("not a concatenation of channels")
    return Tensor((1, a.shape[1] + b.shape[1], *a.shape[2:]), a.values + b.values)


def cast(x: Tensor, to: int) -> Tensor:
    if (x.type, to) != (FLOAT16, FLOAT):
        raise ValueError(f"a cast from {x.type} to {to}")
    return Tensor(x.shape, x.values)


OPERATORS = {
    "Add": binary(lambda a, b: a + b),
    "Cast": cast,
    "Clip": lambda x, low, high: pointwise(lambda v: min(max(v, low.values[0]), high.values[0]))(x),
    "Concat": concat,
    "Conv": conv,
    "Flatten": lambda x: Tensor((1, len(x.values)), x.values),
    "Gemm": gemm,
    "GlobalAveragePool": global_average_pool,
    "Mul": binary(lambda a, b: a * b),
    "Relu": pointwise(lambda v: max(v, 0.0)),
    "Sigmoid": pointwise(lambda v: 1 / (1 + math.exp(-v))),
    "Slice": channel_slice,
}
