#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names the classes of an ImageNet network in WordNet's words.

A class is a synset of WordNet 3.0, called by the offset of its line in
data.noun. The label is the synset's first word; where two classes share it,
all of its words; where they share those too, with what it is a kind of. Classes
that WordNet tells apart by their definitions alone keep the same label.

usage: imagenet_labels.py SYNSETS.txt [data.noun] > LABELS.txt
  SYNSETS.txt  a line a class, such as n01440764: timm/data/_info of timm has
               imagenet_synsets.txt and imagenet12k_synsets.txt
  data.noun    /usr/share/wordnet/data.noun of Debian's wordnet-base
"""
from __future__ import annotations

import collections
import pathlib
import sys


class Synset:
    def __init__(self, line: str) -> None:
        fields = line.split(" | ")[0].split()
        count = int(fields[3], 16)
        self.words = [word.replace("_", " ") for word in fields[4:4 + 2 * count:2]]
        pointers = fields[4 + 2 * count + 1:]
        self.kind_of = next((pointers[i + 1] for i in range(0, len(pointers), 4)
                             if pointers[i].startswith("@")), None)


def read_wordnet(path: pathlib.Path) -> dict[str, Synset]:
    """By offset. The lines of the licence begin with a space."""
    lines = path.read_text(encoding="ascii").splitlines()
    return {line[:8]: Synset(line) for line in lines if not line.startswith(" ")}


def labels(synsets: list[str], wordnet: dict[str, Synset]) -> list[str]:
    classes = [wordnet[synset[1:]] for synset in synsets]
    forms = (lambda c: c.words[0],
             lambda c: ", ".join(c.words),
             lambda c: f"{', '.join(c.words)} ({wordnet[c.kind_of].words[0]})")
    names = [""] * len(classes)
    todo = set(range(len(classes)))
    for form in forms:
        for i in todo:
            names[i] = form(classes[i])
        count = collections.Counter(names)
        todo = {i for i in todo if count[names[i]] > 1}
    print(f"{len(todo)} of {len(names)} labels are another class's too", file=sys.stderr)
    return names


def main() -> None:
    synsets = pathlib.Path(sys.argv[1]).read_text(encoding="ascii").split()
    noun = sys.argv[2] if len(sys.argv) > 2 else "/usr/share/wordnet/data.noun"
    print("\n".join(labels(synsets, read_wordnet(pathlib.Path(noun)))))


if __name__ == "__main__":
    main()
