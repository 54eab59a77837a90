# SPDX-License-Identifier: LGPL-2.1-or-later
"""`rexnet eval --resume`: runs that were interrupted."""
import fcntl
import json
import os
import resource
import signal
import subprocess
import time

import harness
from evaluation import SIDE, EvalTest


class Resume(EvalTest):
    LARGE = 300

    def setUp(self):
        super().setUp()
        self.journal = self.folder / "journal"

    def write_many(self, copies):
        """Pictures that take some milliseconds to decode."""
        root = self.folder / "many"
        samples = bytes(range(256)) * (3 * self.LARGE * self.LARGE // 256 + 1)
        for c in range(10):
            (root / str(c)).mkdir(parents=True)
            picture = self.folder / f"{c}.png"
            harness.write_png(picture, self.LARGE, self.LARGE,
                              [v * (c + 1) // 10 for v in samples[:3 * self.LARGE * self.LARGE]])
            for i in range(copies):
                (root / str(c) / f"{i:03}.png").hardlink_to(picture)
        return root

    def lines(self):
        text = self.journal.read_bytes() if self.journal.exists() else b""
        return text.count(b"\n")

    def kill_after(self, lines, root):
        """Kills a run that has come to so many lines; returns what came of it."""
        with subprocess.Popen([harness.REXNET, "eval", "--json", "--worst", "10", "--threads", "2",
                               "--resume", str(self.journal), str(root)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and self.lines() < lines:
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
        return process.returncode

    def kill_in_the_middle(self, root):
        """Several times; a busy machine may take too long to say that it is there."""
        for _ in range(5):
            self.journal.unlink(missing_ok=True)
            killed = [self.kill_after(lines, root) for lines in (20, 60, 140, 200)]
            if self.lines() < 302 and -signal.SIGKILL in killed:
                return
        self.fail("no run could be killed in the middle")

    def test_full_disk(self):
        root = self.write_many(3)

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))
        result = subprocess.run([harness.REXNET, "eval", "--threads", "2", "--resume", self.journal, root],
                                capture_output=True, text=True, check=False, preexec_fn=limit)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertEqual(result.stderr.count("rexnet: "), 1)
        self.assertIn(f"{self.journal}: File too large", result.stderr)
        self.assertEqual(self.journal.stat().st_size, 1500)
        resumed = self.run_tool("eval", "--json", "--resume", self.journal, root)
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertGreater(json.loads(resumed.stdout)["resumed"], 0)

    def test_killed_runs_give_the_same_result(self):
        root = self.write_many(30)
        (root / "3" / "bad.png").write_bytes(b"no picture")
        whole = self.run_tool("eval", "--json", "--worst", "10", root)
        self.assertEqual(whole.returncode, 1)
        self.kill_in_the_middle(root)
        before = self.lines()
        resumed = self.run_tool("eval", "--json", "--worst", "10", "--resume", self.journal, root)
        self.assertEqual(resumed.returncode, 1)
        self.assertIn(f"rexnet: {root / '3/bad.png'}: ", resumed.stderr)
        expected, result = json.loads(whole.stdout), json.loads(resumed.stdout)
        self.assertGreater(result["resumed"], 0)
        self.assertLessEqual(result["resumed"], before - 1)
        for values in expected, result:
            del values["images_per_second"], values["resumed"]
        self.assertEqual(result, expected)
        # All of it is there, so nothing is left to do but the bad one.
        again = json.loads(self.run_tool("eval", "--json", "--worst", "10", "--resume",
                                         self.journal, root).stdout)
        self.assertEqual((again.pop("resumed"), again.pop("images_per_second")), (300, None))
        self.assertEqual(again, expected)

    def small(self):
        classes = [r[i % 3] for i, r in enumerate(self.predictions())]
        return harness.write_idx(self.folder, self.pictures, classes, SIDE, SIDE)

    def resume(self, images, *options):
        return self.evaluate("--resume", self.journal, *options, images)

    def test_limits(self):
        images = self.small()
        whole = self.evaluate(images)
        self.assertEqual(self.resume(images, "--limit", "5")["images"], 5)
        result = self.resume(images)
        self.assertEqual((result["images"], result["resumed"]), (12, 5))
        self.assertEqual(result["top1_correct"], whole["top1_correct"])
        result = self.resume(images, "--limit", "7")
        self.assertEqual((result["images"], result["resumed"]), (7, 7))
        self.assertIn(f"12 from {self.journal}", self.ok("eval", "--resume", self.journal, images))

    def test_lines(self):
        images = self.small()
        self.resume(images, "--threads", "1")
        header, *lines = map(json.loads, self.journal.read_text(encoding="utf-8").splitlines())
        self.assertEqual(set(header), {"journal", "model", "input", "device", "classes",
                                       "pictures"})
        self.assertRegex(header["model"], r"^built into librexnet \d")
        self.assertEqual((header["classes"], header["pictures"]), ("10", "12"))
        self.assertEqual([line["index"] for line in lines], list(range(12)))
        for line in lines:
            self.assertEqual(set(line), {"index", "image", "class", "best"})
            self.assertEqual(line["image"], f"{images}[{line['index']}]")
            self.assertEqual(len(set(line["best"])), 5)

    def test_a_last_line_that_ends_early(self):
        images = self.small()
        expected = self.resume(images)
        data = self.journal.read_bytes()
        header = data.index(b"\n") + 1
        for end, tail in ((len(data) - 1, b""), (len(data) - 20, b""), (header, b""),
                          (header + 1, b""), (len(data) - 40, bytes(30)), (len(data), b'{"in')):
            self.journal.write_bytes(data[:end] + tail)
            result = self.run_tool("eval", "--json", "--resume", self.journal, images)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual("ends early" in result.stderr, end != header, result.stderr)
            values = json.loads(result.stdout)
            self.assertEqual(values["top1_correct"], expected["top1_correct"])
            self.assertEqual(values["resumed"], data[:end].count(b"\n") - 1)
            self.assertEqual(len(self.journal.read_bytes().splitlines()), 13)
            for line in self.journal.read_bytes().splitlines():
                json.loads(line)
        self.journal.write_bytes(b"")
        self.assertEqual(self.resume(images)["resumed"], 0)

    def test_other_settings_are_refused(self):
        images = self.small()
        self.resume(images)
        data = self.journal.read_bytes()

        def refused(message, *arguments):
            error = self.fails(1, "eval", "--resume", self.journal, *arguments)
            self.assertIn(f"{self.journal}: ", error)
            self.assertIn(message, error)
            self.assertEqual(self.journal.read_bytes(), data)

        refused("was begun with another model (built into", "--model", harness.DEFAULT_MODEL, images)
        if json.loads(data.splitlines()[0])["device"] != "cpu c":
            refused("was begun with another device", "--isa", "c", images)
        fewer = self.folder / "fewer"
        fewer.mkdir()
        harness.write_idx(fewer, self.pictures[:11], [0] * 11, SIDE, SIDE)
        refused("was begun with another pictures (12) than this run's (11)", fewer)
        classes = self.folder / "t10k-labels-idx1-ubyte"
        classes.write_bytes(classes.read_bytes()[:-1] + b"\0")
        if json.loads(data.splitlines()[-1])["class"] != 0:
            refused("the data set has changed", images)
        (self.folder / "t10k-images-idx3-ubyte").rename(self.folder / "new-images-idx3-ubyte")
        classes.rename(self.folder / "new-labels-idx1-ubyte")
        refused("the data set has changed", self.folder / "new-images-idx3-ubyte")

    def test_another_model_file_is_refused(self):
        images = self.small()
        model = self.folder / "model.safetensors"
        data = bytearray(harness.DEFAULT_MODEL.read_bytes())
        model.write_bytes(data)
        self.resume(images, "--model", model)
        self.assertEqual(self.resume(images, "--model", model)["resumed"], 12)
        data[-4] ^= 1
        model.write_bytes(data)
        self.assertRegex(self.fails(1, "eval", "--resume", self.journal, "--model", model, images),
                         "another model \\([0-9a-f]{64}\\) than this run's \\([0-9a-f]{64}\\)")

    def test_files_that_are_no_journal_stay_as_they_are(self):
        images = self.small()
        photo = self.folder / "photo.png"
        harness.write_png(photo, SIDE, SIDE, self.pictures[0], colour=0)
        text = self.folder / "notes.txt"
        text.write_text("not a journal", encoding="utf-8")
        other = self.folder / "other.jsonl"
        other.write_text('{"a": 1}\n{"b": 2}\n', encoding="utf-8")
        for path in photo, text, other, harness.DEFAULT_MODEL:
            before = path.read_bytes()
            self.assertIn(f"{path}: is no journal",
                          self.fails(1, "eval", "--resume", path, images))
            self.assertEqual(path.read_bytes(), before)
        self.assertIn("Is a directory", self.fails(1, "eval", "--resume", self.folder, images))
        self.assertIn("No such file", self.fails(
            1, "eval", "--resume", self.folder / "none/journal", images))
        self.assertIn("no regular file", self.fails(1, "eval", "--resume", "/dev/full", images))
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        self.assertIn(f"{pipe}: is no regular file",
                      self.fails(1, "eval", "--resume", pipe, images))

    def test_one_run_at_a_time(self):
        images = self.small()
        self.resume(images)
        with self.journal.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.assertIn("another rexnet eval is writing to it",
                          self.fails(1, "eval", "--resume", self.journal, images))

    def test_hostile_lines(self):
        images = self.small()
        self.resume(images, "--threads", "1")
        header, first, *rest = self.journal.read_text(encoding="utf-8").splitlines()
        good = json.loads(first)
        for change, message in (
                ({"index": 12}, '"index" must be a whole number between 0 and 11'),
                ({"index": -1}, '"index" must be'), ({"index": 0.5}, '"index" must be'),
                ({"index": "0"}, '"index" must be'), ({"index": None}, 'has no "index"'),
                ({"class": 10}, '"class" must be'), ({"image": 3}, '"image" must be'),
                ({"image": "x"}, "the data set has changed"),
                ({"best": 3}, '"best" must be'), ({"best": [10]}, '"best" must be'),
                ({"best": [-1]}, '"best" must be'), ({"best": ["0"]}, '"best" must be'),
                ({"best": [0] * 6}, '"best" must be'), ({"best": [0] * 100000}, '"best" must be')):
            with self.subTest(str(change)[:40]):
                self.journal.write_text(
                    "\n".join([header, json.dumps(good | change), *rest, ""]), encoding="utf-8")
                error = self.fails(1, "eval", "--resume", self.journal, images)
                self.assertIn(f"{self.journal}: line 2: ", error)
                self.assertIn(message, error)
        for line in "[" * 100000, "{}", "[]", "", "null", '{"index": 0', "\0" * 5:
            with self.subTest(line[:20]):
                self.journal.write_text("\n".join([header, line, *rest, ""]), encoding="utf-8")
                self.assertIn(f"{self.journal}: line 2: ",
                              self.fails(1, "eval", "--resume", self.journal, images))


harness.main()
