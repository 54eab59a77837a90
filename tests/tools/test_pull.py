# SPDX-License-Identifier: LGPL-2.1-or-later
"""`rexnet pull` against a hub on loopback."""
import array
import contextlib
import functools
import importlib.util
import json
import os
import pathlib
import resource
import signal
import struct
import subprocess
import sys
import threading
import time
import unittest

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


class Pull(PullTest):
    def test_installs_what_the_hub_has(self):
        path, messages = self.pulled()
        self.assertEqual(path, self.models / "someone--tiny/model.safetensors")
        self.assertEqual(path.read_bytes(), TINY)
        self.assertEqual((path.parent / "config.json").read_bytes(), CONFIG)
        self.assertEqual(sorted(p.name for p in path.parent.iterdir()),
                         ["config.json", "model.safetensors", "source.json"])
        source = json.loads((path.parent / "source.json").read_text())
        self.assertEqual((source["repository"], source["commit"], source["sha256"]),
                         (NAME, hub.COMMIT, hub.sha256(TINY)))
        info = json.loads(self.ok("info", "--json", "someone--tiny"))
        self.assertEqual((info["labels"], info["input"]["width"]), (5, 64))
        self.assertNotIn("rexnet:", messages)

    def test_later_requests_are_of_one_commit(self):
        self.pulled()
        paths = [r.path for r in self.hub.requests if r.server == "hub"]
        self.assertIn("/resolve/main/", paths[0])
        self.assertGreater(len(paths), 3)
        for path in paths[1:]:
            self.assertIn(hub.COMMIT, path)

    def test_installed_is_not_fetched_again(self):
        path, _ = self.pulled()
        asked = len(self.hub.requests)
        self.assertEqual(self.pulled()[0], path)
        self.assertEqual(len(self.hub.requests), asked)

    def test_force_replaces(self):
        self.pulled()
        self.hub.repositories[NAME]["model.safetensors"] = other = \
            (harness.DATA / "models/timm-rexnetr.safetensors").read_bytes()
        self.hub.repositories[NAME].pop("config.json")
        path, messages = self.pulled("--force")
        self.assertEqual(path.read_bytes(), other)
        self.assertFalse((path.parent / "config.json").exists())
        self.assertIn("no names of its 5 classes are known", messages)

    def test_force_keeps_a_users_labels(self):
        self.hub.repositories[NAME].pop("config.json")
        path, _ = self.pulled()
        labels = path.parent / "labels.txt"
        labels.write_text("\n".join(LABELS))
        self.assertNotIn("no names", self.pulled("--force")[1])
        self.assertEqual(labels.read_text().split(), LABELS)
        labels.write_text("too\nfew\n")
        self.assertIn("no names", self.pulled("--force")[1])
        self.assertFalse(labels.exists())

    def test_force_does_not_follow_a_link(self):
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "model.safetensors").write_bytes(b"precious")
        self.models.mkdir()
        (self.models / "someone--tiny").symlink_to(elsewhere)
        path, _ = self.pulled("--force")
        self.assertEqual(path.read_bytes(), TINY)
        self.assertEqual((elsewhere / "model.safetensors").read_bytes(), b"precious")

    def test_pytorch_model_bin(self):
        content = (harness.DATA / "models/timm.bin").read_bytes()
        self.hub.repositories[NAME] = {"pytorch_model.bin": content, "config.json": CONFIG}
        path, _ = self.pulled()
        self.assertEqual(path.name, "pytorch_model.bin")
        self.assertEqual(path.read_bytes(), content)

    def test_folder_option_and_several_names(self):
        self.hub.repositories["b/b"] = self.hub.repositories[NAME]
        other = self.folder / "other"
        lines = self.ok("pull", "--folder", other, NAME, "b/b").splitlines()
        self.assertEqual(lines, [f"{other}/someone--tiny/model.safetensors",
                                 f"{other}/b--b/model.safetensors"])

    def test_one_failure_of_several(self):
        result = self.run_tool("pull", "no/body", NAME)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no/body", result.stderr)
        self.assertIn("someone--tiny", result.stdout)

    def test_endpoint_option_comes_first(self):
        self.pulled("--endpoint", self.hub.url + "/", HF_ENDPOINT="http://127.0.0.1:9")

    def test_this_machine_needs_no_proxy(self):
        self.pulled(http_proxy="http://127.0.0.1:9", no_proxy="")

    def test_mirror_that_sends_the_file_itself(self):
        self.faults.direct = True
        self.assertEqual(self.pulled()[0].read_bytes(), TINY)
        self.assertEqual(self.hub.seen("cdn"), [])

    def test_cdn_on_the_hubs_own_host(self):
        """The redirect is followed then, and what it said is not lost."""
        self.faults.redirect = f"{self.hub.url}/cdn/{hub.sha256(TINY)}"
        self.faults.no_listing = True
        self.assertEqual(self.pulled()[0].read_bytes(), TINY)

    def test_usage(self):
        self.assertIn("no NAME given", self.fails(2, "pull"))
        self.assertIn("--list takes no NAME", self.fails(2, "pull", "--list", "x"))
        self.assertIn("--json goes with --list", self.fails(2, "pull", "--json", "x"))
        self.assertIn("--timeout is '0'", self.fails(2, "pull", "--timeout", "0", "x"))


class Names(PullTest):
    def test_rexnet_100_is_found_and_has_labels(self):
        content = rexnet_100()
        self.hub.repositories["timm/rexnet_100.nav_in1k"] = {
            "model.safetensors": content,
            "config.json": b'{"architecture": "rexnet_100", "num_classes": 1000}'}
        path, messages = self.pulled(name="rexnet_100")
        self.assertEqual(path, self.models / "rexnet_100.nav_in1k/model.safetensors")
        self.assertRegex(messages, r"19\.\d/19\.\d MB")
        self.assertEqual(sorted(p.name for p in path.parent.iterdir()),
                         ["config.json", "labels.txt", "labels.txt.license",
                          "model.safetensors", "source.json"])
        self.assertIn("Princeton", (path.parent / "labels.txt.license").read_text())
        labels = (path.parent / "labels.txt").read_text(encoding="utf-8").splitlines()
        self.assertEqual((len(labels), len(set(labels))), (1000, 1000))
        self.assertEqual([labels[i] for i in (0, 281, 657, 967)],
                         ["tench", "tabby", "missile", "espresso"])
        picture = harness.DATA / "photos/cat.jpg"
        for arguments in ["--model", "rexnet_100"], ["--model", "rexnet_100.nav_in1k"], \
                ["--model", "rexnet-100"], ["--width", "1.0"]:
            with self.subTest(arguments):
                line = json.loads(self.ok("classify", "--json", *arguments, picture))
                self.assertIn(line["labels"][0]["label"], labels)

        rows = {row["name"]: row for row in map(json.loads, self.ok(
            "pull", "--list", "--json").splitlines())}
        self.assertEqual(rows["rexnet_100.nav_in1k"]["installed"], str(path))
        self.assertIsNone(rows["rexnet_130.nav_in1k"]["installed"])

    def test_list(self):
        rows = [json.loads(line) for line in self.ok("pull", "--list", "--json").splitlines()]
        names = {row["name"] for row in rows}
        self.assertEqual(len(names), len(rows))
        for name in "rexnet_300.nav_in1k", "rexnetr_200.sw_in12k_ft_in1k", \
                "efficientnet_b3.ra2_in1k", "tf_efficientnet_lite4.in1k":
            self.assertIn(name, names)
        self.assertEqual({row["license"] for row in rows}, {"mit", "apache-2.0"})
        lines = {len((harness.MODELS / f"imagenet-{size}.labels.txt").read_text().splitlines())
                 for size in ("1k", "12k")}
        self.assertEqual({row["classes"] for row in rows}, lines)
        text = self.ok("pull", "--list")
        self.assertEqual(len(text.splitlines()), len(rows) + 2)
        self.assertRegex(text, r"rexnetr_200\.sw_in12k_ft_in1k +\* +apache-2\.0 +1000 +66\.5")

    def test_list_of_a_folder_whose_name_is_no_text(self):
        models = os.fsencode(self.folder) + b"/\xff"
        os.makedirs(models + b"/rexnet_100.nav_in1k")
        with open(models + b"/rexnet_100.nav_in1k/model.safetensors", "wb"):
            row = json.loads(self.ok("pull", "--list", "--json", "--folder",
                                     os.fsdecode(models)).splitlines()[0])
        self.assertTrue(row["installed"].endswith("\ufffd/rexnet_100.nav_in1k/model.safetensors"))

    def test_list_agrees_with_the_networks(self):
        networks = {row["name"]: row for row in map(json.loads, self.ok(
            "info", "--table", "--no-time", "--json").splitlines())}
        for row in map(json.loads, self.ok("pull", "--list", "--json").splitlines()):
            architecture = row["name"].split(".")[0].removeprefix("tf_")
            network = networks[architecture.removesuffix("_pruned")]
            with self.subTest(row["name"]):
                self.assertEqual((row["variant"], row["width"]), (network["variant"], network["width"]))
                if architecture in networks and row["classes"] == 1000:
                    self.assertAlmostEqual(row["megabytes"], network["parameters"] * 4e-6, delta=0.6)

    def test_what_is_loaded_without_a_tag(self):
        """What the list marks, whatever else is installed."""
        rows = [json.loads(line) for line in self.ok("pull", "--list", "--json").splitlines()]
        for row in rows:
            (self.models / row["name"]).mkdir(parents=True)
            (self.models / row["name"] / "model.safetensors").write_bytes(b"none")
        for row in rows:
            if row["default"]:
                architecture = row["name"].split(".")[0]
                self.assertIn(f"{self.models / row['name']}/", self.fails(
                    1, "info", architecture, REXNET_MODEL_PATH=str(self.models)))

    def test_what_names_stand_for(self):
        for name, repository in (
                ("rexnetr_200", "timm/rexnetr_200.sw_in12k_ft_in1k"),
                ("rexnetr_200.sw_in12k", "timm/rexnetr_200.sw_in12k"),
                ("timm/rexnet_130.nav_in1k", "timm/rexnet_130.nav_in1k"),
                ("timm/efficientnet_b4.ra2_in1k", "timm/efficientnet_b4.ra2_in1k"),
                ("rexnet_150.something", "timm/rexnet_150.something"),
                ("efficientnet-lite0", "timm/efficientnet_lite0.ra_in1k"),
                ("tf_efficientnet_lite0", "timm/tf_efficientnet_lite0.in1k"),
                ("efficientnet-lite3", "timm/tf_efficientnet_lite3.in1k"),
                ("efficientnet_b1", "timm/efficientnet_b1.ra4_e3600_r240_in1k"),
                ("tf_efficientnet_b0.aa_in1k", "timm/tf_efficientnet_b0.aa_in1k")):
            with self.subTest(name):
                self.hub.requests.clear()
                self.refused(name=name)
                self.assertEqual(self.hub.requests[0].path,
                                 f"/{repository}/resolve/main/model.safetensors")

    def test_tricks_are_refused(self):
        for name in "../x", "..", ".", "", "/etc/passwd", "a/../b", "a/..", "../a/b", "a/b/c", "timm/a/b", \
                "rexnet_100/", "/rexnet_100", "timm/../x", "timm/", "rexnet_100.../x", ".hidden", \
                "rexnet_100.%2e%2e", "a b/c", "a/b?x=y", "a/b#c", "a\\b", "-/x", "a/\n", "é/x", \
                "x" * 97 + "/y", "rexnet_100..x", "rexnet_100.", "a/b-", "http://evil/x", "resnet50", "rexnet_100@evil":
            with self.subTest(name):
                message = self.refused("--", name=name)
                self.assertRegex(message, "no name of a model|not among the weights")
        self.assertEqual(self.hub.requests, [])
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_missing_model_names_the_command(self):
        message = self.fails(1, "classify", "--model", "rexnet_200", "x.png")
        self.assertIn("rexnet pull rexnet_200", message)
        self.assertIn(str(self.models), message)
        self.assertIn("rexnet pull --list", self.fails(1, "classify", "--width", "2.0", "x.png"))


class Revisions(PullTest):
    COMMIT = "89abcdef" * 5
    OTHER = (harness.DATA / "models/timm-rexnetr.safetensors").read_bytes()

    def setUp(self):
        super().setUp()
        self.hub.others[self.COMMIT] = {"model.safetensors": self.OTHER, "config.json": CONFIG}
        for name in "v1", "pruned/small":
            self.hub.revisions[NAME, name] = self.COMMIT

    def source(self, path):
        source = json.loads((path.parent / "source.json").read_text())
        return source["revision"], source["commit"]

    def test_tags_branches_and_commits(self):
        for revision, folder in (("v1", "v1"), ("pruned/small", "pruned:small"),
                                 (self.COMMIT, self.COMMIT)):
            with self.subTest(revision):
                self.hub.requests.clear()
                path, _ = self.pulled("--revision", revision)
                self.assertEqual(path.read_bytes(), self.OTHER)
                self.assertEqual(path.parent, self.models / f"someone--tiny@{folder}")
                self.assertEqual(self.source(path), (revision, self.COMMIT))
                paths = [r.path for r in self.hub.seen("hub", "HEAD") + self.hub.seen("hub")]
                self.assertEqual(paths[0], f"/{NAME}/resolve/{revision.replace('/', '%2F')}/"
                                           "model.safetensors")
                for later in paths[1:]:
                    self.assertIn(self.COMMIT, later)

    def test_each_has_a_place_of_its_own(self):
        main, _ = self.pulled()
        self.assertEqual(self.source(main), ("main", hub.COMMIT))
        pinned, _ = self.pulled("--revision", "v1")
        self.assertEqual((main.read_bytes(), pinned.read_bytes()), (TINY, self.OTHER))
        asked = len(self.hub.requests)
        self.assertEqual(self.pulled("--revision", "v1")[0], pinned)
        self.assertEqual(self.pulled("--revision", "main")[0], main)
        self.assertEqual(len(self.hub.requests), asked)
        for name, variant in (("someone--tiny", "rexnet"), ("someone--tiny@v1", "rexnetr")):
            self.assertEqual(json.loads(self.ok("info", "--json", name))["variant"], variant)

    def test_force_follows_a_branch(self):
        path, _ = self.pulled("--revision", "v1")
        self.hub.revisions[NAME, "v1"] = hub.COMMIT
        self.assertEqual(self.pulled("--revision", "v1", "--force")[0], path)
        self.assertEqual(path.read_bytes(), TINY)
        self.assertEqual(self.source(path), ("v1", hub.COMMIT))

    def test_goes_on_where_it_stopped(self):
        self.faults.cut = [20000]
        self.assertIn("what arrived is kept", self.refused("--revision", "v1", "--retries", "0"))
        self.assertEqual(self.hidden(), [".someone--tiny@v1.part"])
        self.pulled("--revision", "v1")
        self.assertEqual(self.hub.seen("cdn")[-1].headers["Range"], "bytes=20000-")

    def test_hub_that_names_no_commit(self):
        self.faults.no_commit = self.faults.no_hash = True
        path, _ = self.pulled("--revision", "pruned/small")
        self.assertEqual(path.read_bytes(), self.OTHER)
        self.assertEqual(self.source(path), ("pruned/small", "pruned/small"))
        self.assertIn(f"/api/models/{NAME}/tree/pruned%2Fsmall",
                      [r.path for r in self.hub.seen("hub")])

    def test_unknown(self):
        message = self.refused("--revision", "v2")
        self.assertIn("Invalid rev id: v2", message)
        self.assertEqual(self.hidden(), [])

    def test_another_commit_than_asked_for(self):
        self.hub.revisions[NAME, "f" * 40] = self.COMMIT
        self.assertIn(f"answers with commit {self.COMMIT} when asked for {'f' * 40}",
                      self.refused("--revision", "f" * 40))

    def test_names_that_git_does_not_have(self):
        for revision in "", "..", ".", "a..b", "../x", "/v1", "v1/", "a//b", ".a", "a/.b", "a.", \
                "-x", "a b", "a\n", "a~1", "a^", "a:b", "a?x=y", "a*", "a[", "a\\b", "@", "a@{1}", \
                "a.lock", "a.lock/b", "%2e%2e", "\x7f", "é", "x" * 97:
            with self.subTest(revision):
                self.assertIn("is no name of a branch, tag or commit",
                              self.refused(f"--revision={revision}"))
        self.assertEqual(self.hub.requests, [])
        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertIn("--revision goes with NAME", self.fails(2, "pull", "--list", "--revision", "v1"))

    def test_model_by_name_and_revision(self):
        """A name without a revision does not find one that was asked for."""
        for folder in "rexnet_100.nav_in1k@v1", "rexnet_130.something@a:b", "tf_x_y.z@v1":
            (self.models / folder).mkdir(parents=True)
            (self.models / folder / "model.safetensors").write_bytes(b"none")
            for name in {folder, folder.split(".")[0] + "@" + folder.split("@")[1]}:
                self.assertIn(f"{self.models / folder}/", self.fails(1, "info", name))
        self.assertIn("tf_x_y.z@v1/", self.fails(1, "info", "x-y@v1"))
        for name in "rexnet_100", "rexnet_100.nav_in1k", "rexnet_100@v2", "rexnet_130":
            self.assertIn("no such file here", self.fails(1, "info", name))
        self.assertIn("'rexnet pull --revision a/b rexnet_100'", self.fails(1, "info", "rexnet_100@a:b"))
        self.assertIn("no model of variant", self.fails(1, "classify", "--width", "1.0", "x.png"))


class Broken(PullTest):
    def test_resumes_after_broken_connections(self):
        self.faults.cut = [10000, 5000]
        path, messages = self.pulled()
        self.assertEqual(path.read_bytes(), TINY)
        ranges = [(r.headers.get("Range"), r.headers.get("If-Range"))
                  for r in self.hub.seen("cdn")]
        self.assertEqual(ranges, [(None, None), ("bytes=10000-", '"cdn-1"'),
                                  ("bytes=15000-", '"cdn-1"')])
        self.assertEqual(messages.count("trying again"), 2)

    def test_gives_up_and_goes_on_next_time(self):
        self.faults.cut = [20000, 0]
        message = self.refused("--retries", "1")
        self.assertIn("model.safetensors", message)
        self.assertEqual(self.partial(), 20000)
        path, _ = self.pulled()
        self.assertEqual(path.read_bytes(), TINY)
        self.assertEqual(self.hub.seen("cdn")[-1].headers["Range"], "bytes=20000-")

    def test_early_end_without_a_length(self):
        self.faults.no_length = True
        self.faults.cut = [7000]
        path, messages = self.pulled()
        self.assertEqual(path.read_bytes(), TINY)
        self.assertIn(f"7000 of {len(TINY)} bytes", messages)

    def test_server_without_ranges(self):
        self.faults.cut = [9000]
        self.faults.no_range = True
        self.assertEqual(self.pulled()[0].read_bytes(), TINY)

    def test_server_with_wrong_ranges(self):
        self.faults.cut = [9000]
        self.faults.wrong_range = True
        path, messages = self.pulled()
        self.assertEqual(path.read_bytes(), TINY)
        self.assertIn("another part", messages)

    def test_changed_file_starts_over(self):
        self.faults.cut = [9000]
        self.refused("--retries", "0")
        changed = TINY[:-1] + b"\x3f"
        self.hub.repositories[NAME]["model.safetensors"] = changed
        path, _ = self.pulled()
        self.assertEqual(path.read_bytes(), changed)
        self.assertNotIn("Range", self.hub.seen("cdn")[-1].headers)

    def test_changed_etag_starts_over(self):
        self.faults.cut = [9000]
        self.refused("--retries", "0")
        self.faults.cdn_etag = '"cdn-2"'
        self.assertEqual(self.pulled()[0].read_bytes(), TINY)
        self.assertEqual(self.hub.seen("cdn")[-1].headers["If-Range"], '"cdn-1"')

    def test_partial_of_full_size(self):
        """The process ended between the last byte and the check."""
        folder = self.models / ".someone--tiny.part"
        folder.mkdir(parents=True)
        (folder / (hub.sha256(TINY) + ".part")).write_bytes(TINY)
        self.pulled()
        self.assertEqual(self.hub.seen("cdn"), [])

    def test_partial_of_something_else(self):
        folder = self.models / ".someone--tiny.part"
        folder.mkdir(parents=True)
        part = folder / (hub.sha256(TINY) + ".part")
        part.write_bytes(bytes(5000))
        self.assertIn("damaged", self.refused())
        self.assertFalse(part.exists())
        part.parent.mkdir(exist_ok=True)
        part.write_bytes(bytes(2 * len(TINY)))
        self.assertEqual(self.pulled()[0].read_bytes(), TINY)

    def test_silent_server(self):
        self.faults.cut = [3000]
        self.faults.stall = threading.Event()
        self.addCleanup(self.faults.stall.set)
        message = self.refused("--timeout", "1", "--retries", "0")
        self.assertIn("--timeout", message)
        self.assertEqual(self.partial(), 3000)

    def test_nobody_there(self):
        self.hub.close()
        message = self.refused("--retries", "0")
        self.assertIn("HF_ENDPOINT", message)
        self.assertEqual(self.hidden(), [])

    def interrupt(self, number):
        self.faults.cut = [8000]
        self.faults.stall = threading.Event()
        self.addCleanup(self.faults.stall.set)
        process = self.popen("pull", NAME)
        for _ in range(600):
            if self.partial() == 8000:
                break
            time.sleep(0.05)
        process.send_signal(number)
        _, messages = process.communicate(timeout=30)
        self.assertEqual(process.returncode, -number, messages)
        self.assertIn("the same command goes on from there", messages)
        self.assertEqual(self.partial(), 8000)
        self.assertEqual(self.hidden(), [".someone--tiny.part"])
        self.pulled()
        self.assertEqual(self.hub.seen("cdn")[-1].headers["Range"], "bytes=8000-")

    def test_interrupt(self):
        self.interrupt(signal.SIGINT)

    def test_terminate(self):
        self.interrupt(signal.SIGTERM)

    def test_two_at_once(self):
        content = rexnet_100()
        self.hub.repositories["timm/rexnet_100.nav_in1k"] = {"model.safetensors": content}
        self.faults.pause = 0.003
        processes = [self.popen("pull", "rexnet_100") for _ in range(3)]
        results = [process.communicate(timeout=120) for process in processes]
        path = self.models / "rexnet_100.nav_in1k/model.safetensors"
        for process, (output, messages) in zip(processes, results):
            self.assertEqual(process.returncode, 0, messages)
            self.assertEqual(output, f"{path}\n")
        self.assertEqual(len(self.hub.seen("cdn")), 1)
        self.assertEqual(sum("waiting for it" in messages for _, messages in results), 2)
        self.assertEqual(path.read_bytes(), content)
        self.assertEqual(self.hidden(), [])


class Untrusted(PullTest):
    def test_wrong_hash_is_deleted(self):
        self.faults.damage = True
        message = self.refused()
        self.assertIn(hub.sha256(TINY), message)
        self.assertIn("damaged or replaced", message)
        self.assertEqual(self.hidden(), [])

    def test_wrong_config(self):
        self.hub.repositories[NAME]["config.json"] = config = CONFIG + b" "
        real = hub.git_sha1
        self.addCleanup(setattr, hub, "git_sha1", real)
        hub.git_sha1 = lambda content: real(content[:-1] if content == config else content)
        self.assertRegex(self.refused(), "config.json: .*git's SHA-1")
        self.assertEqual(self.hidden(), [])

    def test_file_that_does_not_load(self):
        for content in b"no model at all", TINY[:-4]:
            self.hub.repositories[NAME]["model.safetensors"] = content
            self.assertIn("it arrived whole", self.refused())
            self.assertEqual(self.hidden(), [])

    def test_another_network_than_the_name_says(self):
        self.hub.repositories["timm/rexnet_130.nav_in1k"] = self.hub.repositories[NAME]
        self.assertIn("1.3", self.refused(name="rexnet_130"))

    def test_hash_from_the_list_of_files(self):
        self.faults.no_hash = True
        self.assertEqual(self.pulled()[0].read_bytes(), TINY)
        self.assertTrue(any("/api/models/" in r.path for r in self.hub.seen("hub")))

    def test_lists_of_files_that_are_none(self):
        self.faults.no_hash = True
        for listing, message in ((b"[" * (1 << 20), "nested deeper"), (b"{}", "must be a JSON array"),
                                 (b"", "empty JSON"), (b"[1, null, {}]", "publishes no hash"),
                                 (b"[" + b" " * (1 << 20) + b"]", "larger than")):
            with self.subTest(listing[:20]):
                self.faults.listing = listing
                self.assertIn(message, self.refused())

    def test_list_of_files_with_a_name_twice(self):
        self.faults.no_hash = True
        row = {"path": "model.safetensors", "size": len(TINY), "lfs": {"oid": hub.sha256(TINY)}}
        config = {"path": "config.json", "size": len(CONFIG), "oid": hub.git_sha1(CONFIG)}
        self.faults.listing = json.dumps([row, row, config, config]).encode()
        self.assertEqual(self.pulled()[0].read_bytes(), TINY)

    def test_no_hash_at_all(self):
        self.faults.no_hash = self.faults.no_listing = True
        self.assertIn("publishes no hash", self.refused())
        self.assertEqual(self.hub.seen("cdn"), [])

    def test_more_than_was_announced(self):
        self.faults.extra = b"more"
        self.assertIn("more came than", self.refused())

    def test_size_is_bounded(self):
        self.faults.linked_size = (1 << 30) + 1
        self.assertIn("at most 1073741824", self.refused())
        self.faults.linked_size = None
        self.hub.repositories[NAME]["config.json"] = b" " * ((8 << 20) + 1)
        self.assertIn("config.json: has 8388609 bytes", self.refused())

    def test_redirects_are_counted(self):
        self.faults.redirect = f"{self.hub.url}/{NAME}/resolve/main/model.safetensors"
        self.assertIn("more than 5 redirects", self.refused())
        self.assertLess(len(self.hub.requests), 10)

    def test_redirects_to_elsewhere(self):
        for url, message in (("http://192.0.2.1/x", "http://192.0.2.1 is refused"),
                             ("file:///etc/passwd", "no URL|neither https nor http"),
                             ("ftp://127.0.0.1/x", "neither https nor http"),
                             ("http://user:word@127.0.0.1/x", "a name or password")):
            with self.subTest(url):
                self.faults.redirect = url
                text = self.refused()
                self.assertRegex(text, message)
                self.assertNotIn("word@", text)

    def test_endpoints(self):
        for url, message in (("http://192.0.2.1", "--allow-http"), ("huggingface", "huggingface"),
                             ("ftp://127.0.0.1", "neither https nor http"),
                             ("http://a:b@127.0.0.1", "a name or password"),
                             ("file:///tmp", "file:")):
            with self.subTest(url):
                self.assertIn(message, self.refused("--endpoint", url, "--retries", "0",
                                                    "--timeout", "1"))

    def test_token_goes_to_the_hub_alone(self):
        self.pulled(HF_TOKEN=" hf_secret\n")
        for request in self.hub.requests:
            self.assertEqual(request.headers.get("Authorization"),
                             "Bearer hf_secret" if request.server == "hub" else None)
        self.assertTrue(self.hub.seen("cdn"))

    def test_token_that_is_none(self):
        message = self.refused(HF_TOKEN="a\r\nX-Evil: b")
        self.assertIn("HF_TOKEN", message)
        self.assertNotIn("Evil", message)

    def test_text_of_the_server_is_made_harmless(self):
        self.faults.hub_answers = [(403, {"X-Error-Message": "\x1b[2Jgone" + "x" * 1000})]
        message = self.refused()
        self.assertIn("?[2Jgone", message)
        self.assertLess(len(message), 600)


class Answers(PullTest):
    def test_not_there(self):
        self.assertRegex(self.refused(name="no/body"), "401 .*HF_TOKEN")
        self.hub.repositories[NAME] = {"README.md": b"x"}
        self.assertIn("no such file", self.refused())
        self.assertEqual(self.hidden(), [])

    def test_busy_for_a_second(self):
        self.faults.hub_answers = [(429, {"Retry-After": "1"})]
        start = time.monotonic()
        self.pulled()
        self.assertGreaterEqual(time.monotonic() - start, 1.0)

    def test_rate_limit_of_the_hub(self):
        self.faults.hub_answers = [(429, {"RateLimit": '"resolvers";r=0;t=1'})]
        start = time.monotonic()
        self.pulled()
        self.assertGreaterEqual(time.monotonic() - start, 1.0)

    def test_busy_for_an_hour(self):
        self.faults.hub_answers = [(429, {"Retry-After": "3600"})]
        self.assertRegex(self.refused(), "wait 3600 seconds.*HF_TOKEN")

    def test_server_in_trouble(self):
        self.faults.hub_answers = [(503, {}), (500, {})]
        self.pulled()
        self.faults.hub_answers = [(503, {}), (503, {})]
        self.assertIn("answers 503", self.run_tool("pull", "--force", "--retries", "1",
                                                   NAME).stderr)
        self.faults.hub_answers = [(418, {})]
        self.assertIn("answers 418", self.run_tool("pull", "--force", NAME).stderr)


def limit_file_size(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


class Space(PullTest):
    """A limit on the size of a file stands for a full disk where a small disk
    cannot be mounted."""

    def run_limited(self, size, *arguments):
        process = self.popen("pull", *arguments, NAME,
                             preexec_fn=functools.partial(limit_file_size, size))
        output, messages = process.communicate(timeout=60)
        self.assertEqual((process.returncode, output), (1, ""), messages)
        return messages

    def test_seen_beforehand(self):
        message = self.run_limited(20000)
        self.assertRegex(message, r"49\.3 kB are needed in .*20\.0 kB: 29\.3 kB are missing")
        self.assertEqual(self.hub.seen("cdn")[0].method, "GET")
        self.assertEqual(self.hidden(), [])

    def test_met_on_the_way(self):
        self.faults.no_linked_size = self.faults.no_length = True
        message = self.run_limited(20000)
        self.assertRegex(message, r"File too large after .*what arrived is kept")
        self.assertLessEqual(self.partial(), 20000)
        self.assertGreater(self.partial(), 0)
        self.faults.no_length = False
        self.assertEqual(self.pulled()[0].read_bytes(), TINY)
        self.assertIn("Range", self.hub.seen("cdn")[-1].headers)

    @contextlib.contextmanager
    def small_disk(self):
        """Yields whether there is one at self.models."""
        self.models.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", self.models],
                                 stderr=subprocess.DEVNULL, check=False).returncode == 0
        try:
            yield mounted
        finally:
            if mounted:
                subprocess.run(["umount", self.models], check=True)

    def test_small_disk(self):
        with self.small_disk() as mounted:
            if not mounted:
                self.skipTest("no disk can be mounted here; the limits above stand for it")
            self.assertRegex(self.refused(), r"it has .* kB are missing")
            self.faults.no_linked_size = self.faults.no_length = True
            self.assertIn("No space left on device", self.refused())
            self.assertGreater(self.partial(), 0)
            subprocess.run(["mount", "-o", "remount,size=1m", self.models], check=True)
            self.faults.no_length = False
            self.assertEqual(self.pulled()[0].read_bytes(), TINY)

    def test_folder_that_cannot_be_made(self):
        self.models.write_text("a file")
        result = self.run_tool("pull", NAME)
        self.assertEqual(result.returncode, 1)
        self.assertIn(str(self.models), result.stderr)


class Secure(PullTest):
    def setUp(self):
        super().setUp()
        self.certificate = self.folder / "certificate.pem"
        key = self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", key, "-out", self.certificate], check=True,
                       capture_output=True)
        self.both = self.folder / "both.pem"
        self.both.write_bytes(key.read_bytes() + self.certificate.read_bytes())

    def test_trusted(self):
        self.start(hub.Hub(self.both, cdn_secure=True))
        path, _ = self.pulled("--cacert", self.certificate, HF_TOKEN="hf_secret")
        self.assertEqual(path.read_bytes(), TINY)
        self.assertEqual(self.hub.seen("cdn")[0].headers.get("Authorization"), None)
        self.assertTrue(self.hub.url.startswith("https://"))
        self.pulled("--force", SSL_CERT_FILE=str(self.certificate))

    def test_not_trusted(self):
        self.start(hub.Hub(self.both))
        message = self.refused()
        self.assertRegex(message, "certificate.*--cacert")
        self.assertEqual(self.hub.requests, [])
        self.assertIn("no-such.pem", self.refused("--cacert", self.folder / "no-such.pem"))

    def test_wrong_host(self):
        self.start(hub.Hub(self.both))
        url = self.hub.url.replace("localhost", "127.0.0.1")
        self.assertRegex(self.refused("--endpoint", url, "--cacert", self.certificate), "127.0.0.1")
        self.assertEqual(self.hub.requests, [])

    def test_no_way_back_to_http(self):
        self.start(hub.Hub(self.both))
        for option in [], ["--allow-http"]:
            message = self.refused("--cacert", self.certificate, *option)
            self.assertIn("away from https", message)
            self.assertNotIn("secret", message)
        self.assertEqual(self.hub.seen("cdn"), [])


@unittest.skipUnless(importlib.util.find_spec("huggingface_hub"), "needs huggingface_hub")
class Client(PullTest):
    def test_the_hubs_own_client_takes_this_server_for_the_hub(self):
        self.faults.cut = [10000]
        script = """if True:
            import sys
            from huggingface_hub import errors, hf_hub_download
            for name in "config.json", "model.safetensors":
                print(hf_hub_download(sys.argv[1], name))
            for repository, error in (("no/body", errors.RepositoryNotFoundError),
                                      (sys.argv[1], errors.EntryNotFoundError)):
                try:
                    hf_hub_download(repository, "nothing")
                except error:
                    print(error.__name__)"""
        result = subprocess.run(
            [sys.executable, "-c", script, NAME], check=True, capture_output=True, text=True,
            env=os.environ | self.environment() | {"HF_HOME": str(self.folder / "hub")})
        lines = result.stdout.splitlines()
        self.assertEqual(lines[2:], ["RepositoryNotFoundError", "EntryNotFoundError"])
        self.assertEqual(pathlib.Path(lines[0]).read_bytes(), CONFIG)
        self.assertEqual(pathlib.Path(lines[1]).read_bytes(), TINY)


if os.environ["HAVE_PULL"] == "1":
    harness.main()
raise SystemExit(harness.SKIP)
