"""A query that is written once answers as the queryset does, whoever asks and from whichever thread."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from isolation import prepared
from isolation.prepared import Prepared
from isolation.scope import tenant_scope
from tenants.models import ApiKey, Member
from tests.factories import make_organisation

pytestmark = pytest.mark.django_db(transaction=True)

MEMBER = Prepared(lambda tenant_id, pk: Member.objects.filter(pk=pk, tenant_id=tenant_id, disabled_at=None))


@pytest.fixture(autouse=True)
def _written_anew():
    prepared.forget()
    yield
    prepared.forget()


def columns(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_it_finds_the_row_that_the_queryset_finds():
    here, there = make_organisation(), make_organisation()
    for organisation in (here, there, here):
        with tenant_scope(organisation.id):
            for row in Member.objects.all():
                found = MEMBER.first(tenant_id=organisation.id, pk=row.pk)
                assert columns(found) == columns(row)
                assert not found._state.adding
                assert MEMBER.first(pk=row.pk, tenant_id=organisation.id) == row  # the ids go by name


def test_what_is_not_there_is_none_and_so_is_what_is_anothers():
    here, there = make_organisation(), make_organisation()
    theirs = next(iter(there.members.values()))
    with tenant_scope(here.id):
        assert MEMBER.first(tenant_id=here.id, pk=uuid4()) is None
        assert MEMBER.first(tenant_id=there.id, pk=theirs.pk) is None  # row-level security, whatever the filter says


def test_a_list_is_converted_as_the_orm_does_it():
    organisation = make_organisation()
    organisation.key()
    key = Prepared(lambda tenant_id: ApiKey.objects.filter(tenant_id=tenant_id).order_by("-created_at")[:1])
    with tenant_scope(organisation.id):
        assert columns(key.first(tenant_id=organisation.id)) == columns(ApiKey.objects.get())


def test_a_row_is_written_as_the_orm_writes_it():
    organisation = make_organisation()
    with tenant_scope(organisation.id):
        rows = [
            ApiKey(tenant_id=organisation.id, label="Telephone %s", hint="...", scopes=["keys:read", "a'b"])
            for _ in range(2)
        ]
        prepared.insert(rows[0])
        rows[1].save(force_insert=True)
        assert not rows[0]._state.adding
        written = [columns(ApiKey.objects.get(pk=row.pk)) for row in rows]
        assert written[0] == columns(rows[0])
        for name in ("id", "created_at"):
            assert written[0].pop(name) != written[1].pop(name)
        assert written[0] == written[1]
        with pytest.raises(IntegrityError), transaction.atomic():
            prepared.insert(rows[0])
    with pytest.raises(ProgrammingError, match="row-level security"), tenant_scope(make_organisation().id):
        prepared.insert(ApiKey(tenant_id=organisation.id, label="x", hint="...", scopes=[]))


def test_every_thread_asks_over_its_own_session():
    organisation = make_organisation()
    row = next(iter(organisation.members.values()))
    found = []

    def ask() -> None:
        try:
            with tenant_scope(organisation.id):
                found.append(MEMBER.first(tenant_id=organisation.id, pk=row.pk))
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    found.append(cursor.fetchone()[0])
        finally:
            connection.close()

    ask()
    for _ in range(3):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert {one.pk for one in found[::2]} == {row.pk}
    assert len(set(found[1::2])) == 4
