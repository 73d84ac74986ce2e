"""What the database itself refuses, spoken to by raw SQL as the app role: no service stands in between."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, connection

from isolation.scope import tenant_scope
from synthesis.models import FineTune, Synthesis
from watermark.findings import READ_BACK_BOUND, Confirmation
from watermark.models import Mark
from watermark.ring import live_keys
from watermark.services import Issue, mark_confirm

pytestmark = pytest.mark.django_db(transaction=True)

RELEASE = (
    "UPDATE synthesis_synthesis SET state = 'done', object_key = 'x/y', released_at = clock_timestamp() WHERE id = %s"
)


def sql(world, statement: str, *values) -> int:
    """One statement as the app role, in a transaction of the tenant."""
    with tenant_scope(world.org.id), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0] == django_settings.APP_ROLE
        cursor.execute(statement, values)
        return cursor.rowcount


def marked(world, row: Synthesis, p_value: float = 1e-9) -> Synthesis:
    seen = Confirmation(p_value, 3.0, True, b"fingerprint", 4.0)
    with tenant_scope(world.org.id):
        mark_confirm(
            tenant_id=world.org.id,
            synthesis_id=row.pk,
            subject_handle=world.speaker.key_handle,
            issue=Issue(uuid4().int % 2**48, live_keys()[0]),
            place=(1, 2),
            seen=seen,
        )
    return row


def test_with_consent_and_mark_even_raw_sql_releases(world):
    assert sql(world, RELEASE, marked(world, world.queued()).pk) == 1


def test_nothing_is_released_without_a_live_consent(world, settings):
    settings.CONSENT_REACTIONS = []
    row = marked(world, world.queued())
    world.withdraw()
    with pytest.raises(IntegrityError, match="no sound is released without a live consent"):
        sql(world, RELEASE, row.pk)


def test_nothing_is_released_after_the_consents_end_although_nobody_ended_it(world, servers):
    row = marked(world, world.queued())
    with servers.superuser() as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("UPDATE consent_consent SET valid_until = now() - interval '1 second'")
    with pytest.raises(IntegrityError, match="live consent"):
        sql(world, RELEASE, row.pk)


def test_nothing_is_released_without_a_mark(world):
    with pytest.raises(IntegrityError, match="before its mark was read back"):
        sql(world, RELEASE, world.queued().pk)


def test_nothing_is_released_on_a_mark_that_could_be_chance(world):
    with pytest.raises(IntegrityError, match="before its mark was read back"):
        sql(world, RELEASE, marked(world, world.queued(), p_value=1.1e-6).pk)


def test_the_triggers_bound_is_the_read_backs():
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'synthesis_release_guard'")
        assert f"read_back_p <= {READ_BACK_BOUND!r}" in cursor.fetchone()[0]


def test_nothing_is_inserted_as_released(world):
    row = world.queued()
    columns = ", ".join(
        field.column
        for field in Synthesis._meta.fields
        if field.column not in ("id", "state", "object_key", "released_at")
    )
    with pytest.raises(IntegrityError, match="before its mark was read back"):
        sql(
            world,
            f"INSERT INTO synthesis_synthesis (id, state, object_key, released_at, {columns})"
            f" SELECT gen_random_uuid(), 'done', 'x/y', now(), {columns} FROM synthesis_synthesis WHERE id = %s",
            row.pk,
        )


def test_a_released_sound_cannot_be_exchanged_for_another(world):
    row = world.rendered()
    with tenant_scope(world.org.id):
        Mark.objects.filter(synthesis_id=row.pk).delete()
    with pytest.raises(IntegrityError, match="before its mark was read back"):
        sql(world, "UPDATE synthesis_synthesis SET object_key = 'other/sound' WHERE id = %s", row.pk)


def test_nothing_leaves_quarantine_without_a_live_consent(world):
    row = world.rendered()
    world.withdraw()
    with pytest.raises(IntegrityError, match="live consent"):
        sql(world, "UPDATE synthesis_synthesis SET quarantined_at = NULL WHERE id = %s", row.pk)


def test_a_sound_has_no_address_before_it_is_done(world):
    with pytest.raises(IntegrityError, match="hidden_until_done"):
        sql(world, "UPDATE synthesis_synthesis SET object_key = 'x/y' WHERE id = %s", world.queued().pk)


@pytest.mark.parametrize("column", ["purpose", "channel", "language", "territory", "content_class", "recipient"])
def test_the_declared_use_cannot_be_exchanged(world, column):
    with pytest.raises(IntegrityError, match="what was asked for does not change"):
        sql(world, f"UPDATE synthesis_synthesis SET {column} = 'other' WHERE id = %s", world.queued().pk)


def test_the_consent_of_another_speaker_does_not_release(world, servers, another_speaker):
    row = marked(world, world.queued())
    with servers.superuser() as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("UPDATE synthesis_synthesis SET consent_id = %s WHERE id = %s", [another_speaker, row.pk])
    with pytest.raises(IntegrityError, match="not that of the voice's speaker"):
        sql(world, RELEASE, row.pk)


def test_without_the_trigger_raw_sql_would_release(world, servers, settings):
    """The tests above have power: with the guard taken out, the same statement goes through."""
    settings.CONSENT_REACTIONS = []
    row = world.queued()
    world.withdraw()
    with servers.superuser() as owner:
        owner.execute("ALTER TABLE synthesis_synthesis DISABLE TRIGGER synthesis_release_guard")
        try:
            assert sql(world, RELEASE, row.pk) == 1
        finally:
            owner.execute("ALTER TABLE synthesis_synthesis ENABLE TRIGGER synthesis_release_guard")


def test_no_version_is_handed_over_without_a_live_consent(world, settings):
    settings.CONSENT_REACTIONS = []
    with tenant_scope(world.org.id):
        tune = FineTune.objects.create(
            tenant_id=world.org.id,
            voice=world.voice,
            consent=world.consent,
            subject_handle=world.speaker.key_handle,
            requested_by="system",
        )
    done = "UPDATE synthesis_finetune SET state = 'done', version_id = %s WHERE id = %s"
    world.withdraw()
    with pytest.raises(IntegrityError, match="no voice is made without a live consent"):
        sql(world, done, world.version.pk, tune.pk)


def test_another_tenant_sees_and_changes_nothing(world, another_world):
    row = world.rendered()
    assert sql(another_world, "UPDATE synthesis_synthesis SET seed = 9 WHERE id = %s", row.pk) == 0
    assert sql(another_world, "SELECT 1 FROM watermark_mark") == 0
    assert sql(another_world, "DELETE FROM synthesis_synthesis WHERE id = %s", row.pk) == 0
