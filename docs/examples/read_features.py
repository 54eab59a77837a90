#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints how alike each frame of a video is to the one before: the cosine of
the angle between their feature vectors.

usage: read_features.py FILE        (Debian: python3-gi, python3-gst-1.0)
"""
import array
import math
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst

before = None


def get_features(buffer):
    meta = buffer.get_custom_meta("RexnetClassification")
    if meta is None or not meta.get_structure().has_field("features"):
        return None
    return array.array("f", meta.get_structure()["features"].get_data())


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / (math.hypot(*a) * math.hypot(*b))


def on_frame(pad, info):
    global before
    buffer = info.get_buffer()
    now = get_features(buffer)
    if now and before and len(now) == len(before):
        print(f"{buffer.pts / Gst.SECOND:.3f} {cosine(now, before):.4f}")
    before = now
    return Gst.PadProbeReturn.OK


def main():
    Gst.init(None)
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FILE")
    pipeline = Gst.parse_launch("filesrc name=source ! decodebin ! "
                                "rexnetclassify name=classifier features=true ! fakesink")
    pipeline.get_by_name("source").props.location = sys.argv[1]
    pad = pipeline.get_by_name("classifier").get_static_pad("src")
    pad.add_probe(Gst.PadProbeType.BUFFER, on_frame)

    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(
        Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)
    if message.type == Gst.MessageType.ERROR:
        sys.exit(message.parse_error().gerror.message)


if __name__ == "__main__":
    main()
