# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server on loopback that answers as the Hugging Face Hub does: the hub at
one port, at another the CDN that large files are redirected to.

What a test wants to go wrong is put into the attributes of Hub.
"""
from __future__ import annotations

import collections
import dataclasses
import hashlib
import http.server
import json
import re
import ssl
import threading
import time
import urllib.parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
Request = collections.namedtuple("Request", "server method path headers")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclasses.dataclass
class Faults:
    hub_answers: list = dataclasses.field(default_factory=list)
    """(status, headers) of the next answers of the hub."""
    cut: list = dataclasses.field(default_factory=list)
    """After how many bytes the next answers of the CDN break off."""
    stall: threading.Event | None = None
    """The CDN is silent after a cut until this is set, instead of breaking."""
    pause: float = 0.0
    """Seconds between the blocks of 64 KiB that the CDN sends."""
    damage: bool = False
    """The CDN changes a byte."""
    extra: bytes = b""
    """What the CDN sends behind the end."""
    no_range: bool = False
    wrong_range: bool = False
    no_length: bool = False
    """The CDN's answer ends with the connection."""
    no_linked_size: bool = False
    linked_size: int | None = None
    no_commit: bool = False
    """No commit in the headers of the hub's redirects."""
    no_hash: bool = False
    """No hash in the headers."""
    no_listing: bool = False
    """None in the list of files."""
    listing: bytes | None = None
    """The list of files, in place of the right one."""
    cdn_etag: str = '"cdn-1"'
    direct: bool = False
    """The hub sends large files itself, with the hash as ETag."""
    redirect: str | None = None
    """Where large files are redirected to, in place of the CDN."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, headers: dict[str, str] | None = None,
               body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        hub = self.server.hub
        with hub.lock:
            hub.requests.append(Request(self.server.name, self.command, self.path,
                                        dict(self.headers)))
        if self.server.name == "cdn" or self.path.startswith("/cdn/"):
            self.answer_cdn(hub, hub.faults)
        else:
            self.answer_hub(hub, hub.faults)

    do_HEAD = do_GET

    def answer_hub(self, hub: Hub, faults: Faults) -> None:
        if faults.hub_answers:
            self.answer(*faults.hub_answers.pop(0))
            return
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)", self.path):
            repository, revision = match.groups()
            commit, files = hub.at(repository, urllib.parse.unquote(revision))
            self.answer_listing(faults, files)
            return
        match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.path)
        cached = re.fullmatch(r"/api/resolve-cache/models/([^/]+/[^/]+)/(\w+)/(.+)", self.path)
        if not match and not cached:
            self.answer(404)
            return
        repository, revision, name = (match or cached).groups()
        commit, files = hub.at(repository, urllib.parse.unquote(revision))
        if repository not in hub.repositories:
            self.answer(401, {"X-Error-Code": "RepoNotFound",
                              "X-Error-Message": "Invalid username or password."})
        elif files is None:
            self.answer(404, {"X-Error-Code": "RevisionNotFound",
                              "X-Error-Message": f"Invalid rev id: {revision}"})
        elif name not in files:
            self.answer(404, {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"})
        elif cached:
            self.answer(200, {"ETag": f'"{git_sha1(files[name])}"', "X-Repo-Commit": commit},
                        files[name])
        elif name.endswith((".safetensors", ".bin")):
            self.redirect_large(hub, faults, commit, files[name])
        else:
            self.redirect_small(faults, repository, commit, name, files[name])

    def redirect_large(self, hub: Hub, faults: Faults, commit: str, content: bytes) -> None:
        digest = sha256(content)
        if faults.direct:
            self.answer(200, {"ETag": f'"{digest}"'}, content)
            return
        size = len(content) if faults.linked_size is None else faults.linked_size
        headers = {"Location": faults.redirect or f"{hub.cdn_url}/blobs/{digest}?signature=secret",
                   "X-Repo-Commit": commit, "RateLimit": '"resolvers";r=2999;t=299'}
        if faults.no_commit:
            del headers["X-Repo-Commit"]
        if not faults.no_linked_size:
            headers["X-Linked-Size"] = str(size)
        if not faults.no_hash:
            headers["X-Linked-ETag"] = f'"{digest}"'
        self.answer(302, headers, b"Found. Redirecting.")

    def redirect_small(self, faults: Faults, repository: str, commit: str, name: str,
                       content: bytes) -> None:
        headers = {"Location": f"/api/resolve-cache/models/{repository}/{commit}/{name}",
                   "X-Repo-Commit": commit}
        if faults.no_commit:
            del headers["X-Repo-Commit"]
        if not faults.no_hash:
            headers["ETag"] = f'"{git_sha1(content)}"'
        self.answer(307, headers)

    def answer_listing(self, faults: Faults, files: dict[str, bytes]) -> None:
        rows = []
        for name, content in files.items():
            row = {"type": "file", "oid": git_sha1(content), "size": len(content), "path": name}
            if name.endswith((".safetensors", ".bin")):
                row["lfs"] = {"oid": sha256(content), "size": len(content), "pointerSize": 133}
            rows.append(row)
        listing = json.dumps([] if faults.no_listing else rows).encode()
        self.answer(200, body=listing if faults.listing is None else faults.listing)

    def answer_cdn(self, hub: Hub, faults: Faults) -> None:
        digest = re.match(r"/(?:blobs|cdn)/(\w+)", self.path)[1]
        content = next(content for files in (*hub.repositories.values(), *hub.others.values())
                       for content in files.values() if sha256(content) == digest)
        if faults.damage:
            content = content[:-1] + bytes([content[-1] ^ 1])
        first = 0
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted and not faults.no_range \
                and self.headers.get("If-Range", faults.cdn_etag) == faults.cdn_etag:
            first = int(wanted[1])
            if first >= len(content):
                self.answer(416, {"Content-Range": f"bytes */{len(content)}"})
                return
            told = first + faults.wrong_range
            self.send_response(206)
            self.send_header("Content-Range",
                             f"bytes {told}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("ETag", faults.cdn_etag)
        body = content[first:] + faults.extra
        if faults.no_length:
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.send(body, faults)

    def send(self, body: bytes, faults: Faults) -> None:
        cut = faults.cut.pop(0) if faults.cut else None
        if cut is not None:
            body = body[:cut]
            self.close_connection = True
        for i in range(0, len(body), 1 << 16):
            self.wfile.write(body[i:i + (1 << 16)])
            time.sleep(faults.pause)
        if cut is not None and faults.stall:
            faults.stall.wait(60)

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:  # the client left
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            pass


class Hub:
    """@certificate: (file of certificate and key) makes the hub https; the CDN
    stays http unless @cdn_secure."""

    def __init__(self, certificate: str | None = None, cdn_secure: bool = False) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        """What is in each repository's main, at COMMIT."""
        self.revisions: dict[tuple[str, str], str] = {}
        """Commits of other branches and tags, by repository and name."""
        self.others: dict[str, dict[str, bytes]] = {}
        """What is in those commits."""
        self.faults = Faults()
        self.requests: list[Request] = []
        self.lock = threading.Lock()
        self.servers = []
        self.url = self.serve("hub", certificate)
        self.cdn_url = self.serve("cdn", certificate if cdn_secure else None)

    def serve(self, name: str, certificate: str | None) -> str:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.name, server.hub = name, self
        server.handle_error = lambda *_: None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True,
                                                do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.servers.append(server)
        host = "localhost" if certificate else "127.0.0.1"
        return f"{'https' if certificate else 'http'}://{host}:{server.server_address[1]}"

    def at(self, repository: str, revision: str) -> tuple[str, dict[str, bytes] | None]:
        """The commit of a revision, and its files; None if there is no such thing."""
        commit = self.revisions.get((repository, revision), revision)
        if commit in ("main", COMMIT):
            return COMMIT, self.repositories.get(repository)
        return commit, self.others.get(commit)

    def close(self) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def seen(self, server: str, method: str = "GET") -> list[Request]:
        with self.lock:
            return [r for r in self.requests if r.server == server and r.method == method]
