"""`python -m synthesis`: speak, adapt and check at a desk, without a server.

    python -m synthesis speak TEXT -o OUT.wav [--voice VOICE.safetensors | --voice CLIP.wav] [--seed N]
    python -m synthesis speak --lines FILE.csv -o FOLDER            rows of id|text become FOLDER/id.wav
    python -m synthesis adapt FOLDER -o VOICE.safetensors           metadata.csv (id|text|seconds) and audio/; goes on
                                    [--samples]                     where it was broken off; samples on the way
    python -m synthesis convert IN.wav -o OUT.wav --voice VOICE.safetensors --transcript TEXT      said again in a voice
    python -m synthesis export VOICE.safetensors -o VOICE.zip       the voice for Piper and sherpa-onnx
    python -m synthesis check SOUND.wav                             is it marked with this computer's key?

Everything that is written is marked (see `desk.marks`). A voice of a person, trained or a preview, asks
for `--receipt FILE --receipt-key KEY` or `--research REASON`; the voice that comes with the weights asks
for neither.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from consent.rules import Act, Use
from problems.errors import DomainError
from synthesis.desk.bar import Bar
from synthesis.desk.marks import Marker
from synthesis.desk.permission import NotPermitted, Permission, by_receipt, fits, for_research
from synthesis.engine import Engine, VoiceState, load_engine

WEIGHTS = Path(__file__).parent / "weights"
_CLIPS = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command: 0 when it did what was asked, 1 with a sentence on the error stream when not."""
    given = _parser().parse_args(arguments)
    try:
        code: int = given.run(given)
    except (DomainError, OSError) as fault:
        sys.stderr.write(f"python -m synthesis: {_told(fault)}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; nothing half-written is left, and a training goes on where it was\n")
        return 130
    return code


def _told(fault: DomainError | OSError) -> str:
    """What is wrong, for a person; of a file, which one."""
    if isinstance(fault, DomainError):
        return str(fault.detail)
    return f"{fault.filename}: {fault.strerror}" if fault.filename and fault.strerror else str(fault)


def speak(given: argparse.Namespace) -> int:
    """Speak a text or a file of lines."""
    from synthesis.desk import speaking

    if (given.text is None) == (given.lines is None):
        raise NotPermitted(f"give a TEXT or --lines FILE, {'one of them' if given.text is None else 'not both'}")
    if not given.language.lower().startswith("en"):
        sys.stderr.write(f"note: how well this voice is understood in {given.language} has not been measured\n")
    engine = load_engine(given.engine, given.weights, given.device)
    voice, permission = _voice(engine, given)
    marker = Marker.local(given.key, permission.research)
    how = speaking.Settings(given.seed, given.rate, given.pitch, given.energy, given.language, given.ssml)
    if given.lines is None:
        said = engine.prepare(given.text, language=given.language, ssml=given.ssml)
        seconds = speaking.speak(engine, voice, marker, said, given.output, how)
    else:
        lines = speaking.read_lines(given.lines, engine, how)
        seconds = speaking.speak_lines(engine, voice, marker, lines, given.output, how, Bar("speaking"))
    kind = "" if voice.kind == "base" else f" ({voice.kind})"
    sys.stdout.write(f"{given.output}: {seconds:.1f} s{kind}, marked\n")
    return 0


def convert(given: argparse.Namespace) -> int:
    """Say a recording in a voice."""
    from synthesis.desk import converting

    engine = load_engine(given.engine, given.weights, given.device)
    voice, permission = _voice(engine, given)
    marker = Marker.local(given.key, permission.research)
    said = engine.prepare(given.transcript, language=given.language)
    seconds = converting.convert(engine, voice, marker, given.recording, said, given.output, given.seed)
    sys.stdout.write(f"{given.output}: {seconds:.1f} s ({voice.kind}, converted), marked\n")
    return 0


def adapt(given: argparse.Namespace) -> int:
    """Train a voice from a folder of recordings and write its card beside it."""
    from synthesis.desk import adapting, speaking

    permission, marker = _permission(given, "finetune"), None
    if given.samples:  # they are speech like any other
        marker = Marker.local(given.key, _permission(given, "synthesise").research)
    engine = load_engine(given.engine, given.weights, given.device)
    how = speaking.Settings(given.seed, language=given.language)
    report = adapting.adapt(engine, given.folder, given.output, permission, how, marker, Bar("training"))
    sys.stdout.write(report + "\n")
    return 0


def export(given: argparse.Namespace) -> int:
    """Write a trained voice out as one file for other runtimes."""
    from synthesis.desk import exporting

    permission = _permission(given, "export")
    engine = load_engine(given.engine, given.weights, given.device)
    marker = Marker.local(given.key, permission.research)
    receipt = "" if permission.research else str(given.receipt)
    how = {"language": given.language, "precision": given.precision, "receipt": receipt}
    report = exporting.export(engine, given.voice, given.output, permission, marker, how, Bar("exporting"))
    sys.stdout.write(report + "\n")
    return 0


def check(given: argparse.Namespace) -> int:
    """Say whether a sound carries a mark of this computer's key; 0 when it does, 1 when none is found."""
    from synthesis.desk import checking

    found, text = checking.check(given.sound, Marker.local(given.key), given.search, Bar("searching"))
    sys.stdout.write(text + "\n")
    return 0 if found else 1


def _voice(engine: Engine, given: argparse.Namespace) -> tuple[VoiceState, Permission]:
    """The voice that was asked for, and what it stands on."""
    if given.voice is None:
        return engine.base_voice(), Permission({})
    permission = _permission(given, "synthesise")
    if given.voice.suffix.lower() in _CLIPS:
        from synthesis.desk.adapting import read_sound

        clip = read_sound(given.voice)
        sys.stderr.write("note: a voice from a clip is a preview, not a trained voice\n")
        return engine.voice_vector(clip.samples, clip.rate_hz), permission
    stored = given.voice.read_bytes()
    fits(permission, engine.stamps(stored))
    return engine.load_voice(stored, research=bool(permission.research)), permission


def _permission(given: argparse.Namespace, act: Act) -> Permission:
    if given.research is not None:
        return for_research(given.research)
    if given.receipt is None:
        raise NotPermitted("a person's voice needs --receipt FILE --receipt-key KEY, or --research REASON")
    if given.receipt_key is None:
        raise NotPermitted("a receipt is checked against the platform's published key: --receipt-key KEY")
    use = Use(
        purpose=given.purpose, channel=given.channel, language=given.language, territory=given.territory,
        content_class=given.content_class, recipient=given.recipient, act=act,
    )  # fmt: skip
    return by_receipt(given.receipt, given.receipt_key, use, datetime.now(UTC))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m synthesis", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    speaking = commands.add_parser("speak", help="speak a text, or a file of lines")
    speaking.set_defaults(run=speak)
    speaking.add_argument("text", nargs="?", help="what to say; plain text, or SSML with --ssml")
    speaking.add_argument("--lines", type=Path, metavar="FILE", help="rows of id|text")
    speaking.add_argument("-o", "--output", type=Path, required=True, help="a WAV file; a folder with --lines")
    speaking.add_argument("--voice", type=Path, help="a voice file, or a clip of 5 to 30 s for a preview")
    speaking.add_argument("--ssml", action="store_true", help="the text is SSML")
    for name, help_ in (("rate", "speed"), ("pitch", "pitch"), ("energy", "loudness")):
        speaking.add_argument(f"--{name}", type=float, default=1.0, help=f"factor on the voice's {help_}")
    converting = commands.add_parser("convert", help="say a recording in a voice, with its timing and melody")
    converting.set_defaults(run=convert)
    converting.add_argument("recording", type=Path, metavar="IN", help="what is to be said again")
    converting.add_argument("-o", "--output", type=Path, required=True, help="a WAV file")
    converting.add_argument("--voice", type=Path, required=True, help="a voice file, or a clip for a preview")
    converting.add_argument("--transcript", required=True, metavar="TEXT", help="what the recording says")
    adapting = commands.add_parser("adapt", help="train a voice from recordings")
    adapting.set_defaults(run=adapt)
    adapting.add_argument("folder", type=Path, help="holds metadata.csv (id|text|seconds) and audio/")
    adapting.add_argument("-o", "--output", type=Path, required=True, help="the voice file to write")
    adapting.add_argument("--samples", action="store_true", help="also write, on the way, what it sounds like by then")
    exporting = commands.add_parser("export", help="write a trained voice out for other runtimes")
    exporting.set_defaults(run=export)
    exporting.add_argument("voice", type=Path, help="a file that `adapt` wrote")
    exporting.add_argument("-o", "--output", type=Path, required=True, help="the zip to write")
    exporting.add_argument("--precision", choices=("float", "int8"), default="float", help="int8: half the size")
    for command in (speaking, converting, adapting, exporting):
        _engine_options(command)
        _permission_options(command)
    checking = commands.add_parser("check", help="look for this computer's mark in a sound")
    checking.set_defaults(run=check)
    checking.add_argument("sound", type=Path)
    checking.add_argument(
        "--search", choices=("none", "quick", "full"), default="quick", help="also at other speeds and pitches"
    )
    for command in (speaking, converting, adapting, exporting, checking):
        command.add_argument("--key", type=Path, help="mark key file (default: made in the user's data folder)")
    return parser


def _engine_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seed", type=int, default=0, help="the same seed gives the same samples")
    command.add_argument("--language", default="en", help="en, en-GB, de, nl, cmn (default: en)")
    command.add_argument("--engine", choices=("neural", "neural-int8", "humming"), default="neural")
    command.add_argument("--weights", type=Path, default=WEIGHTS, help="folder of the base voice")
    command.add_argument("--device", default="cpu", help="cpu or cuda")


def _permission_options(command: argparse.ArgumentParser) -> None:
    allowed = command.add_argument_group("permission, for a person's voice")
    allowed.add_argument("--receipt", type=Path, metavar="FILE", help="signed consent receipt")
    allowed.add_argument("--receipt-key", metavar="KEY", help="the platform's published key, base64")
    allowed.add_argument("--research", metavar="REASON", help="no receipt: research, and marked as such")
    for name in ("purpose", "channel", "territory", "content-class", "recipient"):
        allowed.add_argument(f"--{name}", default="", help="what the sound is for, as the consent's terms name it")
