"""A seccomp filter of our own: after `install`, every system call but a handful kills the process at once.

Twenty lines of BPF through prctl, because the library bindings for it are either unmaintained or need a C compiler.
The list is what reading one open file, managing memory and leaving need; there is no socket, no exec, no write, no
kill. Two harmless habits of the decoders are answered with an error instead of death: libsndfile, before it tries a
file as MP3, looks for a resource fork as Macs once had, by a plain openat for reading; libmpg123 complains on the
error output. Nothing is ever opened or written. The filter holds for Linux on x86_64 and aarch64; elsewhere
`supported` says no and nothing is installed.

Source: Linux Documentation/userspace-api/seccomp_filter.rst; numbers from arch/*/include/uapi/asm/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from functools import cache

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2
_LOAD, _JUMP_EQ, _JUMP_GE, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL_PROCESS, _REFUSE, _ALLOW = 0x80000000, 0x00050000 | errno.ENOENT, 0x7FFF0000
_OFFSET_NR, _OFFSET_ARCH, _OFFSET_FIRST, _OFFSET_THIRD = 0, 4, 16, 32  # arguments: lower half, on little endian
_PROT_EXEC, _O_RDONLY, _ERROR_OUTPUT = 4, 0, 2
_X32_BIT = 0x40000000  # the second table of x86_64, through which a filter by number could be walked round

_NAMES = (
    "read", "pread64", "lseek", "fstat", "newfstatat", "close", "brk", "munmap", "mremap", "madvise", "futex",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "clock_gettime", "getpid", "gettid", "sched_yield", "getrandom",
    "exit", "exit_group",
)  # fmt: skip
_NO_EXEC_NAMES = ("mmap", "mprotect")  # allowed unless they ask for memory that can be executed
_REFUSED_READING = "openat"  # answered with an error when it only wants to read, deadly otherwise
_REFUSED_COMPLAINT = "write"  # answered with an error on the error output, deadly otherwise

_ARCHITECTURES: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (0xC000003E, {
        "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12,
        "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "pread64": 17, "sched_yield": 24, "mremap": 25,
        "madvise": 28, "getpid": 39, "exit": 60, "gettid": 186, "futex": 202, "clock_gettime": 228, "exit_group": 231,
        "openat": 257, "newfstatat": 262, "getrandom": 318,
    }),
    "aarch64": (0xC00000B7, {
        "openat": 56, "close": 57, "lseek": 62, "read": 63, "write": 64, "pread64": 67, "newfstatat": 79, "fstat": 80,
        "exit": 93, "exit_group": 94, "futex": 98, "clock_gettime": 113, "sched_yield": 124, "rt_sigaction": 134,
        "rt_sigprocmask": 135, "rt_sigreturn": 139, "getpid": 172, "gettid": 178, "brk": 214, "munmap": 215,
        "mremap": 216, "mmap": 222, "mprotect": 226, "madvise": 233, "getrandom": 278,
    }),
}  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))
    held: object


def supported() -> bool:
    """Whether a filter is known for this system; the kernel may still refuse it."""
    return sys.platform == "linux" and os.uname().machine in _ARCHITECTURES


def install() -> None:
    """Confine the calling process (its one thread) for good.

    Raises:
        OSError: the kernel refused; the process is as free as before and the caller must not go on.
    """
    libc, prog = ready()
    # Without no_new_privs an unprivileged process may not install a filter.
    for arguments in ((_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(prog), 0, 0)):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "seccomp filter refused by the kernel")


@cache
def ready() -> tuple[ctypes.CDLL, _Program]:
    """The C library and the filter, built once: a parent that calls this spares each child a millisecond."""
    code = program(os.uname().machine)
    buffer = ctypes.create_string_buffer(code, len(code))
    prog = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    prog.held = buffer  # the structure holds a bare address
    return ctypes.CDLL(None, use_errno=True), prog


def program(machine: str) -> bytes:
    """The filter as BPF instructions of eight bytes.

    Layout: architecture, calls by number, then the calls whose third argument decides, then the verdicts. Jumps count
    instructions forward, which is why the distances are computed from the end.
    """
    architecture, numbers = _ARCHITECTURES[machine]
    head = [(_LOAD, 0, 0, _OFFSET_ARCH), (_JUMP_EQ, 1, 0, architecture), (_RETURN, 0, 0, _KILL_PROCESS)]
    head += [(_LOAD, 0, 0, _OFFSET_NR), (_JUMP_GE, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL_PROCESS)]
    refusal = [(_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _KILL_PROCESS)]
    tail = [(_RETURN, 0, 0, _KILL_PROCESS), (_RETURN, 0, 0, _ALLOW)]  # 0: no number matched, 1
    tail += [(_LOAD, 0, 0, _OFFSET_THIRD), (_JUMP_SET, 0, 1, _PROT_EXEC), tail[0], tail[1]]  # 2
    tail += [(_LOAD, 0, 0, _OFFSET_THIRD), (_JUMP_EQ, 0, 1, _O_RDONLY), *refusal]  # 6
    tail += [(_LOAD, 0, 0, _OFFSET_FIRST), (_JUMP_EQ, 0, 1, _ERROR_OUTPUT), *refusal]  # 10
    places = [(numbers[name], 1) for name in _NAMES] + [(numbers[name], 2) for name in _NO_EXEC_NAMES]
    places += [(numbers[_REFUSED_READING], 6), (numbers[_REFUSED_COMPLAINT], 10)]
    checks = [(_JUMP_EQ, len(places) - 1 - index + place, 0, number) for index, (number, place) in enumerate(places)]
    return b"".join(struct.pack("=HBBI", *line) for line in [*head, *checks, *tail])
