# SPDX-License-Identifier: LGPL-2.1-or-later
"""Help, usage errors, and the man page."""
import re
import subprocess

import harness

COMMANDS = ("info", "classify", "logits", "bench", "eval", "features", "devices", "tune", "convert",
            "pull")


class Cli(harness.ToolTest):
    def test_help_names_every_command(self):
        text = self.ok("--help")
        for command in COMMANDS:
            self.assertRegex(text, rf"(?m)^  {command} ")
            self.assertIn(f"rexnet {command}", self.ok(command, "--help"))

    def test_version(self):
        self.assertRegex(self.ok("--version"), r"^rexnet \d+\.\d+\.\d+\n$")

    def test_man_page_has_every_option(self):
        page = (harness.SOURCE / "docs/rexnet.1").read_text(encoding="utf-8").replace("\\-", "-")
        for command in COMMANDS:
            options = re.findall(r"(?m)^  (?:-\w, )?(--[a-z-]+)", self.ok(command, "--help"))
            self.assertGreater(len(options), 1)
            section = page.split(f".SS {command}\n")[1].split("\n.S")[0]
            for option in options:
                self.assertIn(option, page)
                if option != "--help" and "those of" not in section:
                    self.assertIn(option, section, f"{command} in the man page")
            described = re.findall(r"(?m)^\.TP\n\.BI? (--[a-z-]+)", section)
            self.assertEqual(sorted(set(described) - set(options)), [], f"{command} --help")

    def test_files_that_are_none(self):
        """Each message names the file once, and what is wrong with it."""
        empty, folder, text, jpeg = (self.folder / name for name in (
            "empty", "folder", "text", "text.jpg"))
        empty.touch()
        folder.mkdir()
        text.write_text("no picture")
        jpeg.write_text("no picture")
        for arguments, file, message in (
                (["classify", empty], empty, "is empty"),
                (["classify", folder], folder, "is a folder"),
                (["classify", text], text, "is no picture, or of a format that"),
                (["classify", jpeg], jpeg, ": Error interpreting JPEG image file"),
                (["features", "--files-from", folder], folder, "is a folder"),
                (["logits", "--input", folder], folder, "is a folder"),
                (["eval", text], text, "is no idx file of pictures; a list of them ends in .csv"),
                (["info", empty], empty, "is neither a safetensors file nor"),
                (["convert", folder, "x.onnx"], folder, "is a folder")):
            with self.subTest(arguments):
                lines = self.fails(1, *arguments).splitlines()
                self.assertTrue(lines[0].startswith(f"rexnet: {file}: "), lines)
                self.assertIn(message, lines[0])
                self.assertEqual(lines[0].count(str(file)), 1)

    def test_empty_name_of_a_model(self):
        for arguments in ["info", ""], ["classify", "--model", "", "x.png"], ["convert", "", "x.onnx"]:
            with self.subTest(arguments):
                self.assertEqual(self.fails(1, *arguments), "rexnet: the name of the model is empty\n")

    def test_closed_streams(self):
        """No file that is opened takes their numbers."""
        picture = harness.DATA / "images" / "ankle-boot.jpg"
        output = self.folder / "out.npy"

        def run(*arguments, closed):
            return subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", harness.REXNET, *arguments],
                                  capture_output=True, text=True, check=False)

        result = run("classify", picture, closed=">&-")
        self.assertEqual((result.returncode, result.stderr),
                         (1, "rexnet: standard output: Bad file descriptor\n"))
        result = run("features", "--files-from", "-", closed="<&-")
        self.assertEqual(result.returncode, 1)
        self.assertIn("Bad file descriptor", result.stderr)
        self.assertEqual(run("features", "--output", output, picture, closed="<&- >&- 2>&-").returncode, 0)
        self.assertEqual(output.read_bytes()[:6], b"\x93NUMPY")
        self.assertEqual(output.stat().st_size, 128 + 4 * 640)

    def test_no_command(self):
        result = self.run_tool()
        self.assertEqual(result.returncode, 2)
        self.assertIn("Usage:", result.stderr)
        self.assertEqual(result.stdout, "")

    def test_usage_errors(self):
        for arguments, message in (
                (["sing"], "no command 'sing'"),
                (["info", "--frobnicate"], "--frobnicate"),
                (["info", "a", "b"], "'b' is one model too many"),
                (["info", "--no-time"], "--no-time goes with --table"),
                (["info", "--runs", "2"], "--runs goes with --table"),
                (["info", "--markdown"], "--markdown goes with --table"),
                (["info", "--table", "--plan"], "--table shows no --plan"),
                (["info", "--table", "--markdown", "--json"], "give one"),
                (["classify"], "no image given"),
                (["classify", "--top-k", "0", "x.png"], "--top-k is '0'"),
                (["classify", "--threshold", "1.5", "x.png"], "--threshold is '1.5'"),
                (["classify", "--threshold", "nan", "x.png"], "--threshold is 'nan'"),
                (["classify", "--width", "0,5", "x.png"], "--width is '0,5'"),
                (["classify", "--width", "11", "x.png"], "--width is '11'"),
                (["classify", "--variant", "resnet", "x.png"], "resnet"),
                (["logits"], "--input is missing"),
                (["logits", "--input", "x", "spare"], "'spare' is one argument too many"),
                (["logits", "--input", "x", "--batch", "1025"], "--batch is '1025'"),
                (["bench", "--threads", "two"], "--threads is 'two'"),
                (["bench", "--threads", "-1"], "--threads is '-1'"),
                (["bench", "--isa", "mmx"], "mmx"),
                (["bench", "--precision", "f8"], "auto, f32 or f16"),
                (["bench", "--scheduling", "late"], "latency or throughput"),
                (["bench", "--runs", "1e3"], "--runs is '1e3'"),
                (["eval"], "no data set given"),
                (["eval", "a", "b"], "'b' is one data set too many")):
            with self.subTest(arguments):
                self.assertIn(message, self.fails(2, *arguments))

    def test_sizes_are_strict(self):
        for size in "224", "224x", "x224", "224x224x3", "224X224", " 224x224", "+224x224", \
                "31x224", "224x4097", "99999999999x224", "2 24x224", "224x-224":
            with self.subTest(size):
                self.assertIn("WIDTHxHEIGHT", self.fails(2, "bench", f"--size={size}"))

    def test_full_disk_is_an_error(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([harness.REXNET, "--version"], stdout=full, check=False,
                                    stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("standard output: ", result.stderr)


harness.main()
