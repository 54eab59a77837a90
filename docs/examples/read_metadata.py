#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints what rexnetclassify says of each frame of a video.

usage: read_metadata.py FILE        (Debian: python3-gi, python3-gst-1.0)
"""
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst


def on_frame(pad, info):
    buffer = info.get_buffer()
    meta = buffer.get_custom_meta("RexnetClassification")
    if meta is not None:
        result = meta.get_structure()
        best = zip(result["labels"], result["scores"])
        print(f"{buffer.pts / Gst.SECOND:.3f}",
              "(old)" if result["age"] > 0 else "",
              *(f"{label}={score:.3f}" for label, score in best))
    return Gst.PadProbeReturn.OK


def main():
    Gst.init(None)
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FILE")
    pipeline = Gst.parse_launch("filesrc name=source ! decodebin ! "
                                "rexnetclassify name=classifier ! fakesink")
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
