#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The readers of docs/metadata.md say the same of the sample clip, a line a
frame, and it is what rexnetjson says."""
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["TEST_SOURCE"])
CLIP = SOURCE / "tests/data/clip/fashion.webm"


def read(*command):
    """label=score pairs a line."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stderr}")
    return [[word for word in line.split()[1:]] for line in done.stdout.splitlines()]


def reference():
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.jsonl")
        subprocess.run(["gst-launch-1.0", "-q", "filesrc", f"location={CLIP}", "!",
                        "decodebin", "!", "rexnetclassify", "features=true", "!",
                        "rexnetjson", "features=true", "!",
                        "filesink", f"location={out}"], check=True)
        with open(out, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]


class Readers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.reference = reference()
        with open(CLIP.with_suffix(".json"), encoding="utf-8") as file:
            cls.truth = json.load(file)

    def check(self, lines):
        self.assertEqual(len(lines), 180)
        for line, record in zip(lines, self.reference):
            text = " ".join(line)
            at = 0
            for label, score in zip(record["labels"], record["scores"]):
                at = text.index(f"{label}=", at)
                value = float(text[at + len(label) + 1:].split()[0])
                self.assertAlmostEqual(value, score, delta=0.00051)

    def test_c(self):
        self.check(read(os.environ["READER"], str(CLIP)))

    def test_python(self):
        self.check(read(sys.executable, str(SOURCE / "docs/examples/read_metadata.py"),
                        str(CLIP)))

    def check_features(self, lines):
        self.assertEqual(len(lines), 179)
        vectors = [record["features"] for record in self.reference]
        for line, now, before in zip(lines, vectors[1:], vectors):
            cosine = sum(x * y for x, y in zip(now, before)) / math.hypot(*now) / math.hypot(*before)
            self.assertAlmostEqual(float(line[0]), cosine, delta=0.00011)

    def test_features_in_c(self):
        self.check_features(read(os.environ["FEATURES_READER"], str(CLIP)))

    def test_features_in_python(self):
        self.check_features(read(sys.executable,
                                 str(SOURCE / "docs/examples/read_features.py"), str(CLIP)))

    def test_missing_file(self):
        for command in ([os.environ["READER"]], [os.environ["FEATURES_READER"]],
                        [sys.executable, str(SOURCE / "docs/examples/read_metadata.py")],
                        [sys.executable, str(SOURCE / "docs/examples/read_features.py")]):
            done = subprocess.run(command + ["/nowhere/clip.webm"],
                                  capture_output=True, text=True, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("esource not found", done.stderr)

    def test_reference(self):
        """Most of the clip is labelled as the data set labels it."""
        right = 0
        for record in self.reference:
            time = record["stream_time"] / 1e9 + 0.01
            truth = next(t["label"] for t in self.truth if t["start"] <= time < t["end"])
            right += record["labels"][0] == truth
        self.assertEqual(len(self.reference), 180)
        self.assertGreaterEqual(right, 0.7 * 180)


if __name__ == "__main__":
    unittest.main(verbosity=2)
