"""`python -m synthesis.bench`: see the package."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import soundfile

from synthesis.bench import cards, conversions, copies, environment, leaving, losses, minutes, report, speakers, systems
from synthesis.bench.peers import NAMES, Peer
from synthesis.bench.run import Bench, Spoken, speed_of
from synthesis.bench.systems import Prompt, System
from synthesis.commands import WEIGHTS
from synthesis.engine import load_engine
from synthesis.neural import NeuralEngine
from synthesis.training.corpora import Recording, recordings

SPEAKER = "kathleen"
LIKENESS = 30  # recordings that stand for the speaker
COPIES_EACH = 2  # recordings of every stranger


SPOKEN = frozenset({"wer", "dnsmos", "sim", "distance"})  # of these, every system says all prompts
PARTS = ("wer", "dnsmos", "sim", "distance", "copy", "speed", "export", "speakers", "minutes", "cards", "conversions")
WHOLE = PARTS[:-3]  # these train adapters: they are asked for by name


def main() -> None:
    """Make and print the report."""
    asked = _arguments()
    asked.out.mkdir(parents=True, exist_ok=True)
    heard = list(recordings(asked.speech))
    bench = Bench(asked.out)
    prompts = held_out(heard, asked.prompts)
    if asked.install:
        systems.install()
    peers = _peers(asked, bench)
    spoken = _spoken(asked, bench, heard, prompts, peers)
    copied = bench.copies(_pairs(heard, asked, bench)) if "copy" in asked.only else {}
    names = ["humming", *(["neural", "neural-int8"] if _trained(asked.weights) else [])]
    speeds = {name: speed_of(name, asked.weights) for name in names} if "speed" in asked.only else {}
    others = _others(asked, bench, heard, prompts) if _trained(asked.weights) else []
    speeds |= {NAMES[peer.name]: peer.cost for peer in peers if peer.cost}
    notes = _notes(asked, spoken)
    sys.stdout.write(report.write(asked.out, spoken, prompts, copied, speeds, others, notes))


def _spoken(
    asked: argparse.Namespace, bench: Bench, heard: list[Recording], prompts: list[Prompt], peers: list[Peer]
) -> list[Spoken]:
    """Every system's sounds, with the measures that were asked for."""
    if not SPOKEN & set(asked.only):
        return []
    spoken = [bench.speak(system, prompts) for system in _systems(asked, peers)]
    for peer in peers:
        peer.close()
    if "wer" in asked.only:
        texts = sorted({one.text for one in heard if one.speaker == SPEAKER})
        for one in spoken:
            bench.listen(one, prompts, texts)
    if "dnsmos" in asked.only:
        bench.judge(spoken)
    if "sim" in asked.only:
        bench.likeness(spoken, bench.speak(systems.recordings(), train_prompts(heard)))
    if "distance" in asked.only:
        bench.distances(spoken, next(one for one in spoken if one.kind == "ceiling"))
    return spoken


def _others(asked: argparse.Namespace, bench: Bench, heard: list[Recording], prompts: list[Prompt]) -> list[str]:
    """Tables of the parts that stand for themselves."""
    found = []
    if "export" in asked.only:
        found.append(leaving.report(asked.weights, asked.out))
    if "speakers" in asked.only:
        found.append(speakers.report(asked.weights, heard, asked.out))
    if "minutes" in asked.only:
        found.append(minutes.report(bench, asked.weights, heard, asked.person, asked.minutes))
    if "cards" in asked.only:
        found.append(cards.report(bench, asked.weights, heard, asked.person, asked.minutes))
    if "conversions" in asked.only:
        found.append(conversions.report(bench, asked.weights, heard, prompts, asked.person, asked.minutes))
    return found


def held_out(heard: list[Recording], count: int) -> list[Prompt]:
    """The first `count` different prompts that the speaker read and no training heard."""
    by_text = {one.text: one for one in reversed(heard) if one.speaker == SPEAKER and one.split == "held_out"}
    chosen = sorted(by_text.values(), key=lambda one: one.name)[:count]
    return [Prompt(one.name, one.text, one.path) for one in chosen]


def train_prompts(heard: list[Recording]) -> list[Prompt]:
    """Other recordings of the speaker: what likeness is measured against."""
    own = [one for one in heard if one.speaker == SPEAKER and one.split == "train"]
    return [Prompt(one.name, one.text, one.path) for one in own[:: len(own) // LIKENESS]][:LIKENESS]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench voice", description="Measure the voice beside others.")
    parser.add_argument("--prompts", type=int, default=100)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder of the recordings")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--out", type=Path, default=Path("var/bench/voice"))
    parser.add_argument("--systems", help="only these, names as in the table with commas between; recording always")
    parser.add_argument("--install", action="store_true", help="first let apt-get install what others speak with")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=WHOLE, help="only these parts")
    parser.add_argument("--person", nargs="+", default=minutes.PEOPLE, help="whose minutes; of training/unseen.csv")
    parser.add_argument("--minutes", nargs="+", type=float, default=minutes.MINUTES)
    return parser.parse_args()


def _trained(weights: Path) -> bool:
    return (weights / "base.safetensors").exists()


def _peers(asked: argparse.Namespace, bench: Bench) -> list[Peer]:
    """Other people's small voices, when they are wanted; none is started yet."""
    if not SPOKEN & set(asked.only):
        return []
    wanted = asked.systems.split(",") if asked.systems else list(NAMES.values())
    chosen = [name for name, title in NAMES.items() if title in wanted]
    return [Peer(environment.runtimes(bench.folder), name) for name in chosen]


def _systems(asked: argparse.Namespace, peers: list[Peer]) -> list[System]:
    found = [systems.recordings()]
    base = copies.load(asked.weights)
    if base is not None:
        found += losses.parts(base, SPEAKER)
        for name, is_narrow in (("consonant", False), ("consonant int8", True)):
            neural = NeuralEngine(base, is_narrow=is_narrow)
            found.append(systems.engine(name, neural, neural.base_voice()))
    else:
        humming = load_engine("humming", asked.weights)
        found.append(systems.engine("humming", humming, humming.base_voice()))
    found += [peer.system() for peer in peers]
    found += systems.programs()[0]
    wanted = asked.systems.split(",") if asked.systems else [system.name for system in found]
    return [system for system in found if system.name in ("recording", *wanted)]


def _pairs(heard: list[Recording], asked: argparse.Namespace, bench: Bench) -> dict[str, tuple[Path, Path]]:
    """Recordings of people no training heard, and their copies through the vocoder."""
    base = copies.load(asked.weights)
    if base is None:
        return {}
    folder = bench.folder / "sounds" / "copies"
    folder.mkdir(parents=True, exist_ok=True)
    pairs: dict[str, tuple[Path, Path]] = {}
    taken: dict[str, int] = {}
    for one in heard:
        if one.split != "unseen" or taken.get(one.speaker, 0) >= COPIES_EACH:
            continue
        taken[one.speaker] = taken.get(one.speaker, 0) + 1
        samples, rate_hz = soundfile.read(one.path, dtype="float32")
        sides = (folder / f"{one.name}-real.wav", folder / f"{one.name}-copy.wav")
        for side, sound in zip(sides, copies.copied(base, samples, int(rate_hz)), strict=True):
            soundfile.write(side, sound, systems.RATE_HZ, subtype="PCM_16")
        pairs[one.name] = sides
    return pairs


def _notes(asked: argparse.Namespace, spoken: list[Spoken]) -> list[str]:
    """What a reader must know beside the numbers."""
    seconds = sum(soundfile.info(file).duration for file in spoken[0].files) if spoken else 0.0
    missing = systems.programs()[1]
    return [
        "closed: bigrams of all the speaker's prompts, absolute discounting 0.5; open: pocketsphinx's own trigrams",
        f"similarity: Resemblyzer, all clips joined (recording: {seconds:.0f} s) against {LIKENESS} other recordings",
        "all sounds 16 kHz at -26 dBFS; ours unmarked here, as the mark's cost is measured by the watermark's bench",
        "vocoder alone, and mel made, and pitch made: the recordings with those parts made, the rest as it was read",
        *([f"not installed, so not in the table (--install): {', '.join(missing)}"] if missing else []),
        *([] if _trained(asked.weights) else ["no weights yet: only the humming voice of ours is here"]),
    ]


if __name__ == "__main__":
    main()
