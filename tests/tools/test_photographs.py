# SPDX-License-Identifier: LGPL-2.1-or-later
"""Photographs through the whole path, from JPEG to label, against PyTorch.

tests/data/photos/expected.json has what PyTorch found for the built-in model
and for published ImageNet weights. Those that lie in $REXNET_IMAGENET (build/imagenet,
where tests/run.sh puts EfficientNet-Lite0) are tried.
"""
import hashlib
import json
import os
import pathlib
import unittest

import harness

PHOTOS = harness.DATA / "photos"
IMAGENET = pathlib.Path(os.environ.get("REXNET_IMAGENET", f"{os.environ['BUILD']}/imagenet"))
EXPECTED = json.loads((PHOTOS / "expected.json").read_text(encoding="utf-8"))
# Of a probability. Where it was recorded, the largest difference was 2e-6.
TOLERANCE = 1e-4


class Photographs(harness.ToolTest):
    def check(self, name, *model):
        expected = EXPECTED[name]["top5"]
        photos = [PHOTOS / photo for photo in expected]
        lines = self.ok("classify", "--json", "--top-k", 10, *model, *photos).splitlines()
        self.assertEqual(len(lines), len(photos))
        for line in map(json.loads, lines):
            photo = pathlib.Path(line["file"]).name
            scores = {label["index"]: label["score"] for label in line["labels"]}
            with self.subTest(model=name, photo=photo):
                self.assertEqual(line["labels"][0]["index"], expected[photo][0][0])
                for index, score in expected[photo]:
                    self.assertAlmostEqual(scores.get(index, 0.0), score, delta=TOLERANCE)

    def test_built_in(self):
        self.check("built-in", "--model", harness.DEFAULT_MODEL)

    def check_published(self, name):
        path = IMAGENET / f"{name}.pth"
        if not path.exists():
            self.skipTest(f"no {path}")
        self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(), EXPECTED[name]["sha256"])
        self.check(name, "--model", path)

    def test_lite0(self):
        self.check_published("efficientnet-lite0")

    def test_lite1(self):
        self.check_published("efficientnet-lite1")

    def test_lite2(self):
        self.check_published("efficientnet-lite2")


class Fixture(unittest.TestCase):
    def test_right_labels(self):
        """PyTorch itself is right: every class in its first five, most at the top."""
        photos = json.loads((PHOTOS / "photos.json").read_text(encoding="utf-8"))
        for name in EXPECTED.keys() - {"built-in"}:
            top5 = EXPECTED[name]["top5"]
            self.assertEqual(set(top5), {photo["file"] for photo in photos})
            for photo in photos:
                found = {index for index, _ in top5[photo["file"]]}
                self.assertTrue(found & set(photo["classes"]), (name, photo["file"]))
            right = sum(top5[photo["file"]][0][0] in photo["classes"] for photo in photos)
            self.assertEqual(right, 10, name)


harness.main()
