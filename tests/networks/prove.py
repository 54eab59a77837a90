#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""librexnet against PyTorch: every network, number type and kind of file.

usage: prove.py [--quick] [--only TEXT] [--threads N] [--tool PROGRAM] [--folder FOLDER]
  --quick    the first network of each family only
  --only     networks whose family or name has TEXT in it
  --threads  of both; 1
  --tool     the rexnet program; $REXNET, or the one in build/
  --folder   where model files are written and removed again; the default is the
             system's temporary folder

Prints a Markdown table; 1 is the exit status when an error is above 1e-4 of the
largest logit, a file gives other numbers than the same weights in another
file, or a photograph gets another label. requirements.txt names what it needs;
without PyTorch it is skipped (77). $REXNET_TORCH_PYTHON may name an interpreter
that has it.
"""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

if "REXNET_TORCH_PYTHON" in os.environ:
    python = os.environ.pop("REXNET_TORCH_PYTHON")
    os.execv(python, [python, *sys.argv])

try:
    import safetensors.torch
    import torch

    import networks
    import photographs
except ImportError as error:
    print(f"{error}: see tests/networks/requirements.txt")
    sys.exit(77)
try:
    import onnx
    import onnxruntime
except ImportError:
    onnxruntime = None

LIMIT = 1e-4                # of the largest logit
SCORE_LIMIT = 1e-3          # of a probability; PyTorch's float32 has errors of its own
NUMBERS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class Tool:
    """The rexnet program on the files of one network."""

    def __init__(self, program: str, threads: int, folder: pathlib.Path) -> None:
        self.program, self.folder = program, folder
        self.engine = "--device", "cpu", "--threads", threads

    def run(self, *arguments: object) -> str:
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True,
                              timeout=600, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    def logits(self, model: pathlib.Path) -> torch.Tensor:
        out = self.run("logits", *self.engine, "--model", model, "--input", self.folder / "input.f32")
        return torch.tensor([float(line) for line in out.split()], dtype=torch.double)

    def labels(self, model: pathlib.Path) -> dict[str, list[tuple[int, float]]]:
        """Of each photograph."""
        out = self.run("classify", "--json", *self.engine, "--top-k", 10, "--model", model,
                       *(photographs.PHOTOS / name for name in photographs.names()))
        lines = map(json.loads, out.splitlines())
        return {pathlib.Path(line["file"]).name:
                [(label["index"], label["score"]) for label in line["labels"]] for line in lines}


def error_of(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


def write_containers(stem: pathlib.Path, state: dict[str, torch.Tensor]):
    """The same weights in every kind of file but safetensors, one after another."""
    other = {key: value * 0.5 if value.is_floating_point() else value for key, value in state.items()}
    training = {"epoch": 7, "arch": "rexnet", "args": argparse.Namespace(lr=0.1, size=[3, 224, 224]),
                "metric": 81.25,
                "optimizer": {"state": {}, "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999)}]}}

    def prefixed(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {prefix + key: value for key, value in tensors.items()}

    yield ".pth", state, {}
    yield ".pth", state, {"_use_new_zipfile_serialization": False}
    yield ".bin", state, {}
    yield ".pth.tar", training | {"state_dict": prefixed("module.", state)}, {}
    yield ".pth.tar", training | {"state_dict": other, "state_dict_ema": prefixed("module.", state)}, {}
    yield ".pth", training | {"model": prefixed("_orig_mod.", state)}, {}


def check_containers(tool: Tool, stem: pathlib.Path, state: dict[str, torch.Tensor],
                     expected: torch.Tensor) -> str:
    good = total = 0
    for suffix, content, options in write_containers(stem, state):
        path = stem.parent / (stem.name + suffix)
        torch.save(content, path, **options)
        good += torch.equal(tool.logits(path), expected)
        total += 1
        path.unlink()
    return f"{good}/{total}"


def check_onnx(tool: Tool, source: pathlib.Path, image: torch.Tensor,
               expected: torch.Tensor) -> float | None:
    if onnxruntime is None:
        return None
    path = source.with_suffix(".onnx")
    tool.run("convert", source, path)
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    logits, = session.run(None, {"input": image.numpy()})
    path.unlink()
    return error_of(torch.from_numpy(logits[0]).double(), expected)


def check_photographs(tool: Tool, source: pathlib.Path, model: torch.nn.Module,
                      images: torch.Tensor) -> str:
    """How many get PyTorch's label, and its five best with their probabilities."""
    found, good = tool.labels(source), 0
    for name, image in zip(photographs.names(), images):
        expected = photographs.top(model, image[None])
        scores = dict(found[name])
        good += found[name][0][0] == expected[0][0] and all(
            abs(scores.get(index, 0.0) - score) < SCORE_LIMIT for index, score in expected)
    return f"{good}/{len(images)}"


def prove(network: networks.Network, tool: Tool) -> tuple[str, bool]:
    """A row of the table, and whether all of it holds."""
    images = networks.photographs(network.input)
    model = networks.build(network, images)
    image, state = images[:1], networks.state_of(model)
    image.numpy().astype("<f4").tofile(tool.folder / "input.f32")
    source = tool.folder / f"{network.file}.safetensors"
    errors: dict[str, float | None] = {}
    for name, dtype in reversed(NUMBERS.items()):
        numbers = networks.rounded(state, dtype)
        expected = networks.reference(model, numbers, image)
        safetensors.torch.save_file(numbers, source)
        logits = tool.logits(source)
        errors[name] = error_of(logits, expected)
    errors["ONNX"] = check_onnx(tool, source, image, logits)
    files = check_containers(tool, tool.folder / network.file, state, logits)
    photos = check_photographs(tool, source, model, images)
    source.unlink()
    shown = {key: "" if value is None else f"{value:.1e}" for key, value in errors.items()}
    parameters = sum(p.numel() for p in model.parameters())
    row = (f"| {network.family} | {network.name} | {parameters / 1e6:.2f} | {shown['float32']} "
           f"| {shown['float16']} | {shown['bfloat16']} | {files} | {shown['ONNX']} | {photos} |")
    return row, (all(value is None or value < LIMIT for value in errors.values())
                 and all(len(set(part.split("/"))) == 1 for part in (files, photos)))


def published_photographs(tool: Tool) -> bool:
    """ImageNet weights on the photographs, where their packages are installed."""
    photos = json.loads((photographs.PHOTOS / "photos.json").read_text())
    all_equal = True
    for number in range(3):
        try:
            model, settings, about = photographs.published_lite(number)
        except ImportError as error:
            print(f"EfficientNet-Lite{number}: {error}")
            continue
        path = photographs.published_weights(number)
        equal = check_photographs(tool, path, model, networks.photographs(settings))
        found = tool.labels(path)
        right = [sum(bool({index for index, _ in found[photo["file"]][:k]} & set(photo["classes"]))
                     for photo in photos) for k in (1, 5)]
        print(f"{about['package']}: as PyTorch on {equal} photographs; right at the top {right[0]}, "
              f"among five {right[1]}")
        all_equal = all_equal and len(set(equal.split("/"))) == 1
    return all_equal


def reference_is_official() -> bool:
    """models/rexnet.py against the golden logits, which the authors' own code gave."""
    sys.path.insert(0, str(photographs.ROOT / "tests/golden"))
    import record
    worst, n = 0.0, 0
    for path in sorted((photographs.ROOT / "tests/golden").glob("rexnet-*.json")):
        golden = json.loads(path.read_text())
        kind = "ReXNet-lite" if golden["variant"] == "rexnet-lite" else "ReXNet"
        model = networks.OFFICIAL[kind](golden["width"], golden["classes"]).eval().double()
        model.load_state_dict({key: record.weights(key, tuple(value.shape)).double()
                               for key, value in model.state_dict().items()
                               if not key.endswith("num_batches_tracked")}, strict=False)
        image = record.picture(golden["input_seed"], golden["height"], golden["width_px"])
        with torch.inference_mode():
            logits = model(image.double())[0]
        worst = max(worst, error_of(logits, torch.tensor(golden["logits"], dtype=torch.double)))
        n += 1
    print(f"models/rexnet.py against the official code's logits, {n} golden files: {worst:.1e}")
    return worst < 1e-6


def chosen(options: argparse.Namespace) -> list[networks.Network]:
    found, families = [], set()
    for network in networks.all_networks():
        wanted = not options.only or options.only in f"{network.family} {network.name}"
        if wanted and not (options.quick and network.family in families):
            found.append(network)
            families.add(network.family)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--help", action="help")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--tool", default=os.environ.get(
        "REXNET", photographs.ROOT / "build/engine/tools/rexnet"))
    parser.add_argument("--folder")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    good = True
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="rexnet-") as folder:
        tool = Tool(options.tool, options.threads, pathlib.Path(folder))
        if not options.only:
            good = reference_is_official() and published_photographs(tool)
        print("| family | network | parameters, 10^6 | float32 | float16 | bfloat16 "
              "| other files | ONNX | photographs |\n|---|---|---|---|---|---|---|---|---|")
        for network in chosen(options):
            row, holds = prove(network, tool)
            print(row, flush=True)
            good = good and holds
    print("All of it holds." if good else "Not all of it holds.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
