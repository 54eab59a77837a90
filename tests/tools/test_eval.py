# SPDX-License-Identifier: LGPL-2.1-or-later
import gzip
import json
import os
import pty
import struct
import subprocess

import harness

SIDE = 28
LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
          "Bag", "Ankle boot"]


class Eval(harness.ToolTest):
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

    def predictions(self):
        """The ranking of the classes for each picture."""
        paths = []
        for i, picture in enumerate(self.pictures):
            paths.append(self.folder / f"{i:02}.png")
            harness.write_png(paths[-1], SIDE, SIDE, picture, colour=0)
        lines = self.ok("classify", "--json", "--top-k", 10, *paths).splitlines()
        for path in paths:
            path.unlink()
        return [[label["index"] for label in json.loads(line)["labels"]] for line in lines]

    def write_folders(self, names, classes):
        root = self.folder / "bilder"
        for name in names:
            (root / name).mkdir(parents=True)
        for i, (picture, where) in enumerate(zip(self.pictures, classes)):
            harness.write_png(root / names[where] / f"{i:02}.png", SIDE, SIDE, picture, colour=0)
        return root

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
        self.assertIn("11 folders", self.fails(1, "eval", root))

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
                (b"", "not an idx file"),
                (good_images[:11], "not an idx file"),
                (header(12, 28, 28, magic=0x802) + body, "not an idx file"),
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
                (b"", "not an idx file"),
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


@harness.unittest.skipUnless(harness.FASHION_MNIST.exists(), "no dataset-fashion-mnist")
class FashionMnist(harness.ToolTest):
    def test_accuracy_of_the_built_in_model(self):
        result = json.loads(self.ok("eval", "--json", harness.FASHION_MNIST))
        self.assertEqual((result["images"], result["errors"]), (10000, 0))
        self.assertGreaterEqual(result["top1"], 0.93)
        self.assertGreaterEqual(result["top5"], 0.99)


harness.main()
