#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the pages tell a person to type exists: pipelines, properties, commands,
options, links. What README.md promises is what the pages measured."""
import os
import pathlib
import re
import subprocess
import unittest

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst

Gst.init(None)
ROOT = pathlib.Path(os.environ["TEST_SOURCE"])
TOOL = os.environ["REXNET_TOOL"]
PAGES = sorted([ROOT / "README.md", ROOT / "models/README.md", *ROOT.glob("docs/*.md"),
                *ROOT.glob("tests/**/README.md")])
LAUNCH = re.compile(r"^ {4}(gst-launch-1\.0 (?:.*\\\n)*.*)$", re.M)
SETTINGS = re.compile(r"\b(rexnet(?:classify|overlay|json))((?:[ \n\\]+[\w-]+=[^\s`!]+)+)")
COMMAND = re.compile(r"(?:^ {4}|`)(?:[^`\n|]*\| )?rexnet ([a-z]+)\b([^`\n]*)", re.M)


def without_fences(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def anchors(page):
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", without_fences(page.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def pipelines():
    """(page, pipeline) of each gst-launch-1.0 that is written out in full."""
    for page in PAGES:
        for command in LAUNCH.findall(page.read_text()):
            line = command.replace("\\\n", " ").split(" | ")[0]
            words = [w for w in line.split()[1:] if w not in ("-e", "-m", "-q", "-v")]
            if "..." not in words:
                yield page.name, " ".join(words)


def options(command):
    shown = subprocess.run([TOOL, command, "--help"], capture_output=True, text=True)
    return set(re.findall(r"--([a-z0-9-]+)", shown.stdout)) if shown.returncode == 0 else None


def row(page, first, *, after=""):
    """The cells of the table row that begins with this one."""
    text = (ROOT / page).read_text()
    line = re.search(rf"^\| {re.escape(first)} \|.*$", text[text.index(after):], re.M)
    return [cell.strip() for cell in line[0].strip("|").split("|")]


def number(text):
    return float(re.match(r"[\d.]+", text)[0])


class Pages(unittest.TestCase):
    def test_pipelines(self):
        parsed = 0
        for page, pipeline in pipelines():
            elements = re.findall(r"(?:^|! |\. )([a-z]\w+)(?= |$)", pipeline)
            if all(Gst.ElementFactory.find(e) for e in elements if not e.startswith("rexnet")):
                Gst.parse_launch(pipeline)
                parsed += 1
        self.assertGreater(parsed, 3)

    def test_properties(self):
        found = 0
        for page in PAGES:
            for name, settings in SETTINGS.findall(page.read_text()):
                element = Gst.ElementFactory.make(name)
                for setting in re.findall(r"([\w-]+)=", settings):
                    self.assertIsNotNone(element.find_property(setting),
                                         f"{page.name}: {name} {setting}")
                    found += 1
        self.assertGreater(found, 5)

    def test_commands(self):
        known = {}
        for page in PAGES:
            for command, rest in COMMAND.findall(page.read_text()):
                if command not in known:
                    known[command] = options(command)
                self.assertIsNotNone(known[command], f"{page.name}: rexnet {command}")
                for option in re.findall(r"--([a-z][a-z0-9-]*)", rest):
                    self.assertIn(option, known[command], f"{page.name}: rexnet {command}")
        self.assertGreater(len(known), 5)

    def test_links(self):
        for page in PAGES:
            for link in re.findall(r"\]\(([^):]+)\)", without_fences(page.read_text())):
                path, _, anchor = link.partition("#")
                target = (page.parent / path).resolve() if path else page
                self.assertTrue(target.exists(), f"{page}: {link}")
                if anchor:
                    self.assertIn(anchor, anchors(target), f"{page}: {link}")

    def test_figures(self):
        """README.md's first screen, each figure with the table that it is from."""
        text = (ROOT / "README.md").read_text()
        frame, openvino, onnx = map(float, re.search(
            r"takes ([\d.]+) ms a frame on two cores, ([\d.]+) times as fast as OpenVINO.*?"
            r"([\d.]+) times as ONNX Runtime", text).groups())
        cells = row("docs/peers.md", "rexnet x1.0", after="Batch 1, 2 threads")
        ours = number(cells[1])
        self.assertAlmostEqual(frame, ours, delta=ours / 10)
        for claim, peer in (openvino, cells[2]), (onnx, cells[3]):
            self.assertAlmostEqual(claim, number(peer) / ours, delta=claim / 10)
        faster = float(re.search(r"(\d+) times as fast as GStreamer's converter", text)[1])
        self.assertLessEqual(faster, number(row("docs/preprocessing.md", "NV12 1920 x 1080")[-1]))
        rate = float(re.search(r"\[(\d+) frames a second\]", text)[1])
        source = row("docs/rexnetclassify.md", "`videotestsrc pattern=black ! "
                     "video/x-raw,format=NV12,... ! rexnetclassify ! fakesink`")
        self.assertLessEqual(rate, number(source[1]))
        cores = float(re.search(r"\[Eight cameras\].*?keep ([\d.]+) cores busy", text)[1])
        cells = row("docs/rexnetclassify.md", "`throughput` | 8")
        self.assertEqual(number(cells[2]), 8 * 25)
        self.assertAlmostEqual(cores, number(cells[3]), delta=0.05)


if __name__ == "__main__":
    unittest.main(verbosity=2)
