"""docker-compose.yml and Dockerfile describe something that can run: checked without a container engine."""

from __future__ import annotations

import json
import re
import tomllib
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command, get_commands

from config import launch
from config.env import PREFIX, read
from config.local import _commands

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if str(service["image"]).startswith("consonant-")}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
every_service = pytest.mark.parametrize("name", SERVICES)
our_services = pytest.mark.parametrize("name", OURS)


def test_the_file_keeps_to_the_compose_specification() -> None:
    schema = json.loads((ROOT / "tests" / "vectors" / "compose" / "compose_spec.json").read_text())
    jsonschema.Draft7Validator(schema).validate(COMPOSE)


def test_the_specification_refuses_a_wrong_file() -> None:
    schema = json.loads((ROOT / "tests" / "vectors" / "compose" / "compose_spec.json").read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate({"services": {"web": {"imagee": "x"}}})


def test_every_part_of_the_production_shape_is_there() -> None:
    assert {"postgres", "redis", "s3", "web", "worker", "worker-gpu", "relay", "sequencer", "sweeper"} <= set(SERVICES)


@every_service
def test_a_service_has_a_health_check_or_ends_by_itself(name: str) -> None:
    service = SERVICES[name]
    if service["restart"] == "no":
        waited_for = [other.get("depends_on", {}).get(name, {}).get("condition") for other in SERVICES.values()]
        assert "service_completed_successfully" in waited_for
    else:
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
        assert service["restart"] == "unless-stopped"


@every_service
def test_a_service_runs_as_an_ordinary_user(name: str) -> None:
    assert str(SERVICES[name]["user"]).split(":")[0] not in {"", "0", "root"}


@our_services
def test_our_processes_may_do_little(name: str) -> None:
    service = OURS[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]


@every_service
def test_images_are_pinned(name: str) -> None:
    image = str(SERVICES[name]["image"])
    assert image.startswith("consonant-") or re.search(r":\d[\w.\-]*(@sha256:[0-9a-f]{64})?$", image)


@every_service
def test_secrets_are_files_and_declared(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    for variable, value in service.get("environment", {}).items():
        if re.search(r"PASSWORD|SECRET|ACCESS_KEY|REDIS_URL|CREDENTIALS", variable):
            assert variable.endswith("_FILE")
            assert str(value).removeprefix("/run/secrets/") in service["secrets"]
    words = json.dumps([service.get("command", ""), service.get("healthcheck", "")])
    for secret in re.findall(r"/run/secrets/([\w-]+)", words):
        assert secret in service["secrets"]


@every_service
def test_named_volumes_exist_and_nothing_else_is_kept(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = str(volume).split(":")[0]
        assert source in COMPOSE["volumes"] or ((ROOT / source).exists() and str(volume).endswith(":ro"))


@our_services
def test_the_environment_is_one_that_we_can_read(name: str, tmp_path: Path) -> None:
    environment = {key: _filled(str(value)) for key, value in OURS[name]["environment"].items()}
    for key in [key for key in environment if key.endswith("_FILE") and key.startswith(PREFIX)]:
        (tmp_path / key).write_text("s" * 64)
        environment[key] = str(tmp_path / key)
    assert read(environment).mode == "production"
    owner = [key for key in environment if "OWNER" in key]
    assert bool(owner) == (name == "migrate"), "only migrations know the owner"


@our_services
def test_our_commands_exist(name: str) -> None:
    command = OURS[name].get("command", [])
    words = command if isinstance(command, str) else " ".join(command)
    assert set(re.findall(r"python manage\.py (\w+)", words)) <= set(get_commands())


def test_a_deployment_makes_its_mark_key_once_and_is_checked() -> None:
    words = SERVICES["migrate"]["command"]
    assert words.index(" migrate ") < words.index("rotate_mark_key --first") < words.index("check --deploy")
    assert all("state:/data" in service["volumes"] for service in OURS.values())


def test_the_laptop_runs_the_same_processes() -> None:
    background = {name for name in OURS if name not in {"migrate", "worker-gpu"}}
    assert background == set(_commands(8000, 8001))


def test_everything_waits_for_the_migrations() -> None:
    for name, service in OURS.items():
        if name != "migrate":
            assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}


def test_build_targets_are_stages_and_the_web_one_brings_no_torch() -> None:
    names = set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE))
    assert {service["build"]["target"] for service in OURS.values() if "build" in service} <= names
    web = DOCKERFILE.split(" AS web\n")[1].split("FROM ")[0]
    assert "install-web" in web
    assert "install-worker" not in web
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not any(line.startswith(("torch", "safetensors")) for line in project["dependencies"])
    assert "USER 10001:10001" in DOCKERFILE


def test_what_the_images_copy_is_sent_to_the_builder() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word for line in re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()}
    assert copied <= sent
    assert all((ROOT / name).exists() for name in sent)


def test_the_secrets_command_makes_what_compose_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "VAR", tmp_path)
    assert launch.production_secrets([]) == 0
    folder = tmp_path / "production" / "secrets"
    before = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(before) == set(COMPOSE["secrets"])
    assert folder.stat().st_mode & 0o077 == 0
    assert before["redis-password"] in before["redis-url"]
    assert before["redis-password"] in before["valkey-conf"]
    assert before["s3-secret-key"] in before["s3-identities"]
    launch.production_secrets([])
    assert {path.name: path.read_text() for path in folder.iterdir()} == before


@pytest.mark.django_db
def test_the_ready_command_really_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    out = StringIO()
    call_command("ready", stdout=out)
    assert out.getvalue().strip() == "database: ok, redis: ok, objects: ok"

    def broken() -> None:
        raise OSError

    monkeypatch.setattr("config.health._objects", broken)
    with pytest.raises(CommandError, match="not ready"):
        call_command("ready", stdout=out)


def _filled(value: str) -> str:
    """The value as compose would hand it over, with made-up answers to what it asks of the operator."""
    value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
    return re.sub(r"\$\{\w+:\?[^}]*\}", "https://voices.example.org", value)


def test_every_queue_has_a_worker() -> None:
    queues = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} | {"celery"}
    laptop = {name: " ".join(command) for name, command in _commands(8000, 8001).items()}
    for command in (SERVICES["worker"]["command"], laptop["worker"], DOCKERFILE):
        assert _queues(_filled(command)) == queues - {"stream"}
    for command in (SERVICES["streamer"]["command"], laptop["streamer"]):
        assert _queues(command) == {"stream"}
    assert _queues(SERVICES["worker-gpu"]["command"]) == {"voice"}


def _queues(command: str) -> set[str]:
    found = re.search(r'--queues"?,? "?([\w,]+)', command)
    assert found, command
    return set(found[1].split(","))
