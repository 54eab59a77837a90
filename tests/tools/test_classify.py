# SPDX-License-Identifier: LGPL-2.1-or-later
import array
import json
import math
import shutil
import struct

import harness

IMAGES = harness.DATA / "images"
BOOT = IMAGES / "ankle-boot.jpg"
SIDE = 48                       # of the built-in model's input
MEAN, DEVIATION = 0.286, 0.353


class Classify(harness.ToolTest):
    def classify(self, *arguments, **environment):
        lines = self.ok("classify", "--json", *arguments, **environment).splitlines()
        return [json.loads(line) for line in lines]

    def labels(self, *arguments):
        return self.classify(*arguments)[0]["labels"]

    def pixels(self):
        """An RGB picture of the network's own input size: nothing to resize."""
        u = harness.uniform("classify", 3 * SIDE * SIDE)
        return [int(256 * x) for x in u]

    def png(self, name, samples, **format):
        path = self.folder / name
        harness.write_png(path, SIDE, SIDE, samples, **format)
        return path

    def test_boot(self):
        record, = self.classify(BOOT)
        self.assertEqual(list(record), ["file", "labels"])
        self.assertEqual(record["file"], str(BOOT))
        self.assertEqual(len(record["labels"]), 5)
        self.assertEqual(list(record["labels"][0]), ["index", "label", "score"])
        self.assertEqual(record["labels"][0]["label"], "Ankle boot")
        self.assertEqual(record["labels"][0]["index"], 9)
        scores = [label["score"] for label in record["labels"]]
        self.assertEqual(scores, sorted(scores, reverse=True))

    def test_exif_orientation(self):
        upright = self.labels("--top-k", 10, BOOT)
        turned = self.labels("--top-k", 10, IMAGES / "ankle-boot-orientation-6.jpg")
        self.assertEqual(turned[0]["label"], "Ankle boot")
        self.assertAlmostEqual(turned[0]["score"], upright[0]["score"], delta=0.02)
        # The same file with the orientation tag made 1 lies on its side.
        data = (IMAGES / "ankle-boot-orientation-6.jpg").read_bytes()
        tag = struct.pack(">HHIHH", 0x112, 3, 1, 6, 0)
        if data.count(tag) == 0:
            tag = struct.pack("<HHIHH", 0x112, 3, 1, 6, 0)
        self.assertEqual(data.count(tag), 1)
        flat = self.folder / "flat.jpg"
        flat.write_bytes(data.replace(tag, tag.replace(b"\x06", b"\x01")))
        flat_scores = {label["index"]: label["score"] for label in self.labels("--top-k", 10, flat)}
        self.assertGreater(abs(flat_scores[9] - turned[0]["score"]), 0.1)

    def test_scores_are_softmax_of_logits(self):
        pixels = self.pixels()
        picture = self.png("noise.png", pixels)
        raw = self.folder / "noise.f32"
        raw.write_bytes(harness.little_endian(array.array("f", [
            (pixels[3 * i + c] / 255 - MEAN) / DEVIATION
            for c in range(3) for i in range(SIDE * SIDE)])))
        logits = [float(x) for x in self.ok("logits", "--input", raw).split()]
        total = sum(math.exp(x - max(logits)) for x in logits)
        found = self.labels("--top-k", 10, picture)
        self.assertEqual(len(found), 10)
        for label in found:
            self.assertAlmostEqual(label["score"],
                                   math.exp(logits[label["index"]] - max(logits)) / total, delta=1e-5)

    def test_png_kinds_agree(self):
        pixels = self.pixels()
        alpha = [int(256 * x) for x in harness.uniform("alpha", SIDE * SIDE)]
        rgba = [v for i in range(SIDE * SIDE) for v in (*pixels[3 * i:3 * i + 3], alpha[i])]
        expected = self.labels(self.png("rgb.png", pixels))
        self.assertEqual(self.labels(self.png("rgba.png", rgba, colour=6)), expected)
        deep = [257 * v for v in pixels]
        self.assertEqual(self.labels(self.png("deep.png", deep, depth=16)), expected)
        grey = pixels[:SIDE * SIDE]
        expected = self.labels(self.png("rgb.png", [v for v in grey for _ in range(3)]))
        self.assertEqual(self.labels(self.png("grey.png", grey, colour=0)), expected)

    def test_top_k_and_threshold(self):
        everything = self.labels("--top-k", 10, BOOT)
        self.assertEqual(len(everything), 10)
        self.assertAlmostEqual(sum(label["score"] for label in everything), 1, delta=1e-5)
        self.assertEqual(self.labels("--top-k", 3, BOOT), everything[:3])
        self.assertEqual(self.labels("--top-k", 65536, BOOT), everything)
        limit = everything[1]["score"]
        self.assertEqual(len(self.labels("--top-k", 10, "--threshold", repr(limit), BOOT)), 2)
        self.assertEqual(self.labels("--threshold", 1, BOOT), [])

    def test_text(self):
        lines = self.ok("classify", "--top-k", 2, BOOT).splitlines()
        self.assertEqual(lines[0], str(BOOT))
        self.assertRegex(lines[1], r"^  [01]\.\d{4}  Ankle boot$")
        self.assertEqual(len(lines), 3)

    def test_named_model_and_labels(self):
        self.assertEqual(self.classify("--model", harness.DEFAULT_MODEL, BOOT), self.classify(BOOT))
        names = self.folder / "namen.txt"
        names.write_text("".join(f"größe {i}\n" for i in range(10)), encoding="utf-8")
        self.assertEqual(self.labels("--labels", names, BOOT)[0]["label"], "größe 9")
        self.assertIn("größe 9", self.ok("classify", "--labels", names, BOOT, LC_ALL="C"))
        names.write_text("one\ntwo\n", encoding="utf-8")
        self.assertIn(f"{names}", self.fails(1, "classify", "--labels", names, BOOT))
        missing = self.folder / "none.txt"
        self.assertIn(f"{missing}: ", self.fails(1, "classify", "--labels", missing, BOOT))

    def test_a_model_without_labels(self):
        model = self.folder / "rexnet.safetensors"
        harness.write_safetensors(model, harness.rexnet_tensors(0.3, 4))
        label = self.labels("--model", model, BOOT)[0]
        self.assertIsNone(label["label"])
        self.assertIn(f"class {label['index']}", self.ok("classify", "--model", model, BOOT))

    def test_model_found_by_width(self):
        # The system's own folders hold the types of files that gdk-pixbuf knows.
        home = {"XDG_DATA_HOME": str(self.folder / "home"),
                "XDG_DATA_DIRS": f"{self.folder}/sys:/usr/local/share:/usr/share",
                "REXNET_MODEL_PATH": str(self.folder / "path")}
        message = self.fails(1, "classify", "--width", "0.5", BOOT, **home)
        for place in (self.folder / "path", self.folder / "home/rexnet/models",
                      self.folder / "sys/rexnet/models"):
            self.assertIn(str(place), message)
        (self.folder / "path").mkdir()
        shutil.copy(harness.DEFAULT_MODEL, self.folder / "path/rexnet-0.5.safetensors")
        self.assertEqual(self.classify("--width", "0.5", BOOT, **home), self.classify(BOOT))

    def test_bad_images_do_not_stop_the_others(self):
        broken = self.folder / "zerstört.png"
        broken.write_bytes(self.png("a.png", self.pixels()).read_bytes()[:200])
        text = self.folder / "text.jpg"
        text.write_text("no picture", encoding="utf-8")
        empty = self.folder / "empty.png"
        empty.write_bytes(b"")
        missing = self.folder / "missing.png"
        short = self.folder / "short.jpg"
        short.write_bytes(BOOT.read_bytes()[:-40])
        bad = [broken, text, empty, missing, short, self.folder]
        result = self.run_tool("classify", "--json", *bad, BOOT)
        self.assertEqual(result.returncode, 1)
        self.assertEqual([json.loads(line)["file"] for line in result.stdout.splitlines()],
                         [str(BOOT)])
        for path in bad:
            self.assertIn(f"rexnet: {path}: ", result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), len(bad))

    def test_jpeg_ends(self):
        data = BOOT.read_bytes()
        picture = self.folder / "boot.jpg"
        expected = self.labels(BOOT)
        for end in b"", b"\0" * 1000, b"\xff", b"\xff\xd8 more":
            picture.write_bytes(data + end)
            self.assertEqual(self.labels(picture), expected)
        # A comment that looks like an end, in a file that has none.
        comment = b"\xff\xfe\0\x06\xff\xd9\xff\xd9"
        picture.write_bytes(data[:2] + comment + data[2:])
        self.assertEqual(self.labels(picture), expected)
        for size in len(data) * 3 // 4, len(data), len(data) + 7:
            picture.write_bytes((data[:2] + comment + data[2:])[:size])
            self.assertIn("ends early", self.fails(1, "classify", picture))

    def test_a_picture_that_claims_to_be_huge(self):
        data = bytearray(self.png("huge.png", self.pixels()).read_bytes())
        body = b"IHDR" + struct.pack(">II", 40000, 30000) + bytes(data[24:29])
        data[12:33] = body + struct.pack(">I", harness.zlib.crc32(body))
        huge = self.folder / "huge.png"
        huge.write_bytes(data)
        self.assertIn("40000 x 30000", self.fails(1, "classify", huge))

    def test_locale_and_repetition_change_nothing(self):
        expected = self.ok("classify", "--json", BOOT)
        self.assertEqual(self.ok("classify", "--json", BOOT), expected)
        for locale in "C", "de_DE.UTF-8":
            self.assertEqual(self.ok("classify", "--json", BOOT, LC_ALL=locale), expected)

    def test_unknown_device(self):
        self.assertIn("'abacus'", self.fails(1, "classify", "--device", "abacus", BOOT))


harness.main()
