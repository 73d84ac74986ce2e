"""The sizes of the voice model, as plain values that travel inside every weights file.

For building a network from a file and refusing a file that another design wrote. It holds no
behaviour. FORMAT rises when an old file can no longer be read.
"""

from dataclasses import asdict, dataclass
from typing import Any

FORMAT = 1


@dataclass(frozen=True)
class VocoderConfig:
    """Source-excited vocoder. `expand` is the inner width of a block over `width`."""

    width: int = 256
    blocks: int = 6
    expand: int = 3
    kernel: int = 7


@dataclass(frozen=True)
class SpeakerConfig:
    """Reference encoder. `embedding` is compared between clips, `voice` conditions the decoder."""

    width: int = 160
    blocks: int = 4
    embedding: int = 128
    voice: int = 128


@dataclass(frozen=True)
class AcousticConfig:
    """Text to frames. `voice` is the width of the voice vector."""

    width: int = 192
    heads: int = 2
    encoder_blocks: int = 4
    encoder_inner: int = 512
    decoder_blocks: int = 6
    decoder_expand: int = 4
    kernel: int = 7
    predictor_width: int = 192
    voice: int = 128
    dropout: float = 0.2


@dataclass(frozen=True)
class AlignerConfig:
    """Learned aligner. `space` is the width of the space in which sounds and frames meet."""

    width: int = 128
    space: int = 64


@dataclass(frozen=True)
class BaseConfig:
    """Everything that one base voice is built from."""

    vocoder: VocoderConfig = VocoderConfig()
    speaker: SpeakerConfig = SpeakerConfig()
    acoustic: AcousticConfig = AcousticConfig()
    aligner: AlignerConfig = AlignerConfig()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "BaseConfig":
        """Read `to_dict` back.

        Raises:
            ValueError: another format, or a key this version does not know.
        """
        if values.get("format") != FORMAT:
            raise ValueError(f"weights of format {values.get('format')!r}; this version reads {FORMAT}")
        try:
            return cls(
                vocoder=VocoderConfig(**values["vocoder"]),
                speaker=SpeakerConfig(**values["speaker"]),
                acoustic=AcousticConfig(**values["acoustic"]),
                aligner=AlignerConfig(**values["aligner"]),
            )
        except (KeyError, TypeError) as wrong:
            raise ValueError(f"weights with an unreadable configuration: {wrong}") from wrong


SIZES: dict[str, BaseConfig] = {
    "T": BaseConfig(  # for tests: random weights of this size hum
        VocoderConfig(32, 1, 2),
        SpeakerConfig(16, 1, 16, 128),
        AcousticConfig(32, 2, 1, 32, 1, 2, 7, 16),
        AlignerConfig(16, 8),
    ),
    "S": BaseConfig(),
    "M": BaseConfig(
        VocoderConfig(384, 8, 3),
        SpeakerConfig(256, 4, 192),
        AcousticConfig(256, 4, 4, 1024, 8, 4, 7, 256),
        AlignerConfig(192, 80),
    ),
}
