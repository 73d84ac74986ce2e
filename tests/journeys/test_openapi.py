"""The server keeps to its own document: schemathesis asks every operation, as two tenants and as nobody."""

from __future__ import annotations

import warnings

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.wsgi import application
from tests.factories import make_organisation
from tests.populate import populate

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def asked(operation, key: str | None, examples: int) -> tuple[int, list[str]]:
    """Ask one operation `examples` times; returns how often, and what was wrong."""
    count, wrong = 0, []
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    secured = operation.definition.raw.get("security") not in ([{}], [])

    # The small run asks the same every time; the soak asks something new.
    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=examples < 10,
    )
    @given(case=operation.as_strategy())
    def ask(case):
        nonlocal count
        count += 1
        response = case.call(headers=headers)
        if key is None and secured and response.status_code not in {401, 429}:
            wrong.append(f"{operation.label}: {response.status_code} without credentials")
        case.validate_response(response, checks=CHECKS)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ask()
        except FailureGroup as failures:
            wrong += [f"{operation.label}: {failure}" for failure in failures.exceptions]
    return count, wrong


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_every_operation_answers_as_it_is_written(scale):
    populated, stranger = make_organisation(), make_organisation()
    populate(populated)
    schema = schemathesis.openapi.from_wsgi("/v1/schema?format=json", application)
    answers = [
        asked(result.ok(), key, scale(3))
        for key in (populated.key(), stranger.key(), None)
        for result in schema.get_all_operations()
    ]
    total, wrong = sum(count for count, _ in answers), [line for _, lines in answers for line in lines]
    assert not wrong, "\n".join(wrong)
    print(f"0 of {total} answers fell outside the document (3/N {3 / total:.4f})")
