#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The element pages list exactly the properties that there are, with their
defaults, and the code in metadata.md is that of the programs."""
import os
import pathlib
import re
import unittest

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GObject, Gst

Gst.init(None)
DOCS = pathlib.Path(os.environ["TEST_SOURCE"]) / "docs"
ANALYTICS = Gst.version() >= (1, 24, 0, 0)
ONLY_WITH_ANALYTICS = {"analytics-top-k", "analytics"}
PARENTS = ("GstBaseTransform", "GstElement", "GstObject")


def own_properties(element):
    return {p.name: p for p in element.list_properties()
            if p.owner_type.name not in PARENTS}


def table(page, heading):
    """The rows of the first table after a heading, as lists of cells."""
    text = (DOCS / page).read_text().split(heading, 1)[1]
    lines = text[text.index("\n|"):].strip().split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in lines[2:]]


def shown(element, prop):
    """A property of a new element as the pages write its default."""
    value = element.get_property(prop.name)
    if isinstance(value, bool):
        return str(value).lower()
    if prop.value_type.is_a(GObject.TYPE_ENUM):
        return f"`{Gst.value_serialize(GObject.Value(prop.value_type, value))}`"
    if prop.name.endswith("color"):
        return f"0x{value:08x}"
    if isinstance(value, str):
        return f"`{value}`"
    if isinstance(value, float):
        return f"{value:g}"
    return "unset" if value is None else str(value)


class Pages(unittest.TestCase):
    def check(self, name):
        element = Gst.ElementFactory.make(name)
        self.assertIsNotNone(element)
        properties = own_properties(element)
        listed = {}
        for row in table(f"{name}.md", "## Properties"):
            for key in re.findall("`([^`]+)`", row[0]):
                listed[key] = row
        documented = set(listed)
        if not ANALYTICS:
            documented -= ONLY_WITH_ANALYTICS
        self.assertEqual(documented, set(properties))
        for key, prop in properties.items():
            if prop.flags & GObject.ParamFlags.WRITABLE:
                self.assertEqual(listed[key][2], shown(element, prop), key)
            if name == "rexnetclassify":
                when = listed[key][3]
                playing = bool(prop.flags & Gst.PARAM_MUTABLE_PLAYING)
                self.assertEqual(when == "PLAYING", playing, key)

    def test_classify(self):
        self.check("rexnetclassify")

    def test_overlay(self):
        self.check("rexnetoverlay")

    def test_json(self):
        self.check("rexnetjson")

    def test_statistics(self):
        element = Gst.ElementFactory.make("rexnetclassify")
        stats = element.props.stats
        fields = {stats.nth_field_name(i) for i in range(stats.n_fields())}
        listed = {key for row in table("rexnetclassify.md", "## Statistics")
                  for key in re.findall("`([^`]+)`", row[0])}
        self.assertEqual(fields, listed)

    def test_programs(self):
        page = (DOCS / "metadata.md").read_text()
        for language, suffix in ("c", "c"), ("python", "py"):
            blocks = re.findall(rf"```{language}\n(.*?)```", page, re.S)
            programs = [path.read_text() for path in (DOCS / "examples").glob(f"*.{suffix}")]
            self.assertEqual(len(blocks), len(programs))
            for block in blocks:
                self.assertEqual(sum(block in program for program in programs), 1, block)

    def test_links(self):
        for page in ("metadata.md", "rexnetclassify.md", "rexnetoverlay.md",
                     "rexnetjson.md"):
            for link in re.findall(r"\]\(([^):]+)\)", (DOCS / page).read_text()):
                self.assertTrue((DOCS / link.partition("#")[0]).exists(), f"{page}: {link}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
