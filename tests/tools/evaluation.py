# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures for `rexnet eval`, and what is right about them."""
import json

import harness

SIDE = 28
LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
          "Bag", "Ankle boot"]


class EvalTest(harness.ToolTest):
    """On noise: what is right is then known from `classify`, not by eye."""

    @classmethod
    def setUpClass(cls):
        u = harness.uniform("eval", 12 * SIDE * SIDE)
        cls.pictures = [[int(256 * x) for x in u[i * SIDE * SIDE:(i + 1) * SIDE * SIDE]]
                        for i in range(12)]
        # Pictures of different brightness fall into different classes.
        cls.pictures = [[v * (i + 1) // 12 for v in picture]
                        for i, picture in enumerate(cls.pictures)]

    def evaluate(self, *arguments):
        return json.loads(self.ok("eval", "--json", *arguments))

    def write_pictures(self):
        paths = [self.folder / f"{i:02}.png" for i in range(12)]
        for path, picture in zip(paths, self.pictures):
            harness.write_png(path, SIDE, SIDE, picture, colour=0)
        return paths

    def rank(self, paths, *options):
        """The ranking of the classes for each picture."""
        lines = self.ok("classify", "--json", "--top-k", 10, *options, *paths).splitlines()
        return [[label["index"] for label in json.loads(line)["labels"]] for line in lines]

    def predictions(self):
        paths = self.write_pictures()
        ranking = self.rank(paths)
        for path in paths:
            path.unlink()
        return ranking

    def write_folders(self, names, classes):
        root = self.folder / "bilder"
        for name in names:
            (root / name).mkdir(parents=True)
        for i, (picture, where) in enumerate(zip(self.pictures, classes)):
            harness.write_png(root / names[where] / f"{i:02}.png", SIDE, SIDE, picture, colour=0)
        return root
