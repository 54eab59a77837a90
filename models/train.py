#!/usr/bin/env python3
"""Train ReXNet on Fashion-MNIST and write it as a gst-rexnet model file.

    python3 models/train.py                         train the shipped model again
    python3 models/train.py --evaluate FILE         top-1 of a file on the test images
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, distributed, multiprocessing, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from rexnet import ReXNet

HERE = Path(__file__).resolve().parent
LABELS = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
          "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
MEAN, STD = 0.286, 0.353
FIRST_SHARE = 0.55  # of the epochs, at --first-size
COOL_SHARE = 0.32   # of the epochs, with the learning rate falling to zero


# --- data -------------------------------------------------------------------

def read_idx(path: Path) -> np.ndarray:
    """An array of bytes in the IDX format: 0, 0, type 8, dimensions, sizes, data."""
    raw = gzip.decompress(path.read_bytes())
    dimensions = raw[3]
    shape = np.frombuffer(raw, ">u4", dimensions, 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def load(data: Path, split: str, size: int) -> tuple[Tensor, Tensor]:
    """Grey images resized as the engine resizes a frame, N x size x size, and their classes."""
    images = read_idx(data / f"{split}-images-idx3-ubyte.gz")
    labels = read_idx(data / f"{split}-labels-idx1-ubyte.gz")
    resized = np.stack([np.asarray(Image.fromarray(image).resize((size, size), Image.BICUBIC))
                        for image in images])
    return torch.from_numpy(resized), torch.from_numpy(labels.astype(np.int64))


def load_split(args: argparse.Namespace, size: int) -> tuple[tuple[Tensor, Tensor], ...]:
    """The images to train on and those to measure on."""
    images, labels = load(args.data, "train", size)
    if not args.hold_out:
        return (images, labels), load(args.data, "t10k", size)
    kept = len(images) - args.hold_out
    return (images[:kept], labels[:kept]), (images[kept:], labels[kept:])


def network_input(grey: Tensor) -> Tensor:
    """N x H x W in [0, 1] to the network's normalised three equal channels."""
    normal = ((grey - MEAN) / STD).unsqueeze(1)
    return normal.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def uniform(count: int, low: float, high: float) -> Tensor:
    return torch.empty(count).uniform_(low, high)


def warp(grey: Tensor) -> Tensor:
    """Mirror, turn, scale and shift each image a little, in one resampling."""
    count, size, _ = grey.shape
    angle, scale = uniform(count, -0.08, 0.08), uniform(count, 0.9, 1.1)
    mirror = torch.randint(0, 2, (count,)) * 2.0 - 1.0
    cos, sin = scale * angle.cos(), scale * angle.sin()
    rows = torch.stack((cos * mirror, -sin, uniform(count, -0.12, 0.12),
                        sin * mirror, cos, uniform(count, -0.12, 0.12)), 1)
    grid = F.affine_grid(rows.view(count, 2, 3), [count, 1, size, size], align_corners=False)
    return F.grid_sample(grey.unsqueeze(1), grid, align_corners=False).squeeze(1)


def erase(grey: Tensor, share: float = 0.25) -> Tensor:
    """Fill a square in a share of the images with one random grey."""
    count, size, _ = grey.shape
    side = uniform(count, 0.15, 0.4) * size * (torch.rand(count) < share)
    axis = torch.arange(size)
    inside = [((axis - uniform(count, 0, size).unsqueeze(1)).abs() < side.unsqueeze(1) / 2)
              for _ in range(2)]
    mask = inside[0].unsqueeze(2) & inside[1].unsqueeze(1)
    return torch.where(mask, torch.rand(count, 1, 1), grey)


def augment(grey: Tensor, blur_share: float = 0.2) -> Tensor:
    """What a camera and a codec do: position, focus, contrast, brightness, occlusion."""
    grey = warp(grey)
    blurred = F.avg_pool2d(grey.unsqueeze(1), 3, 1, 1).squeeze(1)
    grey = torch.where(torch.rand(len(grey), 1, 1) < blur_share, blurred, grey)
    contrast = uniform(len(grey), 0.8, 1.2).view(-1, 1, 1)
    brightness = uniform(len(grey), -0.05, 0.05).view(-1, 1, 1)
    return erase((grey * contrast + brightness).clamp_(0, 1))


# --- training ---------------------------------------------------------------

@torch.inference_mode()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Top-1 in percent."""
    model.eval()
    right = sum(int((model(network_input(part / 255)).argmax(1) == truth).sum())
                for part, truth in zip(images.split(500), labels.split(500)))
    return 100 * right / len(labels)


def make_optimizer(model: nn.Module, rate: float, decay: float) -> torch.optim.Optimizer:
    """SGD; weight decay on the convolutions' weights alone."""
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    return torch.optim.SGD([{"params": weights, "weight_decay": decay},
                            {"params": others, "weight_decay": 0.0}],
                           lr=rate, momentum=0.9, nesterov=True)


def learning_rate(args: argparse.Namespace, position: float) -> float:
    """Up over the first epoch, level, then down to zero over the last ones."""
    cooling = max(1, round(COOL_SHARE * args.epochs))
    return args.rate * min(1.0, position, (args.epochs - position) / cooling)


def train_epoch(args: argparse.Namespace, epoch: int, rank: int, model: nn.Module,
                average: AveragedModel, optimizer: torch.optim.Optimizer,
                images: Tensor, labels: Tensor) -> float:
    """One pass; this worker's share of every batch. Returns the mean loss."""
    model.train()
    steps = len(images) // args.batch
    shuffle = torch.Generator().manual_seed(args.seed * 1000 + epoch)
    order = torch.randperm(len(images), generator=shuffle)[:steps * args.batch]
    total = 0.0
    bar = tqdm(order.view(steps, args.workers, -1)[:, rank], disable=rank > 0, mininterval=1.0,
               desc=f"epoch {epoch + 1}/{args.epochs}")
    for step, batch in enumerate(bar):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(args, epoch + (step + 1) / steps)
        logits = model(network_input(augment(images[batch] / 255)))
        loss = F.cross_entropy(logits, labels[batch], label_smoothing=args.smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update_parameters(model.module)
        total += loss.item()
        bar.set_postfix(loss=f"{total / (step + 1):.3f}", refresh=False)
    return total / steps


def worker(rank: int, args: argparse.Namespace, meeting: str) -> None:
    """One process of one thread: it waits for the others once a step, so it keeps its pace on
    a machine with other work, which threads that meet in every layer do not."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank,
                                   world_size=args.workers)
    torch.manual_seed(args.seed)
    model = ReXNet(args.width, len(LABELS)).to(memory_format=torch.channels_last)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(args.ema), use_buffers=True)
    optimizer = make_optimizer(model, args.rate, args.decay)
    parallel = DistributedDataParallel(model)
    torch.manual_seed(args.seed * 1000 + rank)
    start, size = time.monotonic(), 0
    for epoch in range(args.epochs):
        wanted = args.first_size if epoch < int(FIRST_SHARE * args.epochs) else args.size
        if size != wanted:
            size = wanted
            (images, labels), test = load_split(args, size)
        loss = train_epoch(args, epoch, rank, parallel, average, optimizer, images, labels)
        if rank == 0:
            report(args, f"epoch {epoch + 1} size {size} loss {loss:.4f} averaged weights "
                         f"{accuracy(average, *test):.2f} % {time.monotonic() - start:.0f} s")
    if rank == 0:
        finish(args, average.module, test)
    distributed.destroy_process_group()


def finish(args: argparse.Namespace, model: nn.Module, test: tuple[Tensor, Tensor]) -> None:
    report(args, f"float32 weights {accuracy(model, *test):.2f} %")
    save(args.output, model, args.width, args.size)
    report(args, f"float16 weights {accuracy(restore(args.output)[0], *test):.2f} % "
                 f"{args.output.name}")


def report(args: argparse.Namespace, line: str) -> None:
    print(line, flush=True)
    if args.log:
        with args.log.open("a") as log:
            log.write(line + "\n")


# --- files ------------------------------------------------------------------

def save(path: Path, model: nn.Module, width: float, size: int) -> None:
    settings = {
        "name": path.stem, "variant": "rexnet", "width": width, "classes": len(LABELS),
        "input_width": size, "input_height": size, "interpolation": "bicubic", "crop_pct": 1.0,
        "mean": [MEAN] * 3, "std": [STD] * 3, "license": "MIT"}
    tensors = {key: value.half().contiguous() for key, value in model.state_dict().items()
               if not key.endswith("num_batches_tracked")}
    save_file(tensors, path, {"rexnet.version": "1", "rexnet.settings": json.dumps(settings),
                              "rexnet.labels": json.dumps(LABELS)})


def restore(path: Path) -> tuple[nn.Module, int]:
    """The network of a file, in float32, and its input size."""
    with safe_open(path, "pt") as file:
        settings = json.loads(file.metadata()["rexnet.settings"])
        tensors = {key: file.get_tensor(key).float() for key in file.keys()}
    model = ReXNet(settings["width"], settings["classes"]).to(memory_format=torch.channels_last)
    model.load_state_dict(tensors)
    return model.eval(), settings["input_width"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0],
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    add("--output", type=Path, default=HERE / "rexnet-0.5-fashion-mnist.safetensors")
    add("--evaluate", type=Path, metavar="FILE", help="measure FILE and train nothing")
    add("--log", type=Path, help="append a line an epoch here")
    add("--seed", type=int, default=1)
    add("--workers", type=int, default=2, help="processes, each of one thread")
    add("--hold-out", type=int, default=0, metavar="N",
        help="measure on the last N training images, left out of training, not the test images")
    add("--width", type=float, default=0.5)
    add("--size", type=int, default=48, help="input size of the model")
    add("--first-size", type=int, default=32, help="input size of the first epochs, for speed")
    add("--epochs", type=int, default=22)
    add("--batch", type=int, default=128)
    add("--rate", type=float, default=0.1, help="largest learning rate")
    add("--decay", type=float, default=3e-4, help="weight decay")
    add("--smoothing", type=float, default=0.05, help="label smoothing")
    add("--ema", type=float, default=0.995, help="decay of the averaged weights, a step")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    if args.evaluate:
        torch.set_num_threads(args.workers)
        model, size = restore(args.evaluate)
        print(f"top-1 {accuracy(model, *load(args.data, 't10k', size)):.2f} %")
        return
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(worker, (args, f"{folder}/meeting"), args.workers)


if __name__ == "__main__":
    main()
