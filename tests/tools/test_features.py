# SPDX-License-Identifier: LGPL-2.1-or-later
import array
import ast
import contextlib
import functools
import json
import math
import os
import pathlib
import resource
import signal
import struct
import subprocess
import sys
import time

import harness

BOOT = harness.DATA / "images" / "ankle-boot.jpg"
TURNED = harness.DATA / "images" / "ankle-boot-orientation-6.jpg"
LENGTH = 640                    # of the built-in model's vectors


def read_npy(path):
    """The shape and the numbers of an array."""
    data = path.read_bytes()
    magic, length = data[:8], struct.unpack("<H", data[8:10])[0]
    assert magic == b"\x93NUMPY\x01\x00" and (10 + length) % 64 == 0
    header = ast.literal_eval(data[10:10 + length].decode("latin1"))
    assert header["descr"] == "<f4" and header["fortran_order"] is False
    values = array.array("f", data[10 + length:])
    if sys.byteorder == "big":
        values.byteswap()
    assert len(values) == header["shape"][0] * header["shape"][1]
    return header["shape"], values


def read_tensor(path, key):
    """Of a safetensors file, as floats."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    entry = json.loads(data[8:8 + length])[key]
    first, end = entry["data_offsets"]
    kind = {"F32": "f", "F16": "e"}[entry["dtype"]]
    raw = data[8 + length + first:8 + length + end]
    return struct.unpack(f"<{len(raw) // struct.calcsize(kind)}{kind}", raw)


class Features(harness.ToolTest):
    def features(self, *arguments, **environment):
        lines = self.ok("features", *arguments, **environment).splitlines()
        return [json.loads(line) for line in lines]

    def picture(self, name, seed):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        harness.write_png(path, 60, 50,
                          [int(256 * x) for x in harness.uniform(f"features:{seed}", 3 * 60 * 50)])
        return path

    def test_a_line_of_json_each(self):
        records = self.features(BOOT, TURNED)
        for record, path in zip(records, (BOOT, TURNED), strict=True):
            self.assertEqual(list(record), ["file", "model", "features"])
            self.assertEqual(record["file"], str(path))
            self.assertEqual(record["model"], "rexnet-0.5-fashion-mnist")
            self.assertEqual(len(record["features"]), LENGTH)
        a, b = (record["features"] for record in records)
        self.assertNotEqual(a, b)
        self.assertGreater(sum(x * y for x, y in zip(a, b)) / math.hypot(*a) / math.hypot(*b), 0.99)
        self.assertEqual(records, self.features(BOOT, TURNED, LC_ALL="de_DE.UTF-8"))

    def test_the_classifier_makes_the_scores_of_them(self):
        features = self.features(BOOT)[0]["features"]
        weight = read_tensor(harness.DEFAULT_MODEL, "output.1.weight")
        bias = read_tensor(harness.DEFAULT_MODEL, "output.1.bias")
        logits = [b + sum(x * y for x, y in zip(features, weight[i * LENGTH:(i + 1) * LENGTH]))
                  for i, b in enumerate(bias)]
        total = sum(math.exp(x) for x in logits)
        labels = json.loads(self.ok("classify", "--json", "--top-k", 10, BOOT))["labels"]
        self.assertEqual(len(labels), 10)
        for label in labels:
            self.assertAlmostEqual(label["score"], math.exp(logits[label["index"]]) / total, delta=1e-5)

    def test_normalize(self):
        plain = self.features(BOOT)[0]["features"]
        unit = self.features("--normalize", BOOT)[0]["features"]
        length = math.hypot(*plain)
        self.assertAlmostEqual(math.hypot(*unit), 1, delta=1e-6)
        for x, y in zip(plain, unit):
            self.assertAlmostEqual(x / length, y, delta=1e-7)

    def test_array(self):
        output = self.folder / "out.npy"
        pictures = [self.picture(f"{i}.png", i) for i in range(5)]
        self.assertEqual(self.ok("features", "--output", output, "--batch", 2, *pictures), "")
        records = self.features(*pictures)
        shape, values = read_npy(output)
        self.assertEqual(shape, (5, LENGTH))
        self.assertEqual(values, array.array("f", [x for r in records for x in r["features"]]))
        names = json.loads((self.folder / "out.npy.json").read_text(encoding="utf-8"))
        self.assertEqual(names, {"model": "rexnet-0.5-fashion-mnist", "features": LENGTH,
                                 "normalized": False, "files": [str(p) for p in pictures]})
        self.ok("features", "--output", output, "--normalize", pictures[0])
        shape, values = read_npy(output)
        self.assertEqual(shape, (1, LENGTH))
        self.assertAlmostEqual(math.hypot(*values), 1, delta=1e-6)
        names = json.loads((self.folder / "out.npy.json").read_text(encoding="utf-8"))
        self.assertTrue(names["normalized"])

    def test_folders_and_lists(self):
        b, a, below = (self.picture(name, 0) for name in ("b.png", "a.png", "c/b.png"))
        self.picture(".hidden.png", 0)
        (self.folder / "loop").symlink_to(self.folder)
        everything = [str(a), str(b), str(below)]
        self.assertEqual([r["file"] for r in self.features(self.folder)], everything)

        text = f"{below}\r\n\n{self.folder}\n{b}"
        listed = [str(below), *everything, str(b)]
        path = self.folder / ".list"
        path.write_text(text, encoding="utf-8")
        self.assertEqual([r["file"] for r in self.features("--files-from", path)], listed)
        self.assertEqual([r["file"] for r in self.features("--files-from", path, a)],
                         [str(a), *listed])
        piped = subprocess.run([harness.REXNET, "features", "--files-from", "-"], input=text,
                               capture_output=True, text=True, check=True)
        self.assertEqual([json.loads(line)["file"] for line in piped.stdout.splitlines()], listed)

    def test_unreadable_pictures(self):
        good, bad = self.picture("good.png", 1), self.folder / "bad.png"
        bad.write_bytes(good.read_bytes()[:100])
        missing = self.folder / "missing.png"
        output = self.folder / "out.npy"
        result = self.run_tool("features", bad, good, missing)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"rexnet: {bad}: ", result.stderr)
        self.assertIn(f"rexnet: {missing}: ", result.stderr)
        self.assertEqual([json.loads(line)["file"] for line in result.stdout.splitlines()], [str(good)])

        result = self.run_tool("features", "--output", output, bad, good)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(read_npy(output)[0], (1, LENGTH))
        before = output.read_bytes()
        self.assertIn("none of the pictures could be read",
                      self.fails(1, "features", "--output", output, bad))
        self.assertEqual(output.read_bytes(), before)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()),
                         ["bad.png", "good.png", "out.npy", "out.npy.json"])

    def test_order_whatever_takes_long(self):
        """Results and messages come in the order of the arguments."""
        large = self.folder / "large.png"
        harness.write_png(large, 1500, 1000, [0] * (3 * 1500 * 1000))
        small = [self.picture(f"{i}.png", i) for i in range(3)]
        bad = [self.folder / f"bad-{i}.png" for i in range(30)]
        names = [str(p) for i in range(10) for p in (large, *small, *bad[3 * i:3 * i + 3])]
        listed = self.folder / "names"
        listed.write_text("\n".join(names), encoding="utf-8")
        alone = self.run_tool("features", "--threads", 1, "--files-from", listed)
        for options in ["--threads", "4"], ["--threads", "3", "--batch", "7"], ["--batch", "100"]:
            with self.subTest(options):
                result = self.run_tool("features", *options, "--files-from", listed)
                self.assertEqual(result.returncode, 1)
                self.assertEqual([json.loads(line)["file"] for line in result.stdout.splitlines()],
                                 [name for name in names if "bad" not in name])
                self.assertEqual([line.split(": ")[1] for line in result.stderr.splitlines()],
                                 list(map(str, bad)))
                self.assertEqual(result.stdout, alone.stdout)

    def test_no_thread_can_be_started(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
            if os.getuid() == 0:    # whom the limit does not bind
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)

        try:
            subprocess.run([harness.REXNET, "--version"], preexec_fn=limit, capture_output=True,
                           check=True)
        except (OSError, subprocess.SubprocessError):
            self.skipTest("the program cannot be run as another user")
        result = subprocess.run([harness.REXNET, "features", "--threads", "2", BOOT],
                                preexec_fn=limit, capture_output=True, text=True, timeout=60)
        self.assertIn("Resource temporarily unavailable", result.stderr)
        result = subprocess.run([harness.REXNET, "features", "--threads", "1", BOOT, TURNED],
                                preexec_fn=limit, capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([json.loads(line)["file"] for line in result.stdout.splitlines()],
                         [str(BOOT), str(TURNED)])

    def test_output_that_is_full(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([harness.REXNET, "features", *[BOOT] * 50], stdout=full,
                                    stderr=subprocess.PIPE, text=True)
        self.assertEqual((result.returncode, result.stderr),
                         (1, "rexnet: standard output: No space left on device\n"))

    def listed(self, count, *arguments, **options):
        """A run on @count pictures, writing out.npy."""
        names = self.folder / "names"
        names.write_text(f"{BOOT}\n" * count, encoding="utf-8")
        process = subprocess.Popen([harness.REXNET, "features", "--output", self.folder / "out.npy",
                                    "--batch", "8", "--files-from", names, *arguments], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def written_by(self, process):
        """The files in the test's folder that it has open for writing."""
        files = pathlib.Path(f"/proc/{process.pid}/fd")
        with contextlib.suppress(FileNotFoundError):
            return [f for f in files.iterdir() if str(f.readlink()).startswith(f"{self.folder}/")
                    and not str(f.readlink()).endswith("/names")]
        return []

    def test_interrupt_leaves_nothing_behind(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Whatever this test itself was started with.
            heed = functools.partial(signal.signal, number, signal.SIG_DFL)
            process = self.listed(200000, preexec_fn=heed)
            while not self.written_by(process):
                self.assertIsNone(process.poll())
                time.sleep(0.01)
            process.send_signal(number)
            messages = process.communicate(timeout=60)[1]
            self.assertEqual(process.returncode, -number, messages)
            self.assertEqual([p.name for p in self.folder.iterdir()], ["names"])

    def test_hangup_that_is_ignored(self):
        """As under nohup."""
        ignore = functools.partial(signal.signal, signal.SIGHUP, signal.SIG_IGN)
        process = self.listed(300, preexec_fn=ignore)
        while not self.written_by(process):
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.send_signal(signal.SIGHUP)
        messages = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 0, messages)
        self.assertEqual(read_npy(self.folder / "out.npy")[0], (300, LENGTH))

    def test_full_disk(self):
        limit = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (40000, 40000))
        process = self.listed(200000, preexec_fn=limit)
        messages = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 1, messages)
        self.assertIn(f"{self.folder}/out.npy: cannot be written: File too large", messages)
        self.assertEqual([p.name for p in self.folder.iterdir()], ["names"])

    def test_outputs_that_are_folders(self):
        """Told before any picture is read."""
        for name in "a.npy", "b.npy.json":
            (self.folder / name).mkdir()
            self.assertEqual(f"rexnet: {self.folder / name}: cannot be written: Is a directory\n",
                             self.fails(1, "features", "--output",
                                        self.folder / name.removesuffix(".json"), "missing.jpg"))
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["a.npy", "b.npy.json"])

    def test_bad_arguments(self):
        (self.folder / "empty").mkdir()
        self.assertIn("no image given", self.fails(2, "features"))
        self.assertIn("'out.txt', but must end in .npy",
                      self.fails(2, "features", "--output", "out.txt", BOOT))
        nowhere = self.folder / "nowhere" / "out.npy"
        self.assertIn(f"{nowhere}: cannot be written: No such file",
                      self.fails(1, "features", "--output", nowhere, BOOT))
        self.assertIn("no files", self.fails(1, "features", self.folder / "empty"))
        self.assertIn(f"{nowhere}: No such file", self.fails(1, "features", "--files-from", nowhere))


harness.main()
