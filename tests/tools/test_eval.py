# SPDX-License-Identifier: LGPL-2.1-or-later
import csv
import fcntl
import gzip
import json
import os
import pathlib
import pty
import resource
import signal
import struct
import subprocess
import time

import harness

SIDE = 28
LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
          "Bag", "Ankle boot"]


class EvalTest(harness.ToolTest):
    """On noise: what is right is then known from `classify`, not by eye."""

    @classmethod
    def setUpClass(cls):
        u = harness.uniform("eval", 12 * SIDE * SIDE)
        cls.pictures = [[int(256 * x) for x in u[i * SIDE * SIDE:(i + 1) * SIDE * SIDE]]
                        for i in range(12)]
        # Pictures of different brightness fall into different classes.
        cls.pictures = [[v * (i + 1) // 12 for v in picture]
                        for i, picture in enumerate(cls.pictures)]

    def evaluate(self, *arguments):
        return json.loads(self.ok("eval", "--json", *arguments))

    def write_pictures(self):
        paths = [self.folder / f"{i:02}.png" for i in range(12)]
        for path, picture in zip(paths, self.pictures):
            harness.write_png(path, SIDE, SIDE, picture, colour=0)
        return paths

    def rank(self, paths, *options):
        """The ranking of the classes for each picture."""
        lines = self.ok("classify", "--json", "--top-k", 10, *options, *paths).splitlines()
        return [[label["index"] for label in json.loads(line)["labels"]] for line in lines]

    def predictions(self):
        paths = self.write_pictures()
        ranking = self.rank(paths)
        for path in paths:
            path.unlink()
        return ranking

    def write_folders(self, names, classes):
        root = self.folder / "bilder"
        for name in names:
            (root / name).mkdir(parents=True)
        for i, (picture, where) in enumerate(zip(self.pictures, classes)):
            harness.write_png(root / names[where] / f"{i:02}.png", SIDE, SIDE, picture, colour=0)
        return root


class Eval(EvalTest):
    def test_counts_on_idx_files(self):
        ranking = self.predictions()
        # Four right, four in the first five, four beyond.
        classes = [r[0] if i % 3 == 0 else r[3] if i % 3 == 1 else r[7]
                   for i, r in enumerate(ranking)]
        images = harness.write_idx(self.folder, self.pictures, classes, SIDE, SIDE)
        for batch in 1, 5, 32:
            result = self.evaluate(self.folder, "--batch", batch)
            self.assertEqual((result["images"], result["errors"]), (12, 0))
            self.assertEqual((result["top1_correct"], result["top5_correct"]), (4, 8))
            self.assertAlmostEqual(result["top1"], 4 / 12)
            self.assertAlmostEqual(result["top5"], 8 / 12)
            self.assertGreater(result["images_per_second"], 0)
        self.assertEqual(self.evaluate(images)["top1_correct"], 4)
        self.assertEqual(self.evaluate(images, "--limit", 7)["images"], 7)
        self.assertEqual(self.evaluate(images, "--limit", 7)["top1_correct"], 3)

        for path in self.folder.iterdir():
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
        self.assertEqual(self.evaluate(self.folder)["top1_correct"], 4)
        text = self.ok("eval", self.folder)
        self.assertIn("top-1 33.33 % (4 of 12, 95 % interval 13.81 to 60.94)", text)
        self.assertIn("top-5 66.67 % (8 of 12, 95 % interval 39.06 to 86.19)", text)
        self.assertRegex(text, r"(?m)^\d+\.\d images/s$")

    def test_folders_named_by_label(self):
        ranking = self.predictions()
        names = [label.replace("/", "_") for label in LABELS]
        root = self.write_folders(names, [r[0] for r in ranking])
        self.assertEqual(self.evaluate(root)["top1_correct"], 12)
        (root / "Bag").rename(root / "Handbag")
        message = self.fails(1, "eval", root)
        self.assertIn("'Handbag' is none of the model's labels", message)

    def test_folders_named_by_number(self):
        ranking = self.predictions()
        root = self.write_folders([str(i) for i in range(10)], [r[0] for r in ranking])
        self.assertEqual(self.evaluate(root)["top1_correct"], 12)
        (root / "9").rename(root / "10")
        self.assertIn("'10' is no class number", self.fails(1, "eval", root))

    def test_folders_in_sorted_order(self):
        ranking = self.predictions()
        root = self.write_folders([f"größe {c}" for c in "abcdefghij"], [r[0] for r in ranking])
        self.assertEqual(self.evaluate(root)["top1_correct"], 12)
        (root / "größe k").mkdir()
        self.assertIn("11 names are no list", self.fails(1, "eval", root))

    def test_bad_pictures_are_counted_and_named(self):
        ranking = self.predictions()
        root = self.write_folders([str(i) for i in range(10)], [r[0] for r in ranking])
        bad = root / "3" / "notes.txt"
        bad.write_text("no picture", encoding="utf-8")
        (root / "3" / ".hidden").write_text("not even looked at", encoding="utf-8")
        result = self.run_tool("eval", "--json", root)
        self.assertEqual(result.returncode, 1)
        counts = json.loads(result.stdout)
        self.assertEqual((counts["images"], counts["errors"], counts["top1_correct"]), (12, 1, 12))
        self.assertIn(f"rexnet: {bad}: ", result.stderr)
        for picture in root.glob("*/*.png"):
            picture.unlink()
        self.assertIn("none of the pictures could be read", self.run_tool("eval", root).stderr)

    def test_progress(self):
        harness.write_idx(self.folder, self.pictures, [0] * 12, SIDE, SIDE)
        lines = self.run_tool("eval", self.folder, "--batch", "3").stderr.splitlines()
        self.assertEqual(lines, ["3/12", "6/12", "9/12", "12/12"])
        lines = self.run_tool("eval", self.folder).stderr.splitlines()
        self.assertEqual(lines[-1], "12/12")
        self.assertEqual(len(lines), 10)
        parent, child = pty.openpty()
        with subprocess.Popen([harness.REXNET, "eval", str(self.folder)], stderr=child,
                              stdout=subprocess.DEVNULL) as process:
            os.close(child)
            shown = b""
            try:
                while block := os.read(parent, 4096):
                    shown += block
            except OSError:     # how a terminal says that the other side is gone
                pass
            os.close(parent)
        self.assertEqual(process.returncode, 0)
        self.assertIn("[##############################] 12/12", shown.decode())

    def test_hostile_idx_files(self):
        images = harness.write_idx(self.folder, self.pictures, [0] * 12, SIDE, SIDE)
        labels = self.folder / "t10k-labels-idx1-ubyte"
        good_images, good_labels = images.read_bytes(), labels.read_bytes()
        body = good_images[16:]

        def header(*sizes, magic=0x803):
            return struct.pack(">IIII", magic, *sizes)

        for data, message in (
                (b"", "no idx file"),
                (good_images[:11], "no idx file"),
                (header(12, 28, 28, magic=0x802) + body, "no idx file"),
                (header(0, 28, 28), "claims 0 pictures"),
                (header(12, 0, 28) + body, "claims 12 pictures"),
                (header(0xffffffff, 28, 28) + body, "claims 4294967295 pictures"),
                (header(1, 0xffffffff, 0xffffffff) + body, "claims 1 pictures"),
                (header(12, 65536, 65536) + body, "claims 12 pictures"),
                (header(13, 28, 28) + body, "expected 10192 bytes, found 9408"),
                (header(11, 28, 28) + body, "expected 8624 bytes, found 9408"),
                (gzip.compress(good_images)[:-40], str(images)),
                (b"\x1f\x8b" + bytes(100), str(images))):
            with self.subTest(message):
                images.write_bytes(data)
                text = self.fails(1, "eval", self.folder)
                self.assertIn(f"{images}: ", text)
                self.assertIn(message, text)
        images.write_bytes(good_images)
        for data, message in (
                (b"", "no idx file"),
                (good_labels[:-1], "expected 12 bytes, found 11"),
                (good_labels + b"\0", "expected 12 bytes, found 13"),
                (struct.pack(">II", 0x801, 11) + bytes(11), "11 labels for 12 pictures")):
            with self.subTest(message):
                labels.write_bytes(data)
                text = self.fails(1, "eval", self.folder)
                self.assertIn(f"{labels}: ", text)
                self.assertIn(message, text)
        labels.write_bytes(struct.pack(">II", 0x801, 12) + bytes([0] * 11 + [10]))
        self.assertIn("picture 11 is of class 10, but the model has 10 classes",
                      self.fails(1, "eval", self.folder))
        labels.unlink()
        self.assertIn("no labels file beside it", self.fails(1, "eval", self.folder))

    def test_damaged_idx_files(self):
        """Whatever a byte is changed to: a result or an error, never a crash."""
        images = harness.write_idx(self.folder, self.pictures, [0] * 12, SIDE, SIDE)
        labels = self.folder / "t10k-labels-idx1-ubyte"
        for path in images, labels:
            data = path.read_bytes()
            numbers = harness.uniform(path.name, 40)
            for where, value in zip(numbers[::2], numbers[1::2]):
                damaged = bytearray(data)
                damaged[int(20 * where)] = int(256 * value)
                path.write_bytes(damaged)
                result = self.run_tool("eval", "--limit", 1, self.folder)
                self.assertIn(result.returncode, (0, 1), (damaged[:20], result.stderr))
                if result.returncode:
                    self.assertIn(f"{self.folder}", result.stderr)
            path.write_bytes(data)

    def test_paths_that_are_no_data_set(self):
        self.assertIn("a folder for each class", self.fails(1, "eval", self.folder))
        missing = self.folder / "missing"
        self.assertIn(f"{missing}: ", self.fails(1, "eval", missing))
        for name in "0", "1":
            (self.folder / name).mkdir()
        self.assertIn("no files in its folders", self.fails(1, "eval", self.folder))


class Results(EvalTest):
    def test_json(self):
        ranking = self.predictions()
        harness.write_idx(self.folder, self.pictures, [r[0] for r in ranking], SIDE, SIDE)
        result = self.evaluate(self.folder, "--worst", "2")
        types = {
            "images": int, "errors": int, "top1": (int, float), "top1_correct": int,
            "top1_interval": list, "top5": (int, float), "top5_correct": int,
            "top5_interval": list, "resumed": int, "images_per_second": float, "threads": int,
            "isa": str, "device": str, "worst": list}
        self.assertEqual(set(result), set(types))
        for key, kind in types.items():
            self.assertIsInstance(result[key], kind, key)
        self.assertEqual((result["resumed"], result["device"]), (0, "cpu"))
        self.assertNotIn("worst", self.evaluate(self.folder))

    def test_worst_classes(self):
        ranking = self.predictions()
        first = [r[0] for r in ranking]
        common = max(set(first), key=first.count)
        other = ranking[first.index(common)][7]
        # All of @common is called @other, which then is never right by these.
        classes = [other if c == common else c for c in first]
        harness.write_idx(self.folder, self.pictures, classes, SIDE, SIDE)
        worst = self.evaluate(self.folder, "--worst", "10")["worst"]
        self.assertEqual(sum(c["images"] for c in worst), 12)
        self.assertEqual({c["class"] for c in worst}, set(classes))
        rates = [c["top1_correct"] / c["images"] for c in worst]
        self.assertEqual(rates, sorted(rates))
        self.assertEqual((worst[0]["class"], worst[0]["label"]), (other, LABELS[other]))
        self.assertEqual(worst[0]["taken_for"], [
            {"class": common, "label": LABELS[common], "images": first.count(common)}])
        for c in worst[1:]:
            self.assertEqual((c["top1_correct"], c["taken_for"]), (c["images"], []))
        self.assertEqual(len(self.evaluate(self.folder, "--worst", "1")["worst"]), 1)
        self.assertIn(f"{LABELS[other]}: {LABELS[common]} ({first.count(common)})",
                      self.ok("eval", "--worst", "1", self.folder))

    def test_threads_and_batches_change_nothing(self):
        ranking = self.predictions()
        root = self.write_folders([str(i) for i in range(10)], [r[1] for r in ranking])
        results = []
        for options in ([], ["--threads", "1"], ["--threads", "4"], ["--threads", "3", "--batch",
                        "5"], ["--batch", "100"]):
            result = self.evaluate(root, "--worst", "10", *options)
            del result["images_per_second"], result["threads"]
            results.append(result)
        self.assertEqual(results, [results[0]] * len(results))


class Synsets(EvalTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shapes = harness.rexnet_tensors(0.2, 1000)
        cls.synsets = (harness.SOURCE / "models/imagenet-1k.synsets.txt").read_text(
            encoding="ascii").split()

    def setUp(self):
        super().setUp()
        self.model = self.folder / "model.safetensors"
        harness.write_safetensors(self.model, self.shapes)
        paths = self.write_pictures()
        self.best = [r[0] for r in self.rank(paths, "--model", self.model)]
        for path in paths:
            path.unlink()

    def test_list(self):
        self.assertEqual(len(self.synsets), 1000)
        self.assertEqual(self.synsets, sorted(self.synsets))
        self.assertEqual(self.synsets[281], "n02123045")    # tabby

    def test_some_synsets(self):
        names = sorted({self.synsets[i] for i in self.best})
        root = self.write_folders(names, [names.index(self.synsets[i]) for i in self.best])
        self.assertEqual(self.evaluate(root, "--model", self.model)["top1_correct"], 12)
        (root / "n00000001").mkdir()
        self.assertIn("'n00000001' is none of the model's labels and none of ImageNet's synsets",
                      self.fails(1, "eval", "--model", self.model, root).replace(names[0], "n00000001"))

    def test_a_thousand_others_are_in_sorted_order(self):
        names = [f"n{5 * i:08}" for i in range(1000)]
        root = self.write_folders(names, self.best)
        self.assertEqual(self.evaluate(root, "--model", self.model)["top1_correct"], 12)

    def test_labels_go_first(self):
        labels = self.folder / "labels.txt"
        labels.write_text("".join(f"{s} name {i}\n" for i, s in
                                  enumerate(reversed(self.synsets))), encoding="utf-8")
        names = sorted({self.synsets[999 - i] for i in self.best})
        root = self.write_folders(names, [names.index(self.synsets[999 - i]) for i in self.best])
        options = "--model", self.model, "--labels", labels
        self.assertEqual(self.evaluate(root, *options)["top1_correct"], 12)


class Lists(EvalTest):
    """CSV files."""

    def setUp(self):
        super().setUp()
        (self.folder / "bilder").mkdir()
        self.names = [f"bilder/{i:02}.png" for i in range(12)]
        for name, picture in zip(self.names, self.pictures):
            harness.write_png(self.folder / name, SIDE, SIDE, picture, colour=0)
        self.best = [r[0] for r in self.rank(self.folder / name for name in self.names)]
        self.list = self.folder / "list.csv"

    def check(self, text, correct=12, images=12):
        self.list.write_bytes(text if isinstance(text, bytes) else text.encode())
        result = self.evaluate(self.list)
        self.assertEqual((result["images"], result["top1_correct"]), (images, correct), text)

    def rows(self, classes, end="\n"):
        return "".join(f"{name},{c}{end}" for name, c in zip(self.names, classes))

    def test_plain(self):
        rows = self.rows(self.best)
        self.check(rows)
        self.check(rows.rstrip("\n"))
        self.check(self.rows(self.best, "\r\n"))
        self.check("\ufeff" + rows)
        self.check("\n\n" + rows.replace("\n", "\n\n"))
        self.check(rows + rows, 24, 24)
        self.check(self.rows([(c + 1) % 10 for c in self.best]), 0)

    def test_header(self):
        rows = self.rows(self.best)
        for header in "file,class", "Filename,Label", "image,class_index", "path , synset":
            self.check(f"{header}\n{rows}")
        numbered = "".join(f"{i},{line}\n" for i, line in enumerate(rows.splitlines()))
        self.check(f"index,file,label\n{numbered}")
        with self.list.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["split", "label", "note", "image"])
            for name, c in zip(self.names, self.best):
                writer.writerow(["val", LABELS[c], 'a "note",\nof two lines', name])
        self.check(self.list.read_bytes())

    def test_classes(self):
        self.check(self.rows(LABELS[c] for c in self.best))
        self.check(self.rows(LABELS[c].replace("/", "-") for c in self.best))
        self.check(self.rows(f'"{LABELS[c]}"' for c in self.best))
        # As many names as classes, in sorted order: each of them must be there.
        rows = self.rows(f"größe {c}" for c in self.best)
        rows += "".join(f"bilder/00.png,größe {c}\n" for c in range(10))
        self.check(rows, 13, 22)

    def test_names(self):
        for name in "mit, Komma.png", 'mit "Zeichen".png', "größe.png", "zwei\nZeilen.png":
            (self.folder / "bilder" / name).hardlink_to(self.folder / self.names[0])
            quoted = name.replace('"', '""')
            self.check(f'"bilder/{quoted}",{self.best[0]}\n', 1, 1)
        self.check(f"{self.folder / self.names[0]},{self.best[0]}\n", 1, 1)    # absolute
        self.check(f"./bilder/../bilder/00.png,{self.best[0]}\n", 1, 1)
        upper = self.folder / "LIST.CSV"
        upper.write_text(self.rows(self.best), encoding="utf-8")
        self.assertEqual(self.evaluate(upper)["top1_correct"], 12)

    def test_a_name_that_is_no_text(self):
        name = os.fsencode(self.folder) + b"/bilder/\xff\xfe.png"
        os.link(self.folder / self.names[0], name)
        self.check(b"bilder/\xff\xfe.png,%d\n" % self.best[0], 1, 1)
        journal = self.folder / "journal"
        for _ in range(2):
            self.assertEqual(self.evaluate(self.list, "--resume", journal)["top1_correct"], 1)

    def test_missing_pictures_are_named(self):
        (self.folder / "bilder/dir.png").mkdir()
        os.mkfifo(self.folder / "bilder/pipe.png")
        self.list.write_text(self.rows(self.best) + "bilder/none.png,0\nbilder/dir.png,0\n"
                             "bilder/pipe.png,0\nlist.csv,0\n", encoding="utf-8")
        result = self.run_tool("eval", "--json", self.list)
        self.assertEqual(result.returncode, 1)
        counts = json.loads(result.stdout)
        self.assertEqual((counts["images"], counts["errors"], counts["top1_correct"]), (12, 4, 12))
        for name in "bilder/none.png", "bilder/dir.png", "bilder/pipe.png", "list.csv":
            self.assertIn(f"rexnet: {self.folder / name}: ", result.stderr)

    def test_hostile_lists(self):
        first, rest = self.names[0], self.rows(self.best)
        for text, message in (
                ("", "lists no pictures"),
                ("\n\r\n\n", "lists no pictures"),
                ("file,class\n", "lists no pictures"),
                ("bilder/00.png\n", "line 1 has 1 column, but should have 2"),
                ("bilder/00.png;0\n", "line 1 has 1 column, but should have 2"),
                ("bilder/00.png,0,1\n", "line 1 has 3 columns, but should have 2"),
                ("file,class,note\nbilder/00.png,0\n", "line 2 has 2 columns, but should have 3"),
                (f"{rest},0\n", "line 13: the file name is empty"),
                (f"{rest}\n\n{first},\n", "line 15: the class is empty"),
                (f'{rest}"a\nb",1\n"open,2\n', "line 15: a quote that is opened there"),
                (f'a"b",0\n{rest}', "line 1: a quote within a field"),
                (f'"a"b,0\n{rest}', "line 1: something between a field and the comma"),
                (f"a\rb,0\n{rest}", "line 1: something between a field and the comma"),
                (f"{first},0\0\n", "line 1: a NUL byte"),
                (rest.encode("utf-16"), "NUL byte"),
                (rest.encode("utf-16-be"), "NUL byte"),
                ("," * 2000 + "\n", "line 1: more than 1000 columns"),
                (f"{first},10\n", "'10' is no class number of the model, which are 0 to 9"),
                (f"{first},-1\n", "'-1' is none of the model's labels"),
                (f"{first},99999999999999999999\n", "'99999999999999999999' is none"),
                (f"{first},1\n{first},Hat\n", "is none of the model's labels, and 2 names"),
                (f"{first},n01440764\n", "'n01440764' is none of the model's labels")):
            with self.subTest(message):
                self.list.write_bytes(text if isinstance(text, bytes) else text.encode())
                error = self.fails(1, "eval", self.list)
                self.assertIn(f"{self.list}: ", error)
                self.assertIn(message, error)
        self.list.unlink()
        os.mkfifo(self.list)
        self.assertIn(f"{self.list}: is no regular file", self.fails(1, "eval", self.list))

    def test_damaged_lists(self):
        """Whatever bytes change: a result or an error, never a crash."""
        data = f'file,class\n"bilder/00.png","{LABELS[0]}"\r\nbilder/01.png,Bag\n'.encode()
        numbers = harness.uniform("list", 120)
        for where, value in zip(numbers[::2], numbers[1::2]):
            damaged = bytearray(data)
            damaged[int(len(data) * where)] = b'",\r\n\0\xff0a'[int(8 * value)]
            self.list.write_bytes(damaged)
            result = self.run_tool("eval", "--limit", 1, "--threads", "1", self.list)
            self.assertIn(result.returncode, (0, 1), (damaged, result.stderr))


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


@harness.unittest.skipUnless(harness.FASHION_MNIST.exists(), "no dataset-fashion-mnist")
class FashionMnist(harness.ToolTest):
    def test_accuracy_of_the_built_in_model(self):
        result = json.loads(self.ok("eval", "--json", harness.FASHION_MNIST))
        self.assertEqual((result["images"], result["errors"]), (10000, 0))
        self.assertGreaterEqual(result["top1"], 0.93)
        self.assertGreaterEqual(result["top5"], 0.99)


harness.main()
