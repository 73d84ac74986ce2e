"""One of two people is erased: their canaries are nowhere in clear, and nothing that was ever sealed for them opens.

What was sealed is copied out before the erasure, as an old dump or backup would have it, and tried
afterwards with every key that is left. The other person's copies have to open: the trial has power.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import pytest

from audit.jobs import log_integrate
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
from tests.populate import USE, good, spoken, work_off
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


def test_nothing_of_an_erased_person_is_found_or_opens(servers):
    organisation = make_organisation()
    canaries = [f"Canary{secrets.token_hex(6)}" for _ in range(2)]
    ada, bob = (spoken(organisation, f"My name is {word}.", name=f"Person {word}") for word in canaries)
    before = {story.speaker["id"]: copies(organisation, story.speaker["id"]) for story in (ada, bob)}
    assert all(copy.opens() for kept in before.values() for copy in kept)
    while log_check().waiting:
        log_integrate()

    officer = organisation.member_client(Role.CONSENT_OFFICER)
    erasure = good(officer.post(f"/v1/speakers/{ada.speaker['id']}/erasure"))
    work_off()
    while log_check().waiting:
        log_integrate()
    assert good(officer.get(f"/v1/erasures/{erasure['id']}"))["state"] == "done"

    with servers.superuser() as connection:
        connection.execute("CHECKPOINT")
    assert files_with(organisation.tenant.slug), "the scanner finds what is there in clear"
    assert files_with(canaries[0]) == []
    assert [copy.what for copy in before[ada.speaker["id"]] if copy.opens()] == []
    assert all(copy.opens() for copy in before[bob.speaker["id"]])
    assert log_check().waiting == 0

    client = organisation.client()
    assert client.get(f"/v1/speakers/{ada.speaker['id']}").status_code == 410
    body = {"voice_version": ada.version["id"], "text": "Once more.", "use": USE}
    assert client.post("/v1/syntheses", body, format="json").status_code == 410
    assert client.get(f"/v1/syntheses/{bob.synthesis['id']}/audio").status_code == 200
    count = len(before[ada.speaker["id"]])
    print(f"0 of {count} sealed copies open with the keys that are left (3/N {3 / count:.2f}); 0 files hold the canary")
