# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the names and revisions that `rexnet pull` is given stand for."""
import json
import os

import harness
import hub
from pull import CONFIG, NAME, TINY, PullTest, rexnet_100


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


if os.environ["HAVE_PULL"] == "1":
    harness.main()
raise SystemExit(harness.SKIP)
