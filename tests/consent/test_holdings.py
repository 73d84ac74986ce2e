"""After an erasure nothing of the person is left in consents, and every row that stays is about nobody."""

import pytest

from consent.errors import EvidenceMissing
from consent.holdings import ConsentHolding
from consent.models import Consent, Evidence
from consent.selectors import evidence_clip
from erasure.holdings import Subject
from isolation.scope import tenant_scope
from storage.objects import object_store

pytestmark = pytest.mark.django_db


def test_sound_and_findings_go_and_the_neighbours_stay(studio, make_studio):
    active, pending, other = studio.active(), studio.pending(), make_studio()
    kept = other.active()
    prefix = f"{studio.id}/evidence/{studio.speaker.pk.hex}/"
    object_store().put(prefix + "orphan", b"sealed, and named by no row")
    subject = Subject(studio.id, studio.speaker.pk, studio.speaker.key_handle)
    with tenant_scope(studio.id):
        assert len(ConsentHolding().left(subject)) == 2 + 3
        assert ConsentHolding().destroy(subject) >= 3
        assert ConsentHolding().left(subject) == []
        assert ConsentHolding().destroy(subject) == 0
        assert list(object_store().residue(prefix)) == []
        assert set(Evidence.objects.values_list("object_key", flat=True)) == {""}
        with pytest.raises(EvidenceMissing):
            evidence_clip(tenant_id=studio.id, consent_id=active.pk)
    assert (studio.again(active).state, studio.again(pending).state) == ("withdrawn", "refused")
    assert other.again(kept).state == "active"
    with tenant_scope(other.id):
        assert evidence_clip(tenant_id=other.id, consent_id=kept.pk).length_s == pytest.approx(2.0, abs=0.01)


def test_a_check_that_still_runs_can_write_nothing_any_more(studio):
    consent = studio.draft()
    evidence = studio.submit(consent, studio.challenge(consent))
    subject = Subject(studio.id, studio.speaker.pk, studio.speaker.key_handle)
    with tenant_scope(studio.id):
        ConsentHolding().destroy(subject)
    assert studio.check(evidence).state == "cancelled"
    with tenant_scope(studio.id):
        assert Consent.objects.get(pk=consent.pk).state == "draft"
        assert ConsentHolding().left(subject) == []
