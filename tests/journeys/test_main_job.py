"""The whole main job in one process: consent, recordings, voice, synthesis, verification, withdrawal."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factories import make_organisation
from tests.populate import USE, good, spoken, takes, work_off

pytestmark = pytest.mark.django_db(transaction=True)


def test_from_a_challenge_to_a_withdrawal():
    organisation = make_organisation()
    story = spoken(organisation, "Thank you for calling. Your appointment is on Tuesday at a quarter past nine.")
    client = organisation.client()
    address = f"/v1/syntheses/{story.synthesis['id']}/audio"
    sound = client.get(address)
    assert sound.status_code == 200

    ours = client.post("/v1/verifications", {"clip": SimpleUploadedFile("x", sound.content)}, format="multipart").json()
    assert ours["verdict"] == "ours"
    assert ours["attribution"][0]["synthesis"] == story.synthesis["id"]

    foreign = takes("ljspeech", 1)[0]
    answer = client.post(
        "/v1/verifications", {"clip": SimpleUploadedFile("x", foreign.data)}, format="multipart"
    ).json()
    work_off()
    assert good(client.get(f"/v1/verifications/{answer['id']}"))["verdict"] == "not_found"

    withdrawn = f"/v1/speaker-links/{story.link}/consents/{story.consent['id']}/withdraw"
    assert good(client.post(withdrawn))["state"] == "withdrawn"
    refused = client.get(address)
    assert (refused.status_code, refused.json()["code"]) == (403, "consent-withdrawn")
    body = {"voice_version": story.version["id"], "text": "Once more.", "use": USE}
    again = client.post("/v1/syntheses", body, format="json")
    assert again.status_code == 403
