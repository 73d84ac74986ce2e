"""The embedded servers: they keep what they were given, and a kill leaves nothing that stops the next start."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.embedded import AlreadyRunning, Profile, Servers
from config.processes import wait_until

# Starts the servers of a folder, says so, and waits to be killed.
HOST = """
import sys, time
from pathlib import Path
from config.embedded import Profile, Servers
servers = Servers(Profile(Path(sys.argv[1])), fast=True)
servers.start()
with servers.superuser() as connection:
    connection.execute("CREATE TABLE kept (word text)")
    connection.execute("INSERT INTO kept VALUES ('whole')")
print(*(child.process.pid for child in servers.children), flush=True)
time.sleep(60)
"""


def test_killed_servers_end_and_start_again_with_their_data(tmp_path: Path) -> None:
    host = subprocess.Popen([sys.executable, "-c", HOST, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    with host.stdout:
        pids = [int(word) for word in host.stdout.readline().split()]
        host.kill()
        host.wait(10)
    assert len(pids) == 2
    servers = Servers(Profile(tmp_path), fast=True)
    servers.start()  # at once, while the former ones may still be writing their last
    try:
        with servers.superuser() as connection:
            assert connection.execute("SELECT word FROM kept").fetchone() == ("whole",)
    finally:
        servers.stop()
    for pid in pids:
        wait_until(lambda pid=pid: not psutil.pid_exists(pid), [], 10, f"the end of {pid}")


def test_a_cluster_half_made_is_thrown_away(tmp_path: Path) -> None:
    draft = tmp_path / "postgres.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18")
    servers = Servers(Profile(tmp_path), fast=True)
    servers.start_postgres()
    servers.stop()
    assert not draft.exists()
    assert (tmp_path / "postgres" / "PG_VERSION").read_text().strip() == "18"


def test_a_profile_is_held_once_and_let_go(tmp_path: Path) -> None:
    profile = Profile(tmp_path)
    with profile.held(), pytest.raises(AlreadyRunning), Profile(tmp_path).held():
        pytest.fail("two holders")
    with Profile(tmp_path).held():
        pass


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = Profile(tmp_path).secret("redis-password")
    assert len(first) == 64
    assert Profile(tmp_path).secret("redis-password") == first
    assert Profile(tmp_path).secret("app-password") != first


def test_redis_wants_its_password_and_never_evicts(servers: Servers) -> None:
    with redis.Redis.from_url(servers.redis_url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    once = Retry(NoBackoff(), 0)
    with (
        redis.Redis(port=servers.redis_port, retry=once) as stranger,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        stranger.ping()


def test_no_password_stands_in_a_command_line(servers: Servers) -> None:
    secrets = [path.read_text() for path in (servers.profile.folder / "secrets").iterdir()]
    assert len(secrets) >= 4
    for child in servers.children:
        assert child.process is not None
        line = " ".join(psutil.Process(child.process.pid).cmdline())
        assert not any(secret in line for secret in secrets), child.name


def test_postgres_listens_on_loopback_alone(servers: Servers) -> None:
    with servers.superuser() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)


def test_a_failed_statement_leaves_no_values_in_the_log(servers: Servers) -> None:
    with servers.superuser() as connection, pytest.raises(Exception, match="division"):
        connection.execute('SELECT 1 / 0 AS "a person\'s words"')
    time.sleep(0.05)
    log = (servers.profile.log / "postgres.log").read_text()
    assert "division by zero" in log
    assert "a person's words" not in log
