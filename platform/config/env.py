"""The environment, read once into a frozen dataclass.

Every name starts with CONSONANT_. A name that is missing, unknown or wrong stops the process with
the full list, so that a typing error cannot silently fall back to a default. A value may stand in
a file: CONSONANT_X_FILE names it (how secrets reach a container).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

PREFIX = "CONSONANT_"
# Read by the tests and the set-up script alone.
OUTSIDE = ("CONSONANT_TEST_",)


class EnvironmentUnusable(Exception):
    """The environment does not describe a deployment; the message lists everything that is wrong."""


@dataclass(frozen=True)
class Environment:
    """What a deployment says about itself."""

    mode: str  # demo | test | production
    secret_key: str  # signs sessions and upload tokens; 50 characters or more in production
    public_url: str  # where strangers reach us, no slash at the end
    data_dir: str  # local files: directory stores, file keys
    database_host: str
    database_port: str
    database_name: str
    database_app_user: str  # NOSUPERUSER NOBYPASSRLS, owns nothing
    database_app_password: str
    redis_url: str
    database_pool: str = ""  # connections that all threads of a process share; one for each thread when empty
    database_owner_user: str = ""  # migrations only; absent in web and worker processes
    database_owner_password: str = ""
    object_store: str = "directory"  # directory | s3
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_access_key: str = ""
    s3_secret_key: str = ""
    s3_bucket: str = ""
    s3_intake_bucket: str = ""
    key_store: str = "directory"  # directory | kms
    kms_key_id: str = ""
    kms_bucket: str = ""
    engine: str = "neural"  # neural | neural-int8 (on a CPU, 0.6 of the time) | humming
    weights_dir: str = ""  # the shipped weights when empty
    device: str = "cpu"  # cpu | cuda
    allowed_hosts: str = "127.0.0.1,localhost"
    tenant_rate: str = "600/min"  # a twentieth of it at once
    anonymous_rate: str = "20/min"
    requests_at_once: str = "6"  # of one web process: its threads share an interpreter, more would only be slower
    log_level: str = "INFO"


_CHOICES = {
    "mode": {"demo", "test", "production"},
    "object_store": {"directory", "s3"},
    "key_store": {"directory", "kms"},
    "engine": {"neural", "neural-int8", "humming"},
    "device": {"cpu", "cuda"},
}


def read(source: Mapping[str, str] | None = None) -> Environment:
    """The environment as a value.

    Raises:
        EnvironmentUnusable: with every missing, unknown and wrong name.
    """
    given = dict(os.environ if source is None else source)
    known = {field.name for field in fields(Environment)}
    values: dict[str, str] = {}
    wrong: list[str] = []
    for name, value in given.items():
        if not name.startswith(PREFIX) or name.startswith(OUTSIDE):
            continue
        key = name.removeprefix(PREFIX).lower()
        if key in known:
            values[key] = value
        elif key.endswith("_file") and key.removesuffix("_file") in known:
            values[key.removesuffix("_file")] = _from_file(name, value, wrong)
        else:
            wrong.append(f"{name} is not a name we know")
    for field in fields(Environment):
        if field.default is MISSING and field.name not in values:
            wrong.append(f"{PREFIX}{field.name.upper()} is missing")
    for key, allowed in _CHOICES.items():
        if key in values and values[key] not in allowed:
            wrong.append(f"{PREFIX}{key.upper()} is {values[key]!r}, not one of {', '.join(sorted(allowed))}")
    if wrong:
        raise EnvironmentUnusable("\n".join(["The environment is not usable:", *sorted(wrong)]))
    return Environment(**values)


def _from_file(name: str, path: str, wrong: list[str]) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        wrong.append(f"{name} names a file that cannot be read ({error.strerror})")
        return ""
