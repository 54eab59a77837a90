#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Closes a test run with one line, and fails when nothing was tested.

usage: summary.py TESTLOG.json
"""
import collections
import json
import sys


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as log:
        results = collections.Counter(json.loads(line)["result"] for line in log)
    passed = results.pop("OK", 0) + results.pop("EXPECTEDFAIL", 0)
    skipped = results.pop("SKIP", 0)
    failed = sum(results.values())
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
