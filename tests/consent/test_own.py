"""The speaker's own doors: see, withdraw, be forgotten - by the link alone, without the tenant."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.test import APIClient

from consent.receipts import verify
from consent.selectors import receipt_public_key
from erasure.models import Erasure
from isolation.scope import tenant_scope
from speakers.models import SpeakerLinkDigest
from tests.consent import standins

pytestmark = pytest.mark.django_db


def own(studio, path: str = "") -> str:
    return f"/v1/speaker-links/{studio.token}{path}"


def test_the_speaker_sees_what_is_allowed_and_what_was_made(studio, settings):
    settings.SPEAKER_USES = "tests.consent.standins.made_one"
    consent = studio.active()
    answer = APIClient().get(own(studio))
    seen = answer.json()
    assert (seen["name"], seen["organisation"]) == ("Ada Example", studio.organisation.tenant.slug)
    assert [(row["id"], row["state"]) for row in seen["consents"]] == [(str(consent.pk), "active")]
    assert seen["uses"][0]["use"]["purpose"] == "news"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_speaker_withdraws_without_the_tenant_and_gets_two_receipts(studio):
    consent = studio.active()
    stranger = APIClient()
    answer = stranger.post(own(studio, f"/consents/{consent.pk}/withdraw"))
    assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
    assert answer.json()["ended_by"] == f"speaker:{studio.speaker.pk}"
    assert standins.ended == [(studio.id, consent.pk, "withdrawn")]
    assert stranger.post(own(studio, f"/consents/{consent.pk}/withdraw")).status_code == 200
    events = [
        verify(receipt, receipt_public_key())["event"]
        for receipt in stranger.get(own(studio, f"/consents/{consent.pk}/receipts")).json()
    ]
    assert events == ["consent.approved", "consent.withdrawn"]


def test_a_link_reaches_nobody_elses_consent(studio, make_studio):
    consent, other = studio.active(), make_studio()
    for path in (f"/consents/{consent.pk}/withdraw", f"/consents/{consent.pk}/receipts"):
        method = "post" if path.endswith("withdraw") else "get"
        assert getattr(APIClient(), method)(own(other, path)).json()["code"] == "not-found"
    with tenant_scope(studio.id):
        from speakers.services import speaker_add

        _, neighbour = speaker_add(actor=studio.organisation.actor(), name="Someone Else")
    answer = APIClient().post(f"/v1/speaker-links/{neighbour}/consents/{consent.pk}/withdraw")
    assert answer.json()["code"] == "not-found"
    assert studio.again(consent).state == "active"


def test_a_guessed_link_is_nothing(studio):
    for token in ("x", studio.token[:-1], studio.token + "A", "%00"):
        assert APIClient().get(f"/v1/speaker-links/{token}").status_code == 404
        assert Client().get(f"/speaker/{token}").status_code == 404


def test_the_page_shows_it_in_plain_words_and_its_button_withdraws(studio):
    consent, browser = studio.active(), Client()
    page = browser.get(f"/speaker/{studio.token}")
    text = page.content.decode()
    assert page.status_code == 200
    assert "Ada Example, this is your page" in text
    assert "on the telephone" in text
    assert "no-store" in page.headers["Cache-Control"]
    answer = browser.post(f"/speaker/{studio.token}/withdraw", {"consent": str(consent.pk)}, follow=True)
    assert "Consent 1: withdrawn" in answer.content.decode()
    assert studio.again(consent).state == "withdrawn"
    assert browser.post(f"/speaker/{studio.token}/withdraw", {"consent": str(consent.pk)}).status_code == 302
    assert browser.post(f"/speaker/{studio.token}/withdraw", {"consent": "nonsense"}).status_code == 404


def test_the_page_tells_of_every_use_in_words(studio, settings):
    settings.SPEAKER_USES = "tests.consent.standins.made_one"
    studio.active()
    text = Client().get(f"/speaker/{studio.token}").content.decode()
    assert "something was said" in text
    assert "finetune" not in text


def test_the_page_needs_its_form_token(studio):
    consent, browser = studio.active(), Client(enforce_csrf_checks=True)
    assert browser.post(f"/speaker/{studio.token}/withdraw", {"consent": str(consent.pk)}).status_code == 403
    assert studio.again(consent).state == "active"


def test_the_speaker_is_forgotten_on_asking_and_the_page_says_so(studio):
    consent, browser = studio.active(), Client()
    browser.post(f"/speaker/{studio.token}/erase", {})
    with tenant_scope(studio.id):
        assert not Erasure.objects.exists()
    page = browser.post(f"/speaker/{studio.token}/erase", {"sure": "yes"}, follow=True)
    assert page.status_code == 410
    assert "being forgotten" in page.content.decode()
    with tenant_scope(studio.id):
        assert Erasure.objects.get().requested_by == f"speaker:{studio.speaker.pk}"
    assert APIClient().get(own(studio)).json()["code"] == "speaker-erased"
    assert APIClient().post(own(studio, f"/consents/{consent.pk}/withdraw")).status_code == 410
    assert APIClient().post(own(studio, "/erasure")).status_code == 202


def test_the_speaker_ends_links_that_others_may_have(studio):
    more = studio.organisation.client().post(f"/v1/speakers/{studio.speaker.pk}/links").json()["link"]
    token = more.rsplit("/", 1)[1]
    assert APIClient().get(f"/v1/speaker-links/{token}").status_code == 200
    assert APIClient().delete(own(studio, "/links")).json() == {"ended": 1}
    assert APIClient().get(f"/v1/speaker-links/{token}").status_code == 404
    assert SpeakerLinkDigest.objects.filter(speaker_id=studio.speaker.pk).count() == 1


def test_texts_and_the_receipt_key_are_open_to_everybody():
    texts = APIClient().get("/v1/consent-texts").json()
    assert {text["locale"] for text in texts} == {"de", "en", "es", "fr", "zh"}
    assert APIClient().get("/v1/consent-texts/de").json()["body"].startswith("Einwilligung")
    assert APIClient().get("/v1/consent-texts/nl").json()["code"] == "consent-locale-unknown"
    assert APIClient().get("/v1/receipt-key").json()["algorithm"] == "Ed25519"
