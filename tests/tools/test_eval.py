# SPDX-License-Identifier: LGPL-2.1-or-later
import gzip
import json
import os
import pty
import struct
import subprocess

import harness
from evaluation import LABELS, SIDE, EvalTest


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


@harness.unittest.skipUnless(harness.FASHION_MNIST.exists(), "no dataset-fashion-mnist")
class FashionMnist(harness.ToolTest):
    def test_accuracy_of_the_built_in_model(self):
        result = json.loads(self.ok("eval", "--json", harness.FASHION_MNIST))
        self.assertEqual((result["images"], result["errors"]), (10000, 0))
        self.assertGreaterEqual(result["top1"], 0.93)


harness.main()
