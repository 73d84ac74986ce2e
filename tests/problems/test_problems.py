"""Every error has one code, one status and a page; everything that fails answers with a problem."""

import gc

import pytest
from django.test import Client
from django.urls import get_resolver

from problems.errors import DomainError, Invalid, registry


def test_codes_are_unique_and_every_case_explains_itself():
    get_resolver().url_patterns  # loads every package's errors
    kinds = registry()
    assert len(kinds) > 40
    for code, kind in kinds.items():
        assert code == kind.code
        assert code.replace("-", "").isalnum(), code
        assert kind.title, code
        assert not kind.title.endswith("."), code
        assert kind.meaning.endswith("."), code
        assert 400 <= kind.status <= 599


def test_two_cases_with_one_code_are_a_programming_error():
    twin = type("Twin", (Invalid,), {"code": "not-found", "__module__": "elsewhere"})
    with pytest.raises(RuntimeError, match="not-found") as caught:
        registry()
    del twin, caught
    gc.collect()  # a class is known to its parent until it is collected
    registry()


@pytest.mark.django_db
def test_every_code_has_its_page():
    client = Client()
    for code, kind in registry().items():
        page = client.get(f"/problems/{code}")
        assert page.status_code == 200
        assert kind.code in page.content.decode()
    assert client.get("/problems/no-such-code").status_code == 404


@pytest.mark.django_db
def test_unknown_routes_answer_with_a_problem():
    answer = Client().get("/v1/no-such-thing")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "not-found"
    assert body["type"].endswith("/problems/not-found")
    assert body["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.django_db
def test_a_browser_gets_a_page_where_a_program_gets_a_document():
    browser = Client().get("/no-such-page", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (browser.status_code, browser.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such thing here" in browser.content.decode()
    assert browser.headers["X-Request-ID"] in browser.content.decode()
    for accept in ("*/*", "application/json", "application/problem+json"):
        program = Client().get("/no-such-page", headers={"Accept": accept})
        assert program.headers["Content-Type"] == "application/problem+json"


def test_facts_become_members_and_the_detail_falls_back_to_the_title():
    error = Invalid(limit=3)
    assert (error.detail, error.facts) == (Invalid.title, {"limit": 3})
    assert DomainError("told").detail == "told"
