"""The whole platform as processes of one machine: servers, web, worker, relay, sequencer.

The demo, the measurements and the fault runs start it; `children` lets the latter kill what they like.
Production has docker-compose.yml and its like instead.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from config.embedded import Profile, Servers, free_port
from config.processes import Child, ProcessFailed, answers, wait_until

ROOT = Path(__file__).resolve().parents[2]
_RESTARTS_PER_MINUTE = 5
_UVICORN = [
    *("--lifespan", "off", "--no-access-log", "--log-level", "warning"),  # requests are logged by our own middleware
    *("--ws", "websockets-sansio", "--ws-max-size", "65536", "--timeout-graceful-shutdown", "5"),
]


class LocalPlatform:
    """Everything that production has, on loopback, out of one profile's folder.

    Args:
        profile: where all of it writes.
        port: of the web process.
        settings: further CONSONANT_ names and their values.
        fast: see `Servers`.
    """

    def __init__(
        self, profile: Profile, *, port: int, settings: dict[str, str] | None = None, fast: bool = False
    ) -> None:
        self.profile = profile
        self.url = f"http://127.0.0.1:{port}"
        stream_port = free_port()
        self.stream_url = f"http://127.0.0.1:{stream_port}"
        self.servers = Servers(profile, fast=fast)
        self.environment = {
            **outer_environment(),
            **platform_environment(self.servers, mode="demo", public_url=self.url),
            **(settings or {}),
            "TMPDIR": str(profile.folder / "tmp"),
        }
        self.children = {name: self._child(name, command) for name, command in _commands(port, stream_port).items()}
        self._restarts: list[float] = []

    def start(self) -> None:
        """Start the servers, migrate as the owner, start the processes and wait until the web one is ready.

        Raises:
            ProcessFailed: something did not come up; what did is left for `stop`.
        """
        self.start_servers()
        self.start_processes()

    def start_processes(self) -> None:
        """Start the processes on servers that run, and wait until the web one is ready.

        Raises:
            ProcessFailed: one did not come up.
        """
        for child in self.children.values():
            child.start()
        children = list(self.children.values())
        wait_until(lambda: answers(f"{self.url}/readyz"), children, 120, "the web process")
        wait_until(lambda: answers(f"{self.stream_url}/healthz"), children, 120, "the process of streams")

    def start_servers(self) -> None:
        """Start the servers and migrate, and leave word of where they are for `running_environment`."""
        scratch = self.profile.folder / "tmp"
        shutil.rmtree(scratch, ignore_errors=True)  # what a killed process was working on
        scratch.mkdir(mode=0o700)
        self.servers.start()
        self.migrate()
        draft = self.profile.folder / "environment.new"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(self.environment))
        draft.rename(self.profile.folder / "environment.json")

    @staticmethod
    def running_environment(profile: Profile) -> dict[str, str]:
        """The environment of the platform that holds `profile` now, for a command beside it.

        Raises:
            ProcessFailed: it is only starting.
        """
        try:
            return dict(json.loads((profile.folder / "environment.json").read_text()))
        except FileNotFoundError:
            raise ProcessFailed(f"{profile.folder} is being started; try again in a moment") from None

    def migrate(self) -> None:
        """Bring the tables up to date; only this process ever learns the owner's password."""
        child = self._child("migrate", [sys.executable, "manage.py", "migrate", "--database=owner", "--no-input"])
        child.environment = self.environment | self.servers.owner_environment()
        child.start()
        try:
            wait_until(lambda: child.exit_code is not None, [], 300, "the migrations")
            if child.exit_code != 0:
                raise ProcessFailed(f"the migrations ended with {child.exit_code}:\n{child.tail()}")
        finally:
            child.stop()

    def manage(self, arguments: Sequence[str]) -> int:
        """Run a manage.py command on this terminal and give its exit code."""
        command = Child("manage", [sys.executable, "manage.py", *arguments], None, self.environment, folder=ROOT)
        command.start()
        try:
            while command.running:
                time.sleep(0.05)
            return command.exit_code or 0
        finally:
            command.stop()

    def watch(self) -> None:
        """Keep everything running until the caller is interrupted; a process that dies is started again.

        Raises:
            ProcessFailed: a server died, or processes die faster than they are worth restarting.
        """
        while True:
            for server in self.servers.children:
                if not server.running:
                    raise ProcessFailed(f"{server.name} ended with {server.exit_code}:\n{server.tail()}")
            for child in self.children.values():
                if not child.running:
                    self._restart(child)
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop the processes, then the servers; safe to call twice and after a failed start."""
        for child in self.children.values():
            child.ask_to_stop()  # all at once: they end side by side
        for child in self.children.values():
            child.stop()
        self.servers.stop()
        (self.profile.folder / "environment.json").unlink(missing_ok=True)

    def _restart(self, child: Child) -> None:
        now = time.monotonic()
        self._restarts = [moment for moment in self._restarts if now - moment < 60] + [now]
        if len(self._restarts) > _RESTARTS_PER_MINUTE:
            raise ProcessFailed(f"{child.name} keeps ending ({child.exit_code}):\n{child.tail()}")
        child.start()

    def _child(self, name: str, command: Sequence[str]) -> Child:
        log = self.profile.log / f"{name}.log"
        # A worker asked politely finishes its tasks first; asked less politely it still says good-bye to Valkey, and
        # waits for ever where that has gone before.
        death_signal = signal.SIGKILL if name in {"worker", "streamer"} else None
        return Child(name, command, log, self.environment, death_signal=death_signal, folder=ROOT)


def outer_environment() -> dict[str, str]:
    """The caller's environment without any CONSONANT_ name: a profile says everything itself."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("CONSONANT_")}
    return outer | {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1"}


def platform_environment(servers: Servers, *, mode: str, public_url: str) -> dict[str, str]:
    """What `env.py` asks of every process; the secrets as files, as production gives them."""
    data = servers.profile.folder / "data"
    data.mkdir(exist_ok=True, mode=0o700)
    return {
        "CONSONANT_MODE": mode,
        "CONSONANT_SECRET_KEY_FILE": str(servers.profile.secret_path("secret-key")),
        "CONSONANT_PUBLIC_URL": public_url,
        "CONSONANT_DATA_DIR": str(data),
        "CONSONANT_REDIS_URL": servers.redis_url,
        **servers.database_environment(),
    }


def _commands(port: int, stream_port: int) -> dict[str, list[str]]:
    """Each process and how it is started, in the order of starting."""
    python = sys.executable
    worker = [python, "-m", "celery", "--app", "config.celery", "worker", "--loglevel", "INFO"]
    return {
        "relay": [python, "manage.py", "relay"],
        "sequencer": [python, "manage.py", "sequence"],
        "sweeper": [python, "manage.py", "sweep"],
        "worker": [*worker, "--queues", "celery,voice", "--concurrency", "2", "--without-gossip"],
        # A stream waits for its listener most of the time, so many threads share one voice model.
        "streamer": [*worker, "--queues", "stream", "--pool", "threads", "--concurrency", "32", "--without-gossip"],
        "stream": [python, "-m", "uvicorn", "config.asgi:application", "--port", str(stream_port), *_UVICORN],
        "web": [python, "-m", "config.web", "--bind", f"127.0.0.1:{port}"],
    }
