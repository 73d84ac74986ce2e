"""What `./run` does once the set-up stands: starts the local platform, or checks and tests the code.

`./run` becomes this module's process; every server and worker is its child and ends with it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from config.embedded import AlreadyRunning, Profile, Servers, free_port
from config.local import ROOT, LocalPlatform, platform_environment
from config.processes import ProcessFailed

VAR = ROOT / "var"
DEFAULT_PORT = 8000
SUITES = {
    "consent": ("consent.bench",),
    "load": ("tests.load",),
    "stream": ("config.bench",),
    "voice": ("synthesis.bench",),
    "watermark": ("watermark.bench",),
}


def main(arguments: Sequence[str]) -> int:
    """Run one command of `./run` and give the exit code."""
    # A stop by any hand ends like Ctrl-C; a shell that starts us in the background has SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return COMMANDS[arguments[0]](list(arguments[1:]))
    except KeyboardInterrupt:
        return 130
    except (ProcessFailed, AlreadyRunning) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def demo(arguments: list[str]) -> int:
    """Start everything, tell the story of `manage.py demo`, and stay up unless told `--once`."""
    parser = _parser("demo", "The whole main job on this machine, then a running server.")
    parser.add_argument("--once", action="store_true", help="stop everything when the story is told")
    parser.add_argument("--speech", metavar="FOLDER", type=Path, help="other recordings than the shipped ones")
    options = parser.parse_args(arguments)
    with _platform("demo", options.port) as platform:
        story = ["demo", *(["--speech", str(options.speech.resolve())] if options.speech else [])]
        code = platform.manage(story)
        if code == 0 and not options.once:
            _stay(platform)
        return code


def serve(arguments: list[str]) -> int:
    """Start everything with the demo's data and stay up."""
    options = _parser("serve", "The server and its workers, without the story.").parse_args(arguments)
    with _platform("demo", options.port) as platform:
        _stay(platform)
    return 0


def manage(arguments: list[str]) -> int:
    """Run a manage.py command on the demo's database, starting its servers only when nobody holds them."""
    profile = Profile(VAR / "demo")
    try:
        with _platform("demo", free_port(), processes=False) as platform:
            return platform.manage(arguments)
    except AlreadyRunning:
        environment = LocalPlatform.running_environment(profile)
        return subprocess.run([sys.executable, "manage.py", *arguments], env=environment, check=False).returncode


def test(arguments: list[str]) -> int:
    """Check the code, then run the tests; the last line is pytest's own."""
    return lint([]) or _call("tests", [sys.executable, "-m", "pytest", *arguments])


def soak(arguments: list[str]) -> int:
    """Run the tests that are marked `soak` with a hundred times the trials; the code is that of the small ones."""
    scale = {"CONSONANT_TEST_SCALE": os.environ.get("CONSONANT_TEST_SCALE", "100")}
    return _call("soak", [sys.executable, "-m", "pytest", "-m", "soak", "-s", *arguments], scale)


def guards(arguments: list[str]) -> int:
    """Remove the guards of tests/guards/register.toml one by one, in a copy, and see that their tests turn red."""
    return _call("guards", [sys.executable, "-m", "tests.guards", *arguments])


def bench(arguments: list[str]) -> int:
    """Measure with the suites that are named, or all of them."""
    parser = argparse.ArgumentParser(prog="./run bench", description="Measure quality, robustness and speed.")
    parser.add_argument("suite", nargs="?", choices=SUITES, help="one of them; all when left out")
    options, rest = parser.parse_known_args(arguments)
    suites = [options.suite] if options.suite else list(SUITES)
    return max(_call(suite, [sys.executable, "-m", *SUITES[suite], *rest]) for suite in suites)


def production_secrets(arguments: list[str]) -> int:
    """Make the secrets that docker-compose.yml names, each once; what stands is never changed."""
    profile = Profile(VAR / "production")
    names = ("postgres-password", "owner-password", "app-password", "redis-password", "secret-key")
    access, secret = profile.secret("s3-access-key"), profile.secret("s3-secret-key")
    identity = {"name": "consonant", "credentials": [{"accessKey": access, "secretKey": secret}]}
    actions = {"actions": ["Admin", "Read", "Write", "List"]}
    password = profile.secret("redis-password")
    written = {
        "redis-url": f"redis://:{password}@redis:6379/0",
        "valkey-conf": f"requirepass {password}\ndir /data\nsave ''\nappendonly yes\nmaxmemory-policy noeviction\n",
        "s3-identities": json.dumps({"identities": [identity | actions]}),
        "aws-credentials": "[default]\naws_access_key_id = \naws_secret_access_key = \n",
    }
    paths = [profile.secret_path(name) for name in names] + [profile.keep(*pair) for pair in written.items()]
    for path in [*paths, profile.secret_path("s3-access-key"), profile.secret_path("s3-secret-key")]:
        path.chmod(0o444)  # containers read them as other users; the folder above is closed to everybody else
    print(f"{paths[0].parent} holds what docker-compose.yml names. Fill in aws-credentials there.")
    return 0


def lint(arguments: list[str]) -> int:
    """Everything about the code that needs no run of it; all of it, so that one round shows every complaint."""
    python, document = sys.executable, VAR / "openapi.yaml"
    make_document = [python, "manage.py", "spectacular", "--validate", "--fail-on-warn", "--file", str(document)]
    checks = {
        "style (ruff)": [python, "-m", "ruff", "check", "."],
        "imports (import-linter)": [str(Path(python).with_name("lint-imports"))],
        "types (mypy)": [python, "-m", "mypy"],
        "OpenAPI document": make_document,
        "OpenAPI document is current (else: cp var/openapi.yaml platform/api/)": [
            "diff",
            "platform/api/openapi.yaml",
            str(document),
        ],
    }
    # Settings must be readable; no server is started for them.
    settings = platform_environment(Servers(Profile(VAR / "lint")), mode="test", public_url="http://127.0.0.1:8000")
    return max([_call(name, command, settings) for name, command in checks.items()])


def _call(name: str, command: Sequence[str], settings: dict[str, str] | None = None) -> int:
    """Run a tool on this terminal under a heading; its exit code."""
    began = time.monotonic()
    print(f"--- {name}", flush=True)
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, **(settings or {})}, check=False).returncode
    if name != "tests":  # where pytest's own line stays the last
        print(f"--- {name}: {'ok' if code == 0 else f'failed ({code})'}, {time.monotonic() - began:.0f} s", flush=True)
    return code


@contextmanager
def _platform(name: str, port: int | None, *, processes: bool = True) -> Iterator[LocalPlatform]:
    """The platform of profile `name`, running; whatever ends the block, nothing of it runs afterwards."""
    profile = Profile(VAR / name)
    with profile.held():
        platform = LocalPlatform(profile, port=_port(port), settings={"CONSONANT_ENGINE": _engine()})
        try:
            if processes:
                began = time.monotonic()
                print("Starting PostgreSQL, Valkey, relay, sequencer, worker and web ...", flush=True)
                platform.start()
                print(f"Ready after {time.monotonic() - began:.1f} s; logs in {profile.log}.", flush=True)
            else:
                platform.start_servers()
            yield platform
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not stop the stopping
            platform.stop()


def _engine() -> str:
    """The shipped voice; a checkout without its weights hums, and says so."""
    if (ROOT / "synthesis" / "weights" / "CARD.md").exists():
        return "neural"
    print("synthesis/weights holds no base voice yet: the voices will hum.", flush=True)
    return "humming"


def _stay(platform: LocalPlatform) -> None:
    print(f"\nThe platform runs at {platform.url} - Ctrl-C stops it.", flush=True)
    platform.watch()


def _parser(command: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"./run {command}", description=description)
    parser.add_argument("--port", type=int, help=f"of the web server; {DEFAULT_PORT} or a free one by default")
    return parser


def _port(wanted: int | None) -> int:
    """The port that was asked for; else the usual one, or another when somebody listens there.

    Raises:
        ProcessFailed: the wanted port is taken.
    """
    port = wanted or DEFAULT_PORT
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if wanted:
                raise ProcessFailed(f"port {wanted} cannot be used: {error.strerror}") from None
            port = free_port()
            print(f"Port {DEFAULT_PORT} is taken; using {port}.", flush=True)
    return port


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "demo": demo,
    "serve": serve,
    "manage": manage,
    "test": test,
    "lint": lint,
    "bench": bench,
    "soak": soak,
    "guards": guards,
    "secrets": production_secrets,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
