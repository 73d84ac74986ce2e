"""What a voice has to reach to be used without anybody looking: the gate between a fine-tune and its use.

A voice below one of these is kept as a draft; a named person may accept it, or more recordings make a better one.
The figures behind the bars stand in `synthesis/README.md`, "The card".
"""

from __future__ import annotations

from synthesis.card.measure import Card

# Below the engine's threshold for two recordings of one person, because a vocoder takes something from every voice;
# still far above what the base voice and a preview have.
SIMILARITY_SLACK = 0.06
LEAST_MARGIN = 0.05  # nearer to its person than to anybody else of the organisation, or to the base voice
WORDS_WORSE = 0.15  # more word errors than the base voice with the same sentences; 72 words, so a word is 0.014
PITCH_OCTAVES = 0.35  # between the medians of person and voice
DISTORTION_DB = 10.0  # between the base voice and trained ones; a preview lies on either side


def shortcomings(card: Card) -> tuple[str, ...]:
    """What lies below its bar, in words; empty for a voice that may be used."""
    found: list[str] = []
    least = card.same_speaker_at - SIMILARITY_SLACK
    if card.similarity < least:
        found.append(f"similarity {card.similarity:.2f} to the person, {least:.2f} is needed")
    if card.margin is not None and card.margin < LEAST_MARGIN:
        found.append(f"only {card.margin:.2f} nearer to the person than to another voice, {LEAST_MARGIN:.2f} is needed")
    if card.word_errors is not None and card.word_errors > (base := card.base_word_errors or 0.0) + WORDS_WORSE:
        found.append(f"{card.word_errors:.0%} of words misheard, {base:.0%} with the base voice")
    if card.voice is None:
        found.append("hardly any of it is voiced")
    elif card.pitch_octaves is not None and card.pitch_octaves > PITCH_OCTAVES:
        found.append(f"the pitch is {card.pitch_octaves:.2f} octaves off")
    if card.distortion_db is not None and card.distortion_db > DISTORTION_DB:
        found.append(f"{card.distortion_db:.1f} dB of spectral distortion on what was kept apart")
    return tuple(found)
