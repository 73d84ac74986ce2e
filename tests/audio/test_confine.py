"""What a confined process can still do: think. Every way out kills it."""

import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from audio import helper, room, seccomp
from audio.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2] / "platform"
ENTER = "from audio import confine; confine.enter(space_bytes=confine.address_space() + (1 << 28), cpu_s=2, keep=set())"
GREET = (
    "import sys; sys.path[:0] = [sys.argv.pop()]; import ctypes, os, socket, threading\n"
    "from audio import helper\n"
    "def work(source, memory, frames_max):\n    {act}\n"
    "control = socket.socket(fileno=int(sys.argv[1]))\n"
    "control.send(helper.CONFINED)\n"
    "helper.serve(control, work)\n"
)
# Each does no harm where it gets through: `./run guards` takes the filter away.
WAYS_OUT = {
    "open to write": "os.open('/tmp/leak', os.O_WRONLY | os.O_CREAT)",
    "open to read": "os.open('/etc/hostname', os.O_RDONLY)",
    "socket": "socket.socket()",
    "socket pair": "socket.socketpair()",
    "exec": "os.execv('/bin/true', ['true'])",
    "fork": "os.fork()",
    "pipe": "os.pipe()",
    "write": "os.write(1, b'x')",
    "kill": "os.kill(1, 0)",
    "unlink": "os.unlink('/tmp/nothing')",
    "chmod": "os.chmod('/tmp/nothing', 0o700)",
    "stat by another call": "os.statvfs('/')",
    "new memory to execute": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "trace": "ctypes.CDLL(None).ptrace(0, 0, 0, 0)",
}


@pytest.fixture(autouse=True)
def _the_filter_exists_here() -> None:
    assert platform.system() == "Linux"
    assert seccomp.supported()


@pytest.mark.parametrize("act", WAYS_OUT.values(), ids=WAYS_OUT.keys())
def test_every_way_out_kills(act: str) -> None:
    source = f"import ctypes, mmap, os, socket\n{ENTER}\n{act}\nos._exit(0)"
    done = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == -signal.SIGSYS


def test_thinking_is_allowed() -> None:
    source = f"import os\n{ENTER}\nx = sum(len(bytearray(1 << 20)) for _ in range(50))\nos._exit(7 if x else 1)"
    assert subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=False).returncode == 7


def test_the_one_plain_open_for_reading_that_is_answered_opens_nothing() -> None:
    # libsndfile tries one before it looks at an MP3. Python adds O_CLOEXEC, so it has to be called below Python.
    call = "ctypes.CDLL(None, use_errno=True)"
    source = (
        f"import ctypes, os\nlibc = {call}\n{ENTER}\n"
        "got = libc.open(b'/etc/hostname', 0)\nos._exit(9 if got == -1 and ctypes.get_errno() == 2 else 1)"
    )
    assert subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=False).returncode == 9


def run_in_child(act: str, *, cpu_s: int = 2, wall_s: int = 20) -> int:
    """What becomes of a decoding child whose decoder does `act`."""
    sandbox = Sandbox(GREET.format(act=act))
    size = room.size_for(1000)
    try:
        request = helper.Request(1000, size, size + (1 << 28), cpu_s, wall_s)
        return sandbox.run(room.anonymous_file(0), room.anonymous_file(size), request)
    finally:
        sandbox.close()


@pytest.mark.parametrize(
    ("act", "status"),
    [
        ("os.open('/etc/passwd', os.O_RDONLY)", -signal.SIGSYS),
        ("socket.socket()", -signal.SIGSYS),
        ("os.execv('/bin/true', ['true'])", -signal.SIGSYS),
        ("ctypes.string_at(0)", -signal.SIGSEGV),
        ("bytearray(1 << 30)", 1),
        ("raise RuntimeError", 1),
        ("pass", 0),
    ],
)
def test_the_helper_outlives_whatever_its_child_does(act: str, status: int) -> None:
    assert run_in_child(act) == status


def test_a_child_that_never_ends_is_ended_by_the_processor_clock() -> None:
    # By this signal: the wall clock, which would end it later, sends another.
    assert run_in_child("while True: pass", cpu_s=1, wall_s=60) == -signal.SIGXCPU


def test_a_child_that_sleeps_is_ended_by_the_wall_clock() -> None:
    # Waiting for a lock is allowed and takes no processor time.
    assert run_in_child("threading.Event().wait()", cpu_s=60, wall_s=1) == -signal.SIGKILL


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_whole_for_each_processor(machine: str) -> None:
    code = seccomp.program(machine)
    lines = [code[at : at + 8] for at in range(0, len(code), 8)]
    assert len(code) % 8 == 0
    for index, line in enumerate(lines):
        if int.from_bytes(line[:2], "little") & 0x07 == 0x05:  # a jump lands inside the program
            assert index + 1 + max(line[2], line[3]) < len(lines)
    assert int.from_bytes(lines[-1][:2], "little") == 0x06
