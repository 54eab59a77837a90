# SPDX-License-Identifier: LGPL-2.1-or-later
"""How `rexnet eval` learns the classes: folders named by synset, lists."""
import csv
import json
import os

import harness
from evaluation import LABELS, SIDE, EvalTest


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


harness.main()
