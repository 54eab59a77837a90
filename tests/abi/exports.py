#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library exports exactly the functions that its header declares.

usage: exports.py NM LIBRARY HEADER
"""
import pathlib
import re
import subprocess
import sys


def main() -> int:
    nm, library, header = sys.argv[1:]
    table = subprocess.run([nm, "-D", "--defined-only", library], check=True,
                           capture_output=True, text=True).stdout
    exported = {line.split()[-1] for line in table.splitlines()}
    exported -= {name for name in exported if name.startswith(("__asan", "__ubsan", "__odr_asan"))}
    text = pathlib.Path(header).read_text(encoding="utf-8")
    declared = set(re.findall(r"REXNET_API[^;{]*?\b(rexnet_\w+)\s*\(", text))
    for name in sorted(exported - declared):
        print(f"{name} is exported but not declared")
    for name in sorted(declared - exported):
        print(f"{name} is declared but not exported")
    print(f"{len(exported & declared)} functions agree")
    return 1 if exported != declared or not declared else 0


if __name__ == "__main__":
    sys.exit(main())
