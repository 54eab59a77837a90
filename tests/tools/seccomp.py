# SPDX-License-Identifier: LGPL-2.1-or-later
"""System calls that go wrong on purpose, through Linux's seccomp."""
from __future__ import annotations

import ctypes
import platform
import struct

OPENAT = {"x86_64": 257, "aarch64": 56}
FSYNC = {"x86_64": 74, "aarch64": 82}
O_TMPFILE_BIT = 0x400000
EOPNOTSUPP = 95
LOAD, IS_EQUAL, HAS_BIT, RETURN = 0x20, 0x15, 0x45, 0x06  # classic BPF
ALLOW, ERRNO, KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER, THIRD_ARGUMENT = 0, 32  # offsets in struct seccomp_data
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER = 22, 38, 2


def is_known() -> bool:
    return platform.machine() in OPENAT


def restrict(tmpfile: bool, fsync: bool) -> None:
    """For preexec_fn: without @tmpfile no file system has O_TMPFILE; without
    @fsync a process is killed that calls it."""
    machine = platform.machine()
    steps = []
    if not fsync:
        steps += [(LOAD, 0, 0, NUMBER), (IS_EQUAL, 0, 1, FSYNC[machine]),
                  (RETURN, 0, 0, KILL_PROCESS)]
    if not tmpfile:
        steps += [(LOAD, 0, 0, NUMBER), (IS_EQUAL, 0, 3, OPENAT[machine]),
                  (LOAD, 0, 0, THIRD_ARGUMENT), (HAS_BIT, 0, 1, O_TMPFILE_BIT),
                  (RETURN, 0, 0, ERRNO | EOPNOTSUPP)]
    steps.append((RETURN, 0, 0, ALLOW))
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *s) for s in steps))
    head = struct.pack("@HP", len(steps), ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) \
            or libc.prctl(PR_SET_SECCOMP, FILTER, head, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")
