# SPDX-License-Identifier: LGPL-2.1-or-later
"""`rexnet pull` of a build without libcurl, which says what to do by hand."""
import json
import re
import shutil

import harness


class WithoutPull(harness.ToolTest):
    def setUp(self):
        super().setUp()
        self.environment = {"REXNET_MODEL_PATH": str(self.folder), "HF_ENDPOINT": ""}

    def test_says_what_to_do_by_hand(self):
        message = self.fails(1, "pull", "someone/tiny", **self.environment)
        found = re.fullmatch(r"rexnet: this rexnet was built without libcurl: put (\S+) and "
                             r"config\.json of (\S+) into (\S+)\n", message)
        self.assertEqual(found.groups(), ("model.safetensors", "https://huggingface.co/someone/tiny",
                                          f"{self.folder}/someone--tiny"))
        self.assertEqual(list(self.folder.iterdir()), [])

        folder = self.folder / "someone--tiny"
        folder.mkdir()
        shutil.copy(harness.DATA / "models/timm.safetensors", folder / found[1])
        (folder / "config.json").write_text(
            '{"architecture": "rexnet_002", "num_classes": 5,'
            ' "pretrained_cfg": {"input_size": [3, 64, 64]}}', encoding="utf-8")
        info = json.loads(self.ok("info", "--json", "someone--tiny", **self.environment))
        self.assertEqual(info["input"]["width"], 64)

    def test_several_names(self):
        message = self.fails(1, "pull", "rexnet_100", "resnet50", "efficientnet-lite1",
                             **self.environment)
        self.assertEqual([line.split(": ")[1] for line in message.splitlines()],
                         ["this rexnet was built without libcurl",
                          "'resnet50' is not among the weights that are known",
                          "this rexnet was built without libcurl"])
        self.assertIn(f"/timm/rexnet_100.nav_in1k into {self.folder}/rexnet_100.nav_in1k\n", message)
        self.assertIn("/timm/tf_efficientnet_lite1.in1k into ", message)

    def test_revision_endpoint_and_folder(self):
        message = self.fails(1, "pull", "--revision", "a/b", "--endpoint", "https://mirror.example/",
                             "--folder", "/some/where", "rexnet_100", **self.environment)
        self.assertTrue(message.endswith(
            "of https://mirror.example/timm/rexnet_100.nav_in1k/tree/a/b "
            "into /some/where/rexnet_100.nav_in1k@a:b\n"), message)
        self.assertIn("no name of a branch", self.fails(1, "pull", "--revision", "..", "rexnet_100"))

    def test_list(self):
        (self.folder / "rexnet_100.nav_in1k").mkdir()
        path = self.folder / "rexnet_100.nav_in1k/model.safetensors"
        path.write_bytes(b"")
        rows = list(map(json.loads, self.ok("pull", "--list", "--json", **self.environment).splitlines()))
        self.assertEqual({row["name"]: row["installed"] for row in rows if row["installed"]},
                         {"rexnet_100.nav_in1k": str(path)})

    def test_usage(self):
        self.assertIn("no NAME given", self.fails(2, "pull"))


harness.main()
