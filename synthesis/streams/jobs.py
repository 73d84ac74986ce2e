"""The work: speak one stream, window by window, never far ahead of whoever listens.

The steps of a synthesis (`synthesis.jobs`), with the sound leaving while it is made:

 1. the job is claimed; what it needs is read; the consent is asked again; the script is prepared
 2. a record id is issued, and a place in the pattern drawn
 3. the script is spoken chunk by chunk, the mark inside the inverse transform
 4. chunks are encoded and cut into windows of at most a second
 5. the mark is read back from the windows as a receiver hears them; what does not show it yet waits
 6. opening: one transaction locks the consent, confirms the mark and logs it; before it, no window leaves
 7. each window is sealed and offered; the listener's side asks the consent once more for each (`services`)
 8. the last window taken, the job ends and the mark's facts are completed

A crash before 6 leaves nothing. After it, the row ends as broken when its lease has run out: a stream is not
taken up again in the middle.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from audio.encode import Format
from audit.services import record
from isolation.scope import tenant_scope
from problems.errors import DomainError, Gone
from storage.sealing import seal_bytes
from synthesis.engine import HOP, N_FFT, Floats
from synthesis.jobs import ordered
from synthesis.models import STREAM_TASK, WINDOW, Synthesis
from synthesis.rendering import Speech
from synthesis.selectors import consent_asked, use_of
from synthesis.streams.errors import ListenerGone, StreamBroken
from synthesis.streams.pipe import AHEAD, Pipe
from synthesis.streams.windows import Encoder, Window
from watermark.codec.embed import new_place
from watermark.codec.field import gain_field
from watermark.codec.fingerprint import fingerprint
from watermark.errors import MarkUnreadable
from watermark.findings import PLACES, Confirmation, Place
from watermark.rolling import RollingReadBack
from watermark.services import Issue, mark_complete, mark_confirm, mark_issue
from work.errors import LeaseLost
from work.leases import CLOCK, Lease, claim, run
from work.models import JobState

KEEP_LEASE_S = 3.0
SLOWEST_HZ = 5.0  # characters a second: nobody speaks so slowly, long pauses in the script included
GONE_S = 30.0  # a listener that took nothing for so long has hung up without a word


def stream_render(*, tenant_id: UUID, job_id: UUID) -> None:
    """Speak one stream; a second call finds the job held or ended and does nothing."""
    lease = claim(Synthesis, tenant_id=tenant_id, job_id=job_id, task=STREAM_TASK)  # 1
    if lease is None:
        return
    pipe = Pipe(job_id)
    try:
        with suppress(LeaseLost):  # it ended (withdrawn, erased, cut by its listener) while our refusal was on its way
            run(lease, lambda held: _speak(held, pipe))
    finally:
        pipe.end()


def _speak(lease: Lease, pipe: Pipe) -> None:
    if lease.fence > 1:
        raise StreamBroken  # somebody has begun it, and died
    row, speech = ordered(lease)  # 1
    issue = mark_issue(tenant_id=lease.tenant_id, synthesis_id=row.pk)  # 2
    for last in (*[False] * (PLACES - 1), True):
        talk = _Talk(lease, row, issue, new_place(), pipe, Encoder(Format(row.format), speech.engine.rate_hz))
        try:
            talk.give(speech)
        except MarkUnreadable:
            # A single word may hide its place badly; while nothing has left, another place is tried.
            if last or talk.offered:
                raise
            continue
        return


@dataclass
class _Talk:
    """One attempt to speak a stream from its beginning to its end."""

    lease: Lease
    row: Synthesis
    issue: Issue
    place: Place
    pipe: Pipe
    encoder: Encoder
    offered: int = 0  # windows
    taken: int = 0
    length_s: float = 0.0
    kept_at: float = field(default_factory=time.monotonic)
    heard: list[Floats] = field(default_factory=list)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    size: int = 0

    def give(self, speech: Speech) -> None:
        """Speak, check, and hand on.

        Raises:
            MarkUnreadable: the newest windows do not carry the mark; they stay here.
            ListenerGone, LeaseLost, JobCancelled, Refused.
        """
        ear = RollingReadBack(self.encoder.rate_hz, self.issue.key, self.issue.record, self.place)
        try:
            self._give(speech, ear)
        except DomainError:
            if self.offered:
                self._complete(ear)
            raise

    def _give(self, speech: Speech, ear: RollingReadBack) -> None:
        for batch in self._checked(speech, ear):
            if not self.offered and batch:
                self._open(ear)  # 6
            for window in batch:
                self._offer(window)  # 7
        while self.taken < self.offered:
            self._listen()
        self._close(ear)  # 8

    def _checked(self, speech: Speech, ear: RollingReadBack) -> Iterator[list[Window]]:
        """Windows that have shown their mark, in order; what has not yet is held back."""
        rate_hz, held = speech.engine.rate_hz, list[Window]()
        gain = gain_field(self.issue.key, self.issue.record, *self.place, rate_hz=rate_hz, n_fft=N_FFT, hop=HOP)
        with _closing(speech.chunks(gain)) as chunks:  # 3
            for window in self.encoder.windows(chunks):  # 4
                held.append(window)
                if ear.hear(window.heard):  # 5
                    yield held
                    held = []
        ear.finish()
        yield held

    def _open(self, ear: RollingReadBack) -> None:
        """Make the sound releasable: what `synthesis.jobs.synthesis_release` is to a file."""
        at_most_s = 10.0 + self.row.characters / SLOWEST_HZ
        with tenant_scope(self.lease.tenant_id):
            consent_asked(
                tenant_id=self.lease.tenant_id,
                consent_id=self.row.consent_id,
                speaker_id=self.row.consent.speaker_id,
                use=use_of(self.row),
                lock=True,
            )
            if not self.lease.rows().select_for_update().exists():
                raise LeaseLost(job=str(self.lease.job_id))
            mark_confirm(
                tenant_id=self.lease.tenant_id,
                synthesis_id=self.row.pk,
                subject_handle=self.row.subject_handle,
                issue=self.issue,
                place=self.place,
                seen=Confirmation(ear.worst_p, ear.markable_s, blind=False, fingerprint=b"", at_most_s=at_most_s),
            )
            self.lease.rows().update(released_at=CLOCK, stage="speaking", media_type=self.encoder.media_type)
            self._record("synthesis.released", record=f"{self.issue.record:012x}", streamed=True)

    def _offer(self, window: Window) -> None:
        while self.offered - self.taken >= AHEAD:
            self._listen()
        self.offered += 1
        sealed = seal_bytes(
            tenant_id=self.row.tenant_id,
            handle=self.row.subject_handle,
            purpose=WINDOW,
            object_id=f"{self.row.pk}/{self.offered}",
            data=window.data,
        )
        self.pipe.offer(self.offered, sealed)
        self.digest.update(window.data)
        self.size += len(window.data)
        self.length_s += window.length_s
        self.heard.append(window.heard)
        self._keep()

    def _listen(self) -> None:
        """Wait for the listener's next word."""
        until = time.monotonic() + GONE_S
        while time.monotonic() < until:
            said = self.pipe.hear()
            if said == "gone":
                raise ListenerGone
            if said:
                self.taken += 1
                return
            self._keep()
        raise ListenerGone

    def _keep(self) -> None:
        if time.monotonic() - self.kept_at >= KEEP_LEASE_S:
            self.lease.keep("speaking", min(99, self.row.progress + 1))
            self.kept_at = time.monotonic()

    def _complete(self, ear: RollingReadBack) -> None:
        """The mark's facts of what was offered before an early end; not when the person's key is gone."""
        with suppress(Gone), tenant_scope(self.lease.tenant_id):
            mark_complete(tenant_id=self.lease.tenant_id, synthesis_id=self.row.pk, seen=self._seen(ear))

    def _seen(self, ear: RollingReadBack) -> Confirmation:
        sound = np.concatenate(self.heard) if self.heard else np.zeros(0, np.float32)
        traits = fingerprint(sound, self.encoder.rate_hz) if self.heard else b""
        return Confirmation(ear.worst_p, ear.markable_s, blind=False, fingerprint=traits, at_most_s=self.length_s)

    def _close(self, ear: RollingReadBack) -> None:
        with tenant_scope(self.lease.tenant_id):
            self.lease.end(
                JobState.DONE,
                stage="streamed",
                length_s=round(self.length_s, 3),
                media_bytes=self.size,
                media_sha256=self.digest.hexdigest(),
            )
            mark_complete(tenant_id=self.lease.tenant_id, synthesis_id=self.row.pk, seen=self._seen(ear))
            self._record("synthesis.streamed", windows=self.offered, length_s=round(self.length_s, 3))

    def _record(self, event: str, **detail: object) -> None:
        record(
            event=event,
            tenant_id=self.lease.tenant_id,
            actor="system",
            object_id=self.row.pk,
            subject_handle=self.row.subject_handle,
            detail={"voice_version": str(self.row.version_id), "consent": str(self.row.consent_id), **detail},
        )


@contextmanager
def _closing(chunks: Iterator[Floats]) -> Iterator[Iterator[Floats]]:
    """End the engine's iterator with us, whatever ends us: nothing more is spoken for a listener who has gone."""
    try:
        yield chunks
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
