# SPDX-License-Identifier: LGPL-2.1-or-later
"""`rexnet pull` against a hub on loopback."""
import contextlib
import functools
import importlib.util
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import threading
import time
import unittest

import harness
import hub
from pull import CONFIG, LABELS, NAME, TINY, PullTest, rexnet_100


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
