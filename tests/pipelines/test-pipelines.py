#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every shipped pipeline as a person would and checks what it leaves.

Printed as TAP. Environment: BUILD, the build folder.
"""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIP = ROOT / "tests/data/clip/fashion.webm"
TRUTH = json.loads((ROOT / "tests/data/clip/fashion.json").read_text(encoding="utf-8"))
FRAMES = 180


def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([ROOT / "pipelines" / script, *arguments], text=True, timeout=600,
                          env=os.environ | environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


def read_lines(path: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def check(condition: bool, what: str, output: str = "") -> None:
    if not condition:
        raise AssertionError(f"{what}\n{output}")


def check_labels(records: list[dict]) -> None:
    """Nine of the ten pictures at least, in the middle of their time."""
    right = 0
    for part in TRUTH:
        middle = (part["start"] + part["end"]) / 2 * 1e9
        record = min(records, key=lambda r: abs(r["stream_time"] - middle))
        right += record["labels"][0] == part["label"]
    check(right >= len(TRUTH) - 1, f"{right} of {len(TRUTH)} pictures labelled rightly")


def png_size(path: pathlib.Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    check(head[:8] == b"\x89PNG\r\n\x1a\n", f"{path} is no PNG")
    return struct.unpack(">II", head[16:24])


def test_quickstart(folder: pathlib.Path) -> None:
    done = run("quickstart.sh", str(folder))
    check(done.returncode == 0, "quickstart.sh failed", done.stdout)
    listed = sum(part["label"] in done.stdout for part in TRUTH)
    check(listed >= len(TRUTH) - 1, f"{listed} of {len(TRUTH)} labels in the table", done.stdout)
    records = read_lines(folder / "labels.jsonl")
    check(len(records) == FRAMES, f"{len(records)} lines for {FRAMES} frames")
    check_labels(records)
    check(png_size(folder / "overlay-03.png") == (640, 480), "the picture's size")
    again = folder / "again.jsonl"
    subprocess.run(["gst-launch-1.0", "-q", "filesrc", f"location={folder / 'overlay.webm'}",
                    "!", "matroskademux", "!", "vp8dec", "!", "rexnetjson", "!", "filesink",
                    f"location={again}"], check=True, timeout=120,
                   env=os.environ | {"GST_PLUGIN_PATH": f"{os.environ['BUILD']}/plugin"})
    check(len(read_lines(again)) == FRAMES, "frames in the video that was written")


def test_live(folder: pathlib.Path) -> None:
    sink = "identity eos-after=20 ! pngenc ! multifilesink location={}/live-%02d.png"
    done = run("live.sh", "test", "top-k=2", SINK=sink.format(folder))
    check(done.returncode == 0, "live.sh failed", done.stdout)
    check((folder / "live-10.png").exists(), "no live picture", done.stdout)


def test_live_without_camera(folder: pathlib.Path) -> None:
    done = run("live.sh", str(folder / "no-camera"))
    check(done.returncode == 1 and "no-camera" in done.stdout, "no word of the camera", done.stdout)


def test_live_address(folder: pathlib.Path) -> None:
    sink = "identity eos-after=5 ! pngenc ! multifilesink location={}/live-%02d.png"
    done = run("live.sh", CLIP.as_uri(), SINK=sink.format(folder))
    check(done.returncode == 0, "live.sh failed", done.stdout)
    check((folder / "live-03.png").exists(), "no picture of the stream", done.stdout)


def test_without_build(folder: pathlib.Path) -> None:
    for script, argument in ("live.sh", "test"), ("batch.sh", str(CLIP)):
        done = run(script, argument, BUILD=str(folder))
        check(done.returncode == 1 and "quickstart.sh" in done.stdout,
              f"{script} without a build", done.stdout)


def test_batch(folder: pathlib.Path) -> None:
    first, second, broken = folder / "a clip.webm", folder / "b.webm", folder / "broken.webm"
    shutil.copy(CLIP, first)
    shutil.copy(CLIP, second)
    broken.write_bytes(b"no video")
    done = run("batch.sh", str(first), str(broken), str(second), "--", "top-k=3", INTERVAL="6")
    check(done.returncode == 1 and f"{broken}: not classified" in done.stdout,
          "the broken file is not reported", done.stdout)
    check(not pathlib.Path(f"{broken}.jsonl").exists(), "an empty file is left behind")
    check("a clip.webm (00:00:0" in done.stdout, "no sign of progress", done.stdout)
    for file in first, second:
        records = read_lines(pathlib.Path(f"{file}.jsonl"))
        check(len(records) == FRAMES, f"{len(records)} lines for {FRAMES} frames")
        check(len(records[0]["labels"]) == 3, "top-k=3")
        check(sum(r["age"] == 0 for r in records) == FRAMES / 6, "every 6th frame is inferred")
        check_labels(records)


def main() -> int:
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = 0
    for number, test in enumerate(tests, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(pathlib.Path(folder))
                print(f"ok {number} - {test.__name__}", flush=True)
            except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as error:
                failed += 1
                print(f"not ok {number} - {test.__name__}", flush=True)
                print("\n".join("# " + line for line in str(error).splitlines()), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
