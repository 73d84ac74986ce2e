"""The story: the whole main job, numbered, over HTTP against the running server.

Each step is a method that prints what happened and leaves what the next one needs. A step that does
not end as it has to stops the story: nothing is papered over.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from config.demo.client import Answered, Client
from config.demo.people import USE, Cast, Person, StoryBroken, Take, phone_call, terms

T = TypeVar("T")
TEXT = "Thank you for calling. Your appointment is on Tuesday, the twenty fourth, at a quarter past nine."


@dataclass
class Story:
    """The steps, in order."""

    cast: Cast
    person: Person
    second: Person
    foreign: Take
    draw_from: Callable[[list[str]], None]  # the one difference from production: where challenges come from
    picture: Callable[[Path, bytes], None]  # draws a sound with the evidence for our mark; needs the operator's key
    synthesis: dict[str, Any] = field(default_factory=dict)
    sound: bytes = b""
    bundle: Path | None = None

    def tell(self) -> None:
        """All of it."""
        step = self.cast.console.step
        with step(f"Enrol a speaker: {self.person.called}"):
            self.enrol(self.person)
        with step("Consent: a fresh challenge, read aloud; a wrong recording is refused; a named officer approves"):
            self.consent(self.person, wrong_first=True)
        with step("Recordings: uploaded, judged, sealed under the speaker's own key"):
            self.record(self.person)
        with step("Fine-tune: a small adapter for this one voice; the base model stays as it is"):
            self.finetune(self.person, "adapted")
        with step("Synthesise: text to marked speech; the mark is read back from the encoded bytes before release"):
            self.synthesise()
        with step("Verify: the sound after a simulated phone call, and a recording that is not ours"):
            self.verify()
        with step("The log: an inclusion proof checked by the stand-alone verifier"):
            self.prove()
        with step("A second speaker, with a preview voice from seconds of speech"):
            for act in (self.enrol, self.consent, self.record):
                act(self.second)
            self.finetune(self.second, "preview")
        with step("Withdrawal: by the speaker's own link, without the tenant's help"):
            self.withdraw()
        with step("Erasure: keys shredded, certificate signed; the log stays whole and the second speaker intact"):
            self.erase()

    # --- Steps -----------------------------------------------------------------------------------------------

    def enrol(self, person: Person) -> None:
        """A person gets a row, a key outside the database, and a link of their own."""
        asked = {"name": person.called, "contact": "speaker@demo.example"}
        person.speaker = self.cast.producer.post("/v1/speakers", asked, once=True)
        self._say(f"speaker {person.speaker['id']}, own page {person.speaker['link']}")

    def consent(self, person: Person, *, wrong_first: bool = False) -> None:
        """Terms, a challenge, evidence, the officer's name."""
        client = self.cast.producer
        self.draw_from([take.text for take in person.takes if len(take.text.split()) > 5])
        draft = {"speaker": person.speaker["id"], "terms": terms(), "locale": "en"}
        person.consent = client.post("/v1/consents", draft, once=True)
        if wrong_first:
            self._speak_to_challenge(person, right=False)
        self._speak_to_challenge(person, right=True)
        path = f"/v1/consents/{person.consent['id']}"
        self._refused(lambda: client.post(f"{path}/approve"), "an API key cannot approve")
        person.consent = self.cast.officer.post(f"{path}/approve")
        self._say(f"approved by officer {person.consent['approved_by']}: {person.consent['state']}")

    def record(self, person: Person) -> None:
        """Uploads to a presigned address; a worker judges each take."""
        client, ids = self.cast.producer, []
        for take in person.takes:
            asked = {"speaker": person.speaker["id"], "size": len(take.data), "content_type": "audio/ogg"}
            upload = client.post("/v1/uploads", asked)
            client.put(upload["url"], take.data, upload["headers"])
            body = {"upload": upload["id"], "language": "en", "transcript": take.text}
            ids.append(client.post("/v1/recordings", body, once=True)["id"])
        rows = [self._ended(f"/v1/recordings/{pk}", "state", n / len(ids)) for n, pk in enumerate(ids, 1)]
        accepted = [row for row in rows if row["state"] == "accepted"]
        seconds = sum(row["length_s"] or 0 for row in accepted)
        self._say(f"{len(accepted)} of {len(rows)} takes accepted, {seconds:.0f} s of speech")
        advice = [finding["advice"] for row in rows for finding in row.get("findings", [])]
        for text in sorted(set(advice))[:4]:
            self._say(f"advice ({advice.count(text)} takes): {text}")

    def finetune(self, person: Person, kind: str) -> None:
        """A version of the voice."""
        client = self.cast.producer
        asked = {"speaker": person.speaker["id"], "name": person.called, "language": "en"}
        person.voice = client.post("/v1/voices", asked, once=True)
        tune = client.post("/v1/finetunes", {"voice": person.voice["id"], "kind": kind}, once=True)
        tune = self._ended(f"/v1/finetunes/{tune['id']}", "state")
        if tune["state"] != "done":
            raise StoryBroken(f"the fine-tune ended as {tune['state']}: {tune['problem']}")
        versions = client.get(f"/v1/voices/{person.voice['id']}/versions")["results"]
        person.version = next(version for version in versions if version["id"] == tune["voice_version"])
        self._say(f"voice version {person.version['number']} ({kind}), base {person.version['base_sha256'][:12]}")
        if card := person.version["measures"].get("card"):
            self._carded(person, card)

    def _carded(self, person: Person, card: dict[str, Any]) -> None:
        """What its quality card says; a draft is heard only once a named person has accepted it."""
        misheard = "" if card["word_errors"] is None else f", words misheard {card['word_errors']:.0%}"
        self._say(f"its quality card: {card['verdict']}, similarity {card['similarity']:.2f}{misheard}")
        path = f"/v1/voices/{person.voice['id']}/versions/{person.version['number']}"
        self._keep("voice-card.png", self.cast.producer.read(f"{path}/picture"))
        if card["verdict"] == "draft":
            for shortcoming in card["shortcomings"]:
                self._say(f"below the bar: {shortcoming}")
            person.version = self.cast.officer.post(f"{path}/accept")
            self._say(f"the officer has accepted the draft: {person.version['state']}")

    def synthesise(self) -> None:
        """A declared use, a job, a sound."""
        client = self.cast.producer
        body = {"voice_version": self.person.version["id"], "text": TEXT, "format": "wav", "use": USE}
        job = client.post("/v1/syntheses", body, once=True)
        self.synthesis = self._ended(f"/v1/syntheses/{job['id']}", "state")
        if self.synthesis["state"] != "done":
            raise StoryBroken(f"the synthesis ended as {self.synthesis['state']}: {self.synthesis['problem']}")
        self.sound = client.read(f"/v1/syntheses/{job['id']}/audio")
        path = self._keep("synthesis.wav", self.sound)
        self._say(f"{self.synthesis['length_s']:.1f} s of speech: {path}")
        self.picture(path.with_suffix(".png"), self.sound)
        self._say(f"its spectrogram, with the evidence for the mark below: {path.with_suffix('.png')}")
        outside = body | {"use": USE | {"purpose": "advertising"}}
        self._refused(lambda: client.post("/v1/syntheses", outside), "a use outside the terms is refused")

    def verify(self) -> None:
        """What everybody may ask, and what only the tenant is told."""
        call = self._keep("after_a_phone_call.wav", phone_call(self.sound))
        anonymous = self.cast.stranger.send_file("/v1/detect", "clip", call.read_bytes())
        self._say(f"anybody may ask: {anonymous['verdict']} (fired: {', '.join(anonymous['layers']['fired'])})")
        told = self._verified(self.cast.compliance, call.read_bytes())
        self._say(f"the tenant is told: {told['verdict']}, p <= {told['p_value']:.1e}")
        for behind in told["attribution"]:
            self._say(f"behind it: synthesis {behind.get('synthesis')}, consent {behind.get('consent_now')}")
        if told["verdict"] != "ours" or anonymous["verdict"] != "ours":
            raise StoryBroken("our own sound was not found after the phone call")
        foreign = self._verified(self.cast.compliance, self.foreign.data)
        self._say(f"a recording of a real person: {foreign['verdict']} (which does not say that it is real)")
        if foreign["verdict"] == "ours":
            raise StoryBroken("a foreign recording was taken for ours")

    def prove(self) -> None:
        """A bundle that anybody can check without us."""
        entries = self.cast.compliance.get("/v1/log/entries?limit=100")["results"]
        released = next(entry for entry in entries if entry["event"] == "synthesis.released")
        bundle = self._until(lambda: self.cast.compliance.read(f"/v1/log/proofs/{released['id']}"), "the log's proof")
        self.bundle = self._keep("log_proof.json", bundle)
        self._check_bundle()

    def withdraw(self) -> None:
        """From the commit on, nothing."""
        client, person = self.cast.producer, self.person
        began = time.perf_counter()
        self.cast.stranger.post(f"/v1/speaker-links/{person.link}/consents/{person.consent['id']}/withdraw")
        body = {"voice_version": person.version["id"], "text": TEXT, "use": USE}
        self._refused(lambda: client.post("/v1/syntheses", body), "a new synthesis is refused")
        self._refused(
            lambda: client.read(f"/v1/syntheses/{self.synthesis['id']}/audio"), "the finished sound is withheld"
        )
        asked = {"voice": person.voice["id"], "kind": "preview"}
        self._refused(lambda: client.post("/v1/finetunes", asked), "a new fine-tune is refused")
        seconds = time.perf_counter() - began
        self._say(f"all of it within {seconds:.2f} s of the click")
        if seconds > 1.0:
            self._say("(more than the second we promise, on this machine, now)")

    def erase(self) -> None:
        """Nothing of the person is left, and everything else is."""
        client, person = self.cast.officer, self.person
        erasure = client.post(f"/v1/speakers/{person.speaker['id']}/erasure")
        erasure = self._ended(f"/v1/erasures/{erasure['id']}", "state", client=client)
        certificate = self._until(lambda: client.read(f"/v1/erasures/{erasure['id']}/certificate"), "the certificate")
        path = self._keep("erasure_certificate.json", certificate)
        self._run_checker("erasure.certificate", path, "certificate")
        try:
            self.cast.producer.get(f"/v1/speakers/{person.speaker['id']}")
        except Answered as answer:
            self._say(f"the speaker's address answers {answer.status} {answer.code}")
        after = self._verified(self.cast.compliance, phone_call(self.sound))
        self._say(f"the sound itself is still known: {after['verdict']}; who it was is not")
        self._check_bundle()
        body = {"voice_version": self.second.version["id"], "text": "I am still here.", "format": "wav", "use": USE}
        job = self.cast.producer.post("/v1/syntheses", body, once=True)
        state = self._ended(f"/v1/syntheses/{job['id']}", "state")["state"]
        self._say(f"the second speaker's voice: {state}")
        if state != "done":
            raise StoryBroken("the second speaker was harmed by the erasure of the first")

    # --- How steps wait, check and keep ------------------------------------------------------------------------

    def _speak_to_challenge(self, person: Person, *, right: bool) -> None:
        client, path = self.cast.producer, f"/v1/consents/{person.consent['id']}"
        challenge = client.post(f"{path}/challenge")
        self._say(f'challenge: "{challenge["phrase"]}"')
        take = next(take for take in person.takes if (take.text == challenge["phrase"]) is right)
        client.send_file(f"{path}/evidence", "recording", take.data, challenge=challenge["id"])
        heard = self._until(lambda: _heard(client.get(f"{path}/evidence"), challenge["id"]), "the checks")
        finding = next(finding for finding in heard["findings"] if finding["check"] == "phrase")
        self._say(f"{'the right' if right else 'another'} recording: phrase {finding['verdict']}, {heard['outcome']}")
        if (heard["outcome"] == "passed") is not right:
            raise StoryBroken("the phrase check did not tell the recordings apart")

    def _ended(self, path: str, member: str, part: float | None = None, client: Client | None = None) -> dict[str, Any]:
        client = client or self.cast.producer
        deadline = time.monotonic() + 1800
        while time.monotonic() < deadline:
            row: dict[str, Any] = client.get(path)
            ended = row[member] in {"done", "failed", "cancelled", "accepted", "rejected"}
            shown = part if part is not None else row.get("progress", 100 if ended else 0) / 100
            self.cast.console.progress(1.0 if ended and part is None else shown, str(row.get("stage") or row[member]))
            if ended:
                return row
            time.sleep(0.2)
        raise StoryBroken(f"{path} did not end")

    def _until(self, ask: Callable[[], T | None], what: str, limit_s: float = 600) -> T:
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            try:
                found = ask()
            except Answered as answer:
                if answer.status not in {404, 409}:
                    raise
                found = None
            if found is not None:
                return found
            time.sleep(0.2)
        raise StoryBroken(f"{what} did not come")

    def _verified(self, client: Client, data: bytes) -> dict[str, Any]:
        told: dict[str, Any] = client.send_file("/v1/verifications", "clip", data, {"Prefer": "wait=20"})
        if told["state"] not in {"done", "failed"}:
            self._ended(f"/v1/verifications/{told['id']}", "state", client=client)
            told = client.get(f"/v1/verifications/{told['id']}")
        return told

    def _refused(self, act: Callable[[], object], what: str) -> None:
        try:
            act()
        except Answered as answer:
            self._say(f"{what}: {answer.status} {answer.code}")
            return
        raise StoryBroken(f"not refused: {what}")

    def _check_bundle(self) -> None:
        if self.bundle is None:
            raise StoryBroken("there is no proof to check")
        self._run_checker("audit.verify", self.bundle, "log proof")

    def _run_checker(self, module: str, path: Path, what: str) -> None:
        keys = ["--key", self._public("/log/key")]
        if module == "erasure.certificate":
            keys = ["--key", self._public("/log/certificate-key"), "--log-key", self._public("/log/key")]
        command = [sys.executable, "-m", module, str(path), *keys]
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = (checked.stdout or checked.stderr).strip().splitlines()
        self._say(f"{what}: {lines[-1] if lines else checked.returncode} (python -m {module} {path.name})")
        if checked.returncode:
            raise StoryBroken(f"the {what} does not hold:\n{checked.stdout}{checked.stderr}")

    def _public(self, path: str) -> str:
        return self.cast.stranger.read(path).decode().strip()

    def _keep(self, name: str, data: bytes) -> Path:
        path = self.cast.out / name
        path.write_bytes(data)
        return path

    def _say(self, text: str) -> None:
        self.cast.console.fact(text)


def _heard(row: dict[str, Any], challenge: str) -> dict[str, Any] | None:
    return row if row["challenge"] == challenge and row["state"] == "done" else None
