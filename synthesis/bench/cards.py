"""What the bars of a voice's card stand between: cards of base voice, preview and trained voices of unseen people.

    ./run bench voice --only cards [--person lj flemishguy] [--minutes 1 10]

The takes that a card is measured with are those that `minutes` keeps apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from synthesis.bench.run import Bench
from synthesis.bench.unseen import minutes_of, person_of, takes_of, voice_of
from synthesis.card import bars
from synthesis.card.measure import Card, measure
from synthesis.engine import load_engine
from synthesis.training.corpora import Recording

_TAKES = 6  # kept apart; as many as a card of the platform has
_KEPT_MIN = 9.0  # more than is ever kept apart


def report(
    bench: Bench, weights: Path, heard: Sequence[Recording], people: Sequence[str], minutes: Sequence[float]
) -> str:
    """One row for each voice, in Markdown; the bars below."""
    made = load_engine("neural", weights)
    lines = [
        "| voice | similarity | of the person | margin | distortion dB | misheard | base | octaves |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in people:
        person = person_of(bench, name, heard)
        apart, there_are = takes_of(person.held, _KEPT_MIN)[:_TAKES], minutes_of(person.rest)
        voices = [("base voice", made.base_voice(), takes_of(person.rest, 1.0))]
        for wanted in (0.0, *(some for some in minutes if some < 1.3 * there_are)):
            title = f"trained on {wanted:g} min" if wanted else "preview"
            voices.append((title, voice_of(bench, made, person, wanted), takes_of(person.rest, wanted or 1.0)))
        lines += [_row(f"{name}, {title}", measure(made, voice, train, apart)) for title, voice, train in voices]
    least = made.same_speaker_at - bars.SIMILARITY_SLACK
    lines.append(
        f"| **bar** | {least:.2f} | | {bars.LEAST_MARGIN:.2f} | {bars.DISTORTION_DB:.1f} "
        f"| base + {bars.WORDS_WORSE:.0%} | | {bars.PITCH_OCTAVES:.2f} |"
    )
    return "\n".join(lines)


def _row(title: str, card: Card) -> str:
    def shown(value: float | None, form: str) -> str:
        return "-" if value is None else format(value, form)

    cells = (
        f"{card.similarity:.2f}", f"{card.own_similarity:.2f}", shown(card.margin, ".2f"),
        shown(card.distortion_db, ".1f"), shown(card.word_errors, ".0%"), shown(card.base_word_errors, ".0%"),
        shown(card.pitch_octaves, ".2f"),
    )  # fmt: skip
    return f"| {title} | {' | '.join(cells)} |"
