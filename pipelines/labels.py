#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints what rexnetjson wrote as a table: a row for each run of frames with
the same best label.

usage: labels.py FILE.jsonl
"""
import itertools
import json
import sys


def best(record: dict) -> tuple[str, float]:
    """The first label and its score; ("-", 0) for a frame without any."""
    if not record["labels"]:
        return "-", 0.0
    return record["labels"][0], record["scores"][0]


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    print(f"{'from':>8} {'to':>8} {'frames':>7}  {'score':>6}  label")
    for label, run in itertools.groupby(records, key=lambda r: best(r)[0]):
        run = list(run)
        start, end = (run[i]["stream_time"] / 1e9 for i in (0, -1))
        score = sum(best(r)[1] for r in run) / len(run)
        print(f"{start:7.2f}s {end:7.2f}s {len(run):7d}  {score:6.1%}  {label}")


if __name__ == "__main__":
    main()
