"""`python -m watermark.bench`: measure everything and write tables.

    python -m watermark.bench setup                     install the codecs (Debian, as root)
    python -m watermark.bench [--speech DIR] [--out DIR] [--people N] [--only PART ...]

Parts: quality, strength, channels, long, nulls, places, security, speed. Each writes a CSV and a Markdown table into
the folder of `--out`; `watermark/README.md` shows the last full run.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from watermark.bench import nulls, places, presence, quality, security, speed, strength, table, tools
from watermark.bench.channels import CHANNELS
from watermark.bench.speech import Clip, clips
from watermark.codec.embed import embed
from watermark.codec.keys import MarkKey

PARTS = ("quality", "strength", "channels", "long", "nulls", "places", "security", "speed")
CLIP_S, LONG_S = 11.0, 31.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for."""
    parsed = _parser().parse_args(arguments)
    if parsed.step == "setup":
        tools.install()
        return 0
    tools.require()
    parsed.out.mkdir(parents=True, exist_ok=True)
    people = list(clips(parsed.speech, seconds=CLIP_S, count=parsed.people, seed=parsed.seed))
    for part in parsed.only or PARTS:
        text = _RUN[part](people, parsed)
        (parsed.out / f"{part}.md").write_text(text)
        sys.stdout.write(f"## {part}\n\n{text}\n")
        sys.stdout.flush()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m watermark.bench", description=__doc__)
    parser.add_argument("step", nargs="?", choices=("run", "setup"), default="run")
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder of sets of speech")
    parser.add_argument("--foreign", type=Path, default=Path("../shared/noise"), help="sound that is not ours")
    parser.add_argument("--out", type=Path, default=Path("var/bench/watermark"))
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--cuts", type=int, default=1, help="of every length, person and channel")
    parser.add_argument("--share", default="0/1", help="I/N: which people's clips go through the channels")
    parser.add_argument("--unmarked", type=int, default=10_000, help="searches of sound that is not ours")
    parser.add_argument("--listed", type=int, default=3_000, help="of them once more, with a list of outputs")
    parser.add_argument("--copies", type=int, default=1_000, help="marks planted on other speech")
    parser.add_argument("--keys", type=int, default=200_000, help="wrong keys per clip at a fixed place")
    parser.add_argument("--only", nargs="+", choices=PARTS)
    return parser


def _quality(people: list[Clip], parsed: argparse.Namespace) -> str:
    rows = []
    for number, clip in enumerate(people):
        rng = np.random.default_rng(number)
        marked = embed(clip.samples, clip.rate_hz, MarkKey(rng.bytes(32)), number)
        measured = quality.quality(clip.samples, marked.samples, clip.rate_hz)
        rows.append((clip, measured))
    table.write_csv(parsed.out / "quality.csv", [measured for _, measured in rows])
    names = [one.name for one in fields(quality.Quality)]

    def row(what: str, some: list[quality.Quality]) -> tuple[str, ...]:
        cells = [[getattr(one, name) for one in some] for name in names]
        shown = [f"{np.mean(cell):.3f} ({min(cell):.3f} to {max(cell):.3f})" for cell in cells]
        return what, str(len(some)), *shown

    groups = sorted({clip.group for clip, _ in rows})
    return table.markdown(
        ("people", "clips", "PESQ-WB mean (range)", "STOI", "SNR dB", "NMR dB"),
        [
            row("all", [one for _, one in rows]),
            *(row(f"sex {sex}", [one for clip, one in rows if clip.sex == sex]) for sex in "FM"),
            *(row(group, [one for clip, one in rows if clip.group == group]) for group in groups),
        ],
    )


def _channels(people: list[Clip], parsed: argparse.Namespace) -> str:
    folder, (share, shares) = parsed.out / "channels", map(int, parsed.share.split("/"))
    folder.mkdir(exist_ok=True)
    for number, clip in enumerate(people):
        rows = folder / f"{number:02d}.csv"
        if number % shares == share and not rows.exists():  # a long run that is cut short goes on where it was
            seed = 1000 * parsed.seed + number
            table.write_csv(rows, list(presence.trials(clip, list(CHANNELS), seed=seed, cuts=parsed.cuts)))
    done = [one for rows in sorted(folder.glob("*.csv")) for one in table.read_trials(rows)]
    table.write_csv(parsed.out / "channels.csv", done)
    return f"{table.presence_table(done)}\n{table.groups_table(done)}"


def _long(_: list[Clip], parsed: argparse.Namespace) -> str:
    """Longer clips than the other parts use, through the channels that leave the least of a mark."""
    rows = list[presence.Trial]()
    for number, clip in enumerate(clips(parsed.speech, seconds=LONG_S, count=parsed.people, seed=parsed.seed)):
        seed = 1000 * parsed.seed + 500 + number
        rows += presence.trials(clip, presence.LONG_CHANNELS, seed=seed, cuts=parsed.cuts, lengths=presence.LONG)
    table.write_csv(parsed.out / "long.csv", rows)
    return table.presence_table(rows)


def _nulls(people: list[Clip], parsed: argparse.Namespace) -> str:
    rows = nulls.wrong_keys(people, parsed.keys)
    table.write_csv(parsed.out / "nulls.csv", rows)
    text = table.markdown(
        ("wrong keys x speech", "spread of T", "T above", "times", "times the bound allows"),
        [
            (f"{one.trials:,}", f"{one.spread:.4f}", f"{one.level:g}", str(one.passed), f"{one.allowed:.1f}")
            for one in rows
        ],
    )
    strangers = sorted(parsed.speech.rglob("*.flac"))[::4]
    others = nulls.sounds(parsed.foreign, people[:6], strangers[: parsed.unmarked // 10])
    alone = list(nulls.foreign(others, parsed.unmarked, seconds=3.0, keys=4))
    listed = list(nulls.foreign(others, parsed.listed, seconds=3.0, keys=4, listed=presence.LISTED))
    table.write_csv(parsed.out / "foreign.csv", nulls.counted(alone))
    table.write_csv(parsed.out / "foreign-list.csv", nulls.counted(listed))
    every_place = nulls.text_of(alone, "every place at the speed it has")
    with_list = nulls.text_of(listed, f"the same with a list of {presence.LISTED:,} outputs")
    return f"{text}\n{every_place}\n{with_list}"


def _strength(people: list[Clip], parsed: argparse.Namespace) -> str:
    rows = [row for number, clip in enumerate(people) for row in strength.strengths(clip, list(CHANNELS), seed=number)]
    table.write_csv(parsed.out / "strength.csv", rows)
    return strength.table_of(rows)


def _places(people: list[Clip], parsed: argparse.Namespace) -> str:
    edges = [edge for number, clip in enumerate(people) for edge in places.edges(clip, number)]
    splices = [one for number, clip in enumerate(people) for one in places.splices(clip, number)]
    table.write_csv(parsed.out / "edges.csv", edges)
    table.write_csv(parsed.out / "splices.csv", splices)
    return f"{places.table_of_edges(edges)}\n{places.table_of_splices(splices)}"


def _security(people: list[Clip], parsed: argparse.Namespace) -> str:
    over = [security.overwritten(clip, seconds, n) for n, clip in enumerate(people) for seconds in (3.0, 6.0)]
    copies = list(security.copies(people, parsed.copies))
    taken = [security.subtracted(clip, n) for n, clip in enumerate(people)]
    averaged = [one for n, clip in enumerate(people) for one in security.averaged(clip, n)]
    table.write_csv(parsed.out / "security.csv", over)
    table.write_csv(parsed.out / "averaged.csv", averaged)
    rows = [
        (f"overwritten, same strength, {seconds:g} s: ours / record read",
         " / ".join(f"{table.percent(hits)} %" for hits in (
             [one.p_value <= 1e-6 for one in over if one.seconds == seconds],
             [one.record_read for one in over if one.seconds == seconds])))
        for seconds in (3.0, 6.0)
    ]  # fmt: skip
    rows += [
        (f"gains copied to other speech, 5 s, {len(copies):,} pairs: called ours",
         table.percent([one.verdict == "ours" for one in copies]) + " %"),
        *((f"... content {content}", f"{sum(one.content == content for one in copies):,}")
          for content in ("differs", "unknown", "matches")),
        ("known gains subtracted: still read back", table.percent([one.after <= 1e-6 for one in taken]) + " %"),
        *((f"gains of another output taken off, 10 s, {channel}: by the key / by a list of {security.LISTED:,} / named",
           " / ".join(table.percent([getattr(one, name) for one in averaged if one.channel == channel]) + " %"
                      for name in ("by_key", "by_list", "named")))
          for channel in ("none", "AMR-NB 12.2")),
        *(
            (f"share of the pattern seen after {hours:g} h", f"{100 * security.share_learned(hours):.0f} %")
            for hours in (0.1, 0.5, 1, 2, 5, 10)
        ),
    ]  # fmt: skip
    return table.markdown(("attack", "result"), rows)


def _speed(people: list[Clip], parsed: argparse.Namespace) -> str:
    rows = speed.speeds(people[0])
    table.write_csv(parsed.out / "speed.csv", rows)
    return table.markdown(
        ("work", "clip s", "times real time, one core"), [(r.what, f"{r.seconds:g}", f"{r.times:.1f}") for r in rows]
    )


_RUN = {
    "quality": _quality, "strength": _strength, "channels": _channels, "long": _long, "nulls": _nulls,
    "places": _places, "security": _security, "speed": _speed,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
