"""The stores under test: a directory, moto's S3, and any real S3 that the environment names."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from storage.directory import DirectoryStore
from storage.objects import ObjectStore
from storage.s3 import S3Store, s3_client
from storage.uploads import UploadSigner

GIVEN = "CONSONANT_TEST_S3_"
KINDS = ["directory", "moto", *(["given"] if f"{GIVEN}ENDPOINT" in os.environ else [])]


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """An S3 and KMS of moto's on loopback. It accepts any secret: rights are not tested here."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _bucket(client: Any) -> str:
    name = f"consonant-{secrets.token_hex(6)}"
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def s3(moto_url: str) -> Iterator[Any]:
    """A client of moto's S3."""
    client = s3_client(moto_url, "us-east-1", "key", "secret")
    yield client
    client.close()


@pytest.fixture
def given_s3() -> Iterator[Any]:
    """A client of the S3 that CONSONANT_TEST_S3_ENDPOINT, _ACCESS_KEY and _SECRET_KEY name."""
    region = os.environ.get(f"{GIVEN}REGION", "us-east-1")
    keys = (os.environ[f"{GIVEN}{name}"] for name in ("ACCESS_KEY", "SECRET_KEY"))
    client = s3_client(os.environ[f"{GIVEN}ENDPOINT"], region, *keys)
    yield client
    client.close()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which store the test runs against."""
    name: str = request.param
    return name


@pytest.fixture
def make_store(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], ObjectStore]:
    """Makes an empty store of the kind."""
    if kind == "directory":
        signer = UploadSigner("s" * 50, "http://testserver/v1/uploads/")
        return lambda: DirectoryStore(tmp_path / secrets.token_hex(4), signer)
    client = request.getfixturevalue("s3" if kind == "moto" else "given_s3")
    return lambda: S3Store(client, _bucket(client))


@pytest.fixture
def store(make_store: Callable[[], ObjectStore]) -> ObjectStore:
    """An empty store."""
    return make_store()
