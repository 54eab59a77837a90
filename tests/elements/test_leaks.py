#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""GStreamer's leaks tracer sees every object of a pipeline freed at its end."""
import os
import re
import subprocess
import sys
import unittest

SOURCE = "videotestsrc num-buffers=20 ! video/x-raw,width=64,height=64"
SEVERAL = "rexnetclassify scheduling=throughput threads=2"
PIPELINES = {
    "chain": f"{SOURCE} ! rexnetclassify threads=1 interval=2 post-messages=true change-after=1 "
             "features=true ! tee name=t "
             "t. ! queue ! rexnetoverlay ! fakesink t. ! queue ! rexnetjson features=true ! fakesink",
    "shared": f"{SOURCE} ! tee name=t t. ! queue ! rexnetclassify threads=1 ! fakesink "
              "t. ! queue ! rexnetclassify threads=1 ! fakesink",
    "in flight": f"{SOURCE} ! tee name=t t. ! queue ! {SEVERAL} ! fakesink "
                 f"t. ! queue ! {SEVERAL} interval=3 ! rexnetoverlay ! fakesink",
    "converted": f"{SOURCE},format=v210 ! rexnetclassify threads=1 ! rexnetoverlay ! fakesink",
}
LEAK = """
import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
element = Gst.ElementFactory.make("rexnetjson")
Gst.deinit()
"""


def leaks(done):
    """The tracer's lines for objects that are left at the end."""
    return re.findall(r":: (object-alive, .*)", done.stderr)


def run(command):
    env = dict(os.environ, GST_TRACERS="leaks", GST_DEBUG="GST_TRACER:7",
               GST_DEBUG_NO_COLOR="1")
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


class Leaks(unittest.TestCase):
    def check(self, name):
        done = run(["gst-launch-1.0", "-q", *PIPELINES[name].split()])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(leaks(done), [])

    def test_chain(self):
        self.check("chain")

    def test_shared(self):
        self.check("shared")

    def test_in_flight(self):
        self.check("in flight")

    def test_converted(self):
        self.check("converted")

    def test_failed_start(self):
        done = run(["gst-launch-1.0", "-q", *SOURCE.split(), "!", "rexnetclassify",
                    "model=/nowhere", "!", "fakesink"])
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(leaks(done), [])

    def test_tracer_sees_a_leak(self):
        found = leaks(run([sys.executable, "-c", LEAK]))
        self.assertEqual(len([line for line in found if "GstRexnetJson" in line]), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
