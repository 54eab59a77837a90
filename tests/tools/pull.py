# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of `rexnet pull` share: a hub on loopback, and a model on it."""
import array
import functools
import json
import os
import struct
import subprocess

import harness
import hub

TINY = (harness.DATA / "models/timm.safetensors").read_bytes()
LABELS = ["ant", "bee", "cat", "dog", "elk"]
CONFIG = json.dumps({"architecture": "rexnet_002", "num_classes": 5, "label_names": LABELS,
                     "pretrained_cfg": {"input_size": [3, 64, 64]}}).encode()
NAME = "someone/tiny"


@functools.lru_cache(maxsize=None)
def rexnet_100() -> bytes:
    """19 MB: the real network, its numbers all a bit above a half."""
    shapes = harness.rexnet_tensors(1.0, 1000)
    block = harness.little_endian(array.array("f", [0.5 + i / 16384 for i in range(8191)]))
    header, offset = {}, 0
    for key, shape in shapes.items():
        size = 4
        for length in shape:
            size *= length
        header[key] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    data = block * (offset // len(block) + 1)
    return struct.pack("<Q", len(text)) + text + data[:offset]


class PullTest(harness.ToolTest):
    def setUp(self):
        super().setUp()
        self.models = self.folder / "models"
        self.start(hub.Hub())

    def start(self, server):
        self.hub = server
        self.faults = server.faults
        self.addCleanup(server.close)
        server.repositories[NAME] = {"model.safetensors": TINY, "config.json": CONFIG}

    def environment(self):
        return {"HF_ENDPOINT": self.hub.url, "REXNET_MODEL_PATH": str(self.models),
                "no_proxy": "*", "HF_TOKEN": "", "SSL_CERT_FILE": "", "LC_ALL": "C.UTF-8"}

    def run_tool(self, *arguments, **environment):
        return super().run_tool(*arguments, **(self.environment() | environment))

    def popen(self, *arguments, **options):
        process = subprocess.Popen([harness.REXNET, *map(str, arguments)], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=os.environ | self.environment(), **options)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def pulled(self, *arguments, name=NAME, **environment):
        """The path of the weights that a run must install, and its messages."""
        result = self.run_tool("pull", *arguments, name, **environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        path = self.models / result.stdout.strip()
        self.assertTrue(path.is_file(), result.stdout)
        self.assertEqual(self.hidden(), [])
        return path, result.stderr

    def refused(self, *arguments, name=NAME, **environment):
        """Messages of a run that must fail and install nothing."""
        result = self.run_tool("pull", *arguments, name, **environment)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertIn("rexnet: ", result.stderr)
        if self.models.exists():
            self.assertEqual([p for p in self.models.iterdir() if p.name[0] != "."], [])
        return result.stderr

    def hidden(self):
        return sorted(p.name for p in self.models.glob(".*")) if self.models.exists() else []

    def partial(self, content=TINY, folder=".someone--tiny.part"):
        path = self.models / folder / (hub.sha256(content) + ".part")
        return path.stat().st_size if path.exists() else None
