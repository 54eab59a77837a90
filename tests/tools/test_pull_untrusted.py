# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `rexnet pull` does not take from a hub, or over a network."""
import json
import os
import subprocess

import harness
import hub
from pull import CONFIG, NAME, TINY, PullTest


class Untrusted(PullTest):
    def test_wrong_hash_is_deleted(self):
        self.faults.damage = True
        message = self.refused()
        self.assertIn(hub.sha256(TINY), message)
        self.assertIn("damaged or replaced", message)
        self.assertEqual(self.hidden(), [])

    def test_wrong_config(self):
        self.hub.repositories[NAME]["config.json"] = config = CONFIG + b" "
        real = hub.git_sha1
        self.addCleanup(setattr, hub, "git_sha1", real)
        hub.git_sha1 = lambda content: real(content[:-1] if content == config else content)
        self.assertRegex(self.refused(), "config.json: .*git's SHA-1")
        self.assertEqual(self.hidden(), [])

    def test_file_that_does_not_load(self):
        for content in b"no model at all", TINY[:-4]:
            self.hub.repositories[NAME]["model.safetensors"] = content
            self.assertIn("it arrived whole", self.refused())
            self.assertEqual(self.hidden(), [])

    def test_another_network_than_the_name_says(self):
        self.hub.repositories["timm/rexnet_130.nav_in1k"] = self.hub.repositories[NAME]
        self.assertIn("1.3", self.refused(name="rexnet_130"))

    def test_hash_from_the_list_of_files(self):
        self.faults.no_hash = True
        self.assertEqual(self.pulled()[0].read_bytes(), TINY)
        self.assertTrue(any("/api/models/" in r.path for r in self.hub.seen("hub")))

    def test_lists_of_files_that_are_none(self):
        self.faults.no_hash = True
        for listing, message in ((b"[" * (1 << 20), "nested deeper"), (b"{}", "must be a JSON array"),
                                 (b"", "empty JSON"), (b"[1, null, {}]", "publishes no hash"),
                                 (b"[" + b" " * (1 << 20) + b"]", "larger than")):
            with self.subTest(listing[:20]):
                self.faults.listing = listing
                self.assertIn(message, self.refused())

    def test_list_of_files_with_a_name_twice(self):
        self.faults.no_hash = True
        row = {"path": "model.safetensors", "size": len(TINY), "lfs": {"oid": hub.sha256(TINY)}}
        config = {"path": "config.json", "size": len(CONFIG), "oid": hub.git_sha1(CONFIG)}
        self.faults.listing = json.dumps([row, row, config, config]).encode()
        self.assertEqual(self.pulled()[0].read_bytes(), TINY)

    def test_no_hash_at_all(self):
        self.faults.no_hash = self.faults.no_listing = True
        self.assertIn("publishes no hash", self.refused())
        self.assertEqual(self.hub.seen("cdn"), [])

    def test_more_than_was_announced(self):
        self.faults.extra = b"more"
        self.assertIn("more came than", self.refused())

    def test_size_is_bounded(self):
        self.faults.linked_size = (1 << 30) + 1
        self.assertIn("at most 1073741824", self.refused())
        self.faults.linked_size = None
        self.hub.repositories[NAME]["config.json"] = b" " * ((8 << 20) + 1)
        self.assertIn("config.json: has 8388609 bytes", self.refused())

    def test_redirects_are_counted(self):
        self.faults.redirect = f"{self.hub.url}/{NAME}/resolve/main/model.safetensors"
        self.assertIn("more than 5 redirects", self.refused())
        self.assertLess(len(self.hub.requests), 10)

    def test_redirects_to_elsewhere(self):
        for url, message in (("http://192.0.2.1/x", "http://192.0.2.1 is refused"),
                             ("file:///etc/passwd", "no URL|neither https nor http"),
                             ("ftp://127.0.0.1/x", "neither https nor http"),
                             ("http://user:word@127.0.0.1/x", "a name or password")):
            with self.subTest(url):
                self.faults.redirect = url
                text = self.refused()
                self.assertRegex(text, message)
                self.assertNotIn("word@", text)

    def test_endpoints(self):
        for url, message in (("http://192.0.2.1", "--allow-http"), ("huggingface", "huggingface"),
                             ("ftp://127.0.0.1", "neither https nor http"),
                             ("http://a:b@127.0.0.1", "a name or password"),
                             ("file:///tmp", "file:")):
            with self.subTest(url):
                self.assertIn(message, self.refused("--endpoint", url, "--retries", "0",
                                                    "--timeout", "1"))

    def test_token_goes_to_the_hub_alone(self):
        self.pulled(HF_TOKEN=" hf_secret\n")
        for request in self.hub.requests:
            self.assertEqual(request.headers.get("Authorization"),
                             "Bearer hf_secret" if request.server == "hub" else None)
        self.assertTrue(self.hub.seen("cdn"))

    def test_token_that_is_none(self):
        message = self.refused(HF_TOKEN="a\r\nX-Evil: b")
        self.assertIn("HF_TOKEN", message)
        self.assertNotIn("Evil", message)

    def test_text_of_the_server_is_made_harmless(self):
        self.faults.hub_answers = [(403, {"X-Error-Message": "\x1b[2Jgone" + "x" * 1000})]
        message = self.refused()
        self.assertIn("?[2Jgone", message)
        self.assertLess(len(message), 600)


class Secure(PullTest):
    def setUp(self):
        super().setUp()
        self.certificate = self.folder / "certificate.pem"
        key = self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", key, "-out", self.certificate], check=True,
                       capture_output=True)
        self.both = self.folder / "both.pem"
        self.both.write_bytes(key.read_bytes() + self.certificate.read_bytes())

    def test_trusted(self):
        self.start(hub.Hub(self.both, cdn_secure=True))
        path, _ = self.pulled("--cacert", self.certificate, HF_TOKEN="hf_secret")
        self.assertEqual(path.read_bytes(), TINY)
        self.assertEqual(self.hub.seen("cdn")[0].headers.get("Authorization"), None)
        self.assertTrue(self.hub.url.startswith("https://"))
        self.pulled("--force", SSL_CERT_FILE=str(self.certificate))

    def test_not_trusted(self):
        self.start(hub.Hub(self.both))
        message = self.refused()
        self.assertRegex(message, "certificate.*--cacert")
        self.assertEqual(self.hub.requests, [])
        self.assertIn("no-such.pem", self.refused("--cacert", self.folder / "no-such.pem"))

    def test_wrong_host(self):
        self.start(hub.Hub(self.both))
        url = self.hub.url.replace("localhost", "127.0.0.1")
        self.assertRegex(self.refused("--endpoint", url, "--cacert", self.certificate), "127.0.0.1")
        self.assertEqual(self.hub.requests, [])

    def test_no_way_back_to_http(self):
        self.start(hub.Hub(self.both))
        for option in [], ["--allow-http"]:
            message = self.refused("--cacert", self.certificate, *option)
            self.assertIn("away from https", message)
            self.assertNotIn("secret", message)
        self.assertEqual(self.hub.seen("cdn"), [])


if os.environ["HAVE_PULL"] == "1":
    harness.main()
raise SystemExit(harness.SKIP)
