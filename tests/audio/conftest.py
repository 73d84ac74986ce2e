"""What the tests of sound share."""

import pytest

from tests import hostile


@pytest.fixture(scope="session")
def corpus() -> dict[str, bytes]:
    """The hostile files; building the long ones takes a few seconds, so once."""
    return hostile.corpus()
