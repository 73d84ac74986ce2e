"""From checkpoints to `synthesis/weights`: `python -m synthesis.training export`.

Takes the averaged weights of the last checkpoint of every part, reads the voice vector of the
base voice off her training recordings, evens out the speaker check and calibrates it on people nobody trained
on, and writes safetensors, digest, credits and card.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from synthesis.training import speaker_check
from synthesis.training.corpora import CORPORA
from synthesis.training.data import Shards
from synthesis.tts import voicefile
from synthesis.tts.config import BaseConfig
from synthesis.tts.voice import BaseVoice

WEIGHTS = Path(__file__).parents[1] / "weights"
BASE_SPEAKER = "kathleen"
VECTOR_TAKES = 60
POLISHED = 0.5  # of the way to the polished decoder: all of it is livelier than speech in the noise between sounds


def export(work: Path, config: BaseConfig, folder: Path = WEIGHTS, polished: float = POLISHED) -> str:
    """Write the weights folder; returns the digest. For `polished` see `assemble`."""
    base = assemble(work, config, polished)
    shards = Shards(work / "shards")
    rows = [row for row in shards.rows if row.speaker == BASE_SPEAKER and row.split == "train"]
    step = max(1, len(rows) // VECTOR_TAKES)
    vectors = np.stack([base.voice_vector(shards.wave_of(row)) for row in rows[::step]])
    speaker_check.whiten(base.speaker, speaker_check.clips(shards, unseen=False))
    trials = speaker_check.trials(base, speaker_check.clips(shards, unseen=True))
    tensors = {f"{name}.{key}": value for name, net in base.parts().items() for key, value in net.state_dict().items()}
    tensors[f"voices.{BASE_SPEAKER}"] = torch.from_numpy(vectors.mean(0))
    facts = {"model": config.to_dict(), "same_speaker": trials["threshold"]}
    digest = voicefile.save_base(folder, tensors, facts)
    (folder / "CARD.md").write_text(card(work, shards, digest, trials), encoding="utf-8")
    return digest


def assemble(work: Path, config: BaseConfig, polished: float = POLISHED) -> BaseVoice:
    """A base voice from the last checkpoints below `work`, its frames `polished` of the way to the polished ones."""
    base = BaseVoice.blank(config)
    average = {stage: _average(work / stage / "last.pt") for stage in ("acoustic", "vocoder", "aligner")}
    if (work / "gloss" / "last.pt").exists():
        average["vocoder"] = _average(work / "gloss" / "last.pt")
    average["acoustic"] = _polished(average["acoustic"], work / "polish" / "last.pt", polished)
    speaker = _cut(average["acoustic"], "speaker.")
    judge = _cut(_average(work / "speaker" / "last.pt"), "net.")
    if not torch.equal(judge["weigh.weight"], speaker["weigh.weight"]):
        raise SystemExit("the speaker network has learnt more since the acoustic run: train acoustic once more")
    base.acoustic.load_state_dict(_cut(average["acoustic"], "acoustic."))
    base.vocoder.load_state_dict(average["vocoder"])
    base.aligner.load_state_dict(average["aligner"])
    base.speaker.load_state_dict(speaker)
    return base


def _polished(plain: dict[str, torch.Tensor], checkpoint: Path, share: float) -> dict[str, torch.Tensor]:
    """`share` of the way to the polished weights. Polishing leaves the encoder alone: it tells what they came from."""
    if not checkpoint.exists():
        return plain
    polished = _cut(_average(checkpoint), "learner.")
    if not torch.equal(polished["acoustic.encoder.table.weight"], plain["acoustic.encoder.table.weight"]):
        raise SystemExit(f"acoustic has learnt more since it was polished: remove {checkpoint.parent} and polish again")
    return {
        name: torch.lerp(value, polished[name], share) if value.is_floating_point() else value
        for name, value in plain.items()
    }


def _average(checkpoint: Path) -> dict[str, torch.Tensor]:
    return dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["average"])


def _cut(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def card(work: Path, shards: Shards, digest: str, trials: dict[str, float]) -> str:
    """The model card: what it is, what it was made of, whom to credit, what was measured."""
    manifest = hashlib.sha256((work / "shards" / "manifest.jsonl").read_bytes()).hexdigest()
    lines = [
        "# The base voice", "", f"`{voicefile.BASE}`, SHA-256 `{digest}`", "",
        "A small multi-speaker text-to-speech model for Consonant, trained from nothing by `synthesis/training`.",
        "Its one named voice is *kathleen*, whose recordings were given for text-to-speech. It is not to be used",
        "to speak as any other person of the training data.",
        "", "## Training", "", "| part | steps | minutes |", "|---|---|---|", *_effort(work), "",
        "On two CPU cores, bf16, since the weights it went on from; every run: `synthesis/training/LOG.md`.",
        "", "## Data and credits", "",
        "| set | utterances trained on | minutes | licence | credit |", "|---|---|---|---|---|", *_credits(shards), "",
        f"Manifest of recordings: SHA-256 `{manifest}`.",
        "People kept out of every training: `synthesis/training/unseen.csv`.",
        "", "## Speaker check", "", *_speaker_lines(trials),
    ]
    lines += ["", "What it measures beside recordings and other voices: `synthesis/README.md`."]
    measured = work / "evaluation.json"
    if measured.exists():
        lines += ["", "## Measured", "", "```json", json.dumps(json.loads(measured.read_text()), indent=1), "```"]
    return "\n".join([*lines, ""])


def _effort(work: Path) -> Iterator[str]:
    for stage in ("vocoder", "speaker", "aligner", "acoustic", "polish", "gloss"):
        if not (work / stage / "last.pt").exists():
            continue
        state = torch.load(work / stage / "last.pt", map_location="cpu", weights_only=True)
        if state["steps"]:
            yield f"| {stage} | {state['steps']} | {state['trained_s'] / 60:.0f} |"


def _credits(shards: Shards) -> Iterator[str]:
    for corpus in CORPORA:
        rows = [row for row in shards.rows if row.corpus == corpus.name and row.split == "train"]
        if rows:
            minutes = sum(row.frames for row in rows) * 256 / 24_000 / 60
            yield f"| {corpus.name} | {len(rows)} | {minutes:.1f} | {corpus.licence} | {corpus.credit} |"


def _speaker_lines(trials: dict[str, float]) -> Iterator[str]:
    yield f"{trials['people']:.0f} unseen people, clips of {speaker_check.TRIAL_S:.0f} s:"
    yield f"{trials['own_trials']:.0f} trials of one person, {trials['impostor_trials']:.0f} of two."
    yield f"Equal error rate {trials['equal']:.3f}. At the shipped threshold {trials['threshold']:.3f}:"
    yield f"false match {trials['false_match']:.3f}, miss {trials['miss']:.3f}."
