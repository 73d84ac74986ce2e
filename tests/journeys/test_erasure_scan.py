"""Half of the people are erased: their canaries are nowhere in clear, and nothing that was ever sealed for them opens.

What was sealed is copied out before the erasure, as an old dump or backup would have it, and tried
afterwards with every key that is left. The other people's copies have to open: the trial has power.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

import pytest
from rest_framework.test import APIClient

from audit.jobs import log_integrate
from audit.models import AuditEntry
from audit.selectors import bundle_of, verifier_now
from audit.verify import verify_bundle
from audit.whole import log_check
from isolation.scope import tenant_scope
from speakers.models import Speaker
from speakers.sealing import CONTACT, NAME
from storage import seal
from storage.errors import KeyShredded, SealBroken
from storage.keys import key_store
from storage.objects import object_store
from synthesis.models import SCRIPT, SOUND, Synthesis
from tenants.actor import Role
from tests.factories import Organisation, make_organisation
from tests.populate import USE, Story, good, spoken, work_off
from tests.servers import SERVERS

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Copy:
    """Sealed bytes as a backup holds them, and the place they were sealed for."""

    what: str
    tenant: str
    owner: str
    object: str
    purpose: str
    data: bytes

    def opens(self) -> bool:
        """Whether any key that is left opens it."""
        for handle in key_store().handles():
            try:
                key = key_store().of_version(handle, seal.sealed_version(self.data))
                place = seal.Place(self.tenant, self.owner, self.object, self.purpose, key.version)
                seal.open_whole(key.key, place, self.data)
            except (SealBroken, KeyShredded):
                continue
            return True
        return False


def copies(organisation: Organisation, speaker_id: str) -> list[Copy]:
    """Everything sealed for one person whose place is known."""
    with tenant_scope(organisation.id):
        speaker = Speaker.objects.get(pk=speaker_id)
        made = Synthesis.objects.filter(consent__speaker_id=speaker_id)
        found = [
            ("name", speaker.pk, NAME, speaker.sealed_name),
            ("contact", speaker.pk, CONTACT, speaker.sealed_contact),
            *((f"script {row.pk}", row.pk, SCRIPT, row.sealed_script) for row in made),
            *((f"sound {row.pk}", row.pk, SOUND, object_store().get(row.object_key)) for row in made),
        ]
    tenant, owner = str(organisation.id), speaker.key_handle
    return [Copy(what, tenant, owner, str(pk), purpose, bytes(data)) for what, pk, purpose, data in found]


def files_with(canary: str) -> list[str]:
    """Files of the whole profile - database, WAL, Valkey, objects, keys, ledger - that hold the canary in clear."""
    needles = (canary.encode(), canary.encode("utf-16-le"))
    found = []
    for path in SERVERS.profile.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found += [str(path)] * any(needle in content for needle in needles)
    return found


@pytest.mark.soak
def test_nothing_of_an_erased_person_is_found_or_opens(servers, scale):
    """Half of the people are erased; ten of twenty in `./run soak`."""
    organisation = make_organisation()
    canaries = [f"Canary{secrets.token_hex(6)}" for _ in range(2 * min(10, scale(1)))]
    people = [spoken(organisation, f"My name is {word}.", name=f"Person {word}") for word in canaries]
    gone, kept = people[::2], people[1::2]
    before = {story.speaker["id"]: copies(organisation, story.speaker["id"]) for story in people}
    assert all(copy.opens() for held in before.values() for copy in held)
    integrated()
    numbers = list(AuditEntry.objects.values_list("pk", flat=True))

    officer, client = organisation.member_client(Role.CONSENT_OFFICER), organisation.client()
    asked = [(story, officer.post(f"/v1/speakers/{story.speaker['id']}/erasure")) for story in gone]
    erasures = [good(answer)["id"] for _, answer in asked]
    for story in gone:  # before any worker has done anything
        assert used(client, story) == 410
    work_off()
    integrated()
    assert {good(officer.get(f"/v1/erasures/{one}"))["state"] for one in erasures} == {"done"}

    with servers.superuser() as connection:
        connection.execute("CHECKPOINT")
    assert files_with(organisation.tenant.slug), "the scanner finds what is there in clear"
    assert [word for word in canaries[::2] if files_with(word)] == []
    assert [copy.what for story in gone for copy in before[story.speaker["id"]] if copy.opens()] == []
    assert all(copy.opens() for story in kept for copy in before[story.speaker["id"]])
    assert log_check().waiting == 0
    key = verifier_now()
    for number in numbers:
        verify_bundle(json.dumps(bundle_of(number).to_json()), key)

    for story in gone:
        assert client.get(f"/v1/speakers/{story.speaker['id']}").status_code == 410
        assert used(client, story) == 410
    for story in kept:
        assert client.get(f"/v1/syntheses/{story.synthesis['id']}/audio").status_code == 200
    count = sum(len(before[story.speaker["id"]]) for story in gone)
    print(f"{len(gone)} of {len(people)} people erased: 0 of {count} sealed copies open with the keys that are left "
          f"(3/N {3 / count:.2f}); 0 files hold a canary; {len(numbers)} old proofs verify")  # fmt: skip


def integrated() -> None:
    """Bring everything onto the log."""
    while log_check().waiting:
        log_integrate()


def used(client: APIClient, story: Story) -> int:
    """The status of one more use of the person's voice."""
    body = {"voice_version": story.version["id"], "text": "Once more.", "use": USE}
    return client.post("/v1/syntheses", body, format="json").status_code
