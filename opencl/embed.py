#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes .cl files, joined in the order given, into one C string."""

import sys


def quote(line: str) -> str:
    return '  "' + line.replace('\\', '\\\\').replace('"', '\\"') + '\\n"'


def main(output: str, *sources: str) -> None:
    with open(output, 'w', encoding='utf-8') as out:
        out.write('extern const char rexnet_cl_source[];\n'
                  'const char rexnet_cl_source[] =\n')
        for source in sources:
            with open(source, encoding='utf-8') as lines:
                out.writelines(quote(line.rstrip('\n')) + '\n' for line in lines)
        out.write('  ;\n')


main(*sys.argv[1:])
