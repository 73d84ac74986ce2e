"""The commands people run: what they write, what they refuse, and that every sound is marked."""

import base64
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audio import wav
from audio.clip import Clip
from consent import receipts
from synthesis import commands
from synthesis.commands import WEIGHTS, main
from synthesis.desk import marks
from synthesis.engine import Interim, ResearchVoice
from synthesis.humming import HummingEngine
from synthesis.neural import NeuralEngine
from synthesis.tts import adapter, bank, symbols
from synthesis.tts.adapter import Adapter
from synthesis.tts.voice import BaseVoice
from watermark.codec.detect import detect
from watermark.codec.keys import read_key_file

HUM = ["--engine", "humming"]
RESEARCH = ["--research", "error rates of strangers"]
USE = ["--purpose", "education", "--channel", "web", "--territory", "US", "--content-class", "general",
       "--recipient", "customers"]  # fmt: skip
LONG = "A low sun warms the old harbour while many boats sail home again."


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def speech(f0_hz: float, tilt_db: float, seed: int) -> Clip:
    """Pulses through a spectrum that falls by `tilt_db` an octave."""
    rng = np.random.default_rng(seed)
    f0 = f0_hz * (1 + 0.1 * np.sin(np.arange(72_000) / 9000))
    spectrum = np.fft.rfft(np.diff(np.floor(np.cumsum(f0) / 24_000), prepend=0.0) + 0.002 * rng.standard_normal(72_000))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(72_000, 1 / 24_000), 100) / 100)
    sound = np.fft.irfft(spectrum * 10 ** (-tilt_db * octaves / 20))
    return Clip.of(0.2 * sound / np.abs(sound).max(), 24_000)


@pytest.fixture
def recordings(home: Path) -> Path:
    folder = home / "takes"
    (folder / "audio").mkdir(parents=True)
    rows = []
    for number in range(4):
        (folder / "audio" / f"t{number}.wav").write_bytes(wav.write(speech(110, 6.0, number)))
        rows.append(f"t{number}|{LONG}|3.0")
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


class Platform:
    """Signs receipts."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public = self._key.public_key().public_bytes_raw()

    def receipt(
        self, to: Path, *, event: str = "consent.approved", speaker: str = "s-1", days: int = 30, finetune: bool = True
    ) -> list[str]:
        now = datetime.now(UTC)
        agreed = {
            "purposes": ["education"], "channels": ["web"], "languages": ["en"], "territories": ["US"],
            "content_class": "general", "recipients": ["customers"], "may_finetune": finetune, "may_export": False,
            "valid_from": (now - timedelta(days=60)).isoformat(),
            "valid_until": (now + timedelta(days=days)).isoformat(),
        }  # fmt: skip
        document = {"format": receipts.FORMAT, "event": event, "speaker": speaker, "consent": "c-1", "terms": agreed}
        signed = receipts.bundle(document, receipts.sign(document, self._key), self.public)
        to.write_text(json.dumps(signed), encoding="utf-8")
        return ["--receipt", str(to), "--receipt-key", base64.b64encode(self.public).decode()]


def test_a_recording_is_said_again_in_a_voice_marked(home: Path, recordings: Path) -> None:
    voice, out = recordings / "audio" / "t0.wav", home / "out.wav"
    command = ["convert", str(recordings / "audio" / "t1.wav"), "-o", str(out), "--voice", str(voice),
               "--transcript", LONG, *HUM]  # fmt: skip
    assert main(command) == 1  # nobody's permission
    assert not out.exists()
    assert main([*command, *RESEARCH]) == 0
    key = read_key_file(home / "data" / "consonant" / "mark.key")[0]
    clip = wav.read(out.read_bytes())
    assert detect(clip.samples, clip.rate_hz, [key]).verdict == "ours"


def test_what_was_made_here_is_not_said_again(
    home: Path, recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, out = home / "made.wav", home / "out.wav"
    assert main(["speak", LONG, "-o", str(made), *HUM]) == 0
    assert main(["convert", str(made), "-o", str(out), "--voice", str(recordings / "audio" / "t0.wav"),
                 "--transcript", LONG, *HUM, *RESEARCH]) == 1  # fmt: skip
    assert "made here" in capsys.readouterr().err
    assert not out.exists()


def test_what_is_spoken_is_marked_and_noted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = home / "out.wav"
    assert main(["speak", LONG, "-o", str(out), *HUM]) == 0
    key = read_key_file(home / "data" / "consonant" / "mark.key")[0]
    clip = wav.read(out.read_bytes())
    found = detect(clip.samples, clip.rate_hz, [key], search="none")
    noted = json.loads((home / "data" / "consonant" / "marks.jsonl").read_text(encoding="utf-8"))
    assert found.verdict == "ours"
    assert f"{found.record:012x}" == noted["record"]
    assert noted["file"] == "out.wav"
    assert LONG not in json.dumps(noted)
    assert main(["check", str(out)]) == 0
    assert noted["record"] in capsys.readouterr().out


def test_the_key_is_for_its_owners_eyes(home: Path) -> None:
    main(["speak", "Hello.", "-o", str(home / "o.wav"), *HUM])
    assert (home / "data" / "consonant" / "mark.key").stat().st_mode & 0o077 == 0


def test_a_sound_without_our_mark_is_not_ours(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "foreign.wav").write_bytes(wav.write(speech(180, 8.0, 1)))
    assert main(["check", str(home / "foreign.wav"), "--search", "none"]) == 1
    assert "does not make it real" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_words_under_another_mark(home: Path) -> None:
    one, two = home / "1.wav", home / "2.wav"
    for out in (one, two):
        main(["speak", LONG, "-o", str(out), "--seed", "4", *HUM])
    first, second = (wav.read(out.read_bytes()).samples for out in (one, two))
    assert len(first) == len(second)
    assert not np.array_equal(first, second)


def test_lines_become_files(home: Path) -> None:
    (home / "lines.csv").write_text("a|Hello there.\nb|Number 25.\n", encoding="utf-8")
    assert main(["speak", "--lines", str(home / "lines.csv"), "-o", str(home / "out"), *HUM]) == 0
    assert sorted(path.name for path in (home / "out").iterdir()) == ["a.wav", "b.wav"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a|Hello.\na|Again.", "line 2: the id a stands twice"),
        ("../up|Hello.", "line 1: not id|text"),
        ("just text", "line 1: not id|text"),
        ("a|Hello.\nb|...", "line 2: The text holds nothing to say"),
        ("", "holds no lines"),
    ],
)
def test_bad_lines_are_named_before_anything_is_spoken(
    home: Path, capsys: pytest.CaptureFixture[str], rows: str, said: str
) -> None:
    (home / "lines.csv").write_text(rows, encoding="utf-8")
    assert main(["speak", "--lines", str(home / "lines.csv"), "-o", str(home / "out"), *HUM]) == 1
    assert said in capsys.readouterr().err
    assert not (home / "out").exists()


@pytest.mark.parametrize("text", ["", "...", "😀"])
def test_nothing_to_say_is_said_so(home: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert main(["speak", text, "-o", str(home / "o.wav"), *HUM]) == 1
    assert "nothing to say" in capsys.readouterr().err
    assert not (home / "o.wav").exists()


def test_neither_text_nor_lines_nor_both(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speak", "-o", str(home / "out.wav"), *HUM]) == 1
    assert "give a TEXT or --lines FILE, one of them" in capsys.readouterr().err
    assert main(["speak", "Hello.", "--lines", "x.csv", "-o", str(home / "out.wav"), *HUM]) == 1
    assert "not both" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speak", "Hello.", "-o", str(home / "out.wav"), "--key", str(home / "no.key"), *HUM]) == 1
    assert capsys.readouterr().err == f"python -m synthesis: {home / 'no.key'}: No such file or directory\n"


def test_a_language_that_was_not_measured_is_labelled(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["speak", "Guten Tag.", "--language", "de", "-o", str(home / "out.wav"), *HUM])
    assert "in de has not been measured" in capsys.readouterr().err
    main(["speak", "Good day.", "-o", str(home / "out.wav"), *HUM])
    assert "measured" not in capsys.readouterr().err


def test_missing_weights_are_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speak", "Hello.", "-o", str(home / "o.wav"), "--weights", str(home)]) == 1
    assert "base voice" in capsys.readouterr().err


def test_no_voice_of_a_person_without_permission(
    home: Path, recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, voice = recordings / "audio" / "t0.wav", home / "v.voice"
    assert main(["adapt", str(recordings), "-o", str(voice), *HUM]) == 1
    assert main(["speak", "Hello.", "-o", str(home / "o.wav"), "--voice", str(clip), *HUM]) == 1
    assert capsys.readouterr().err.count("--research") == 2
    assert not voice.exists()
    assert not (home / "o.wav").exists()


@pytest.mark.parametrize("reason", ["", "x", "  test "])
def test_a_reason_is_more_than_a_word(home: Path, recordings: Path, reason: str) -> None:
    assert main(["adapt", str(recordings), "-o", str(home / "v.voice"), "--research", reason, *HUM]) == 1


def test_a_research_voice_says_so_and_no_server_takes_it(home: Path, recordings: Path) -> None:
    voice, out = home / "v.voice", home / "o.wav"
    assert main(["adapt", str(recordings), "-o", str(voice), *RESEARCH, *HUM]) == 0
    with pytest.raises(ResearchVoice):
        HummingEngine().load_voice(voice.read_bytes())
    assert main(["speak", LONG, "-o", str(out), "--voice", str(voice), *RESEARCH, *HUM]) == 0
    key = read_key_file(home / "data" / "consonant" / "mark.key")[0]
    clip = wav.read(out.read_bytes())
    record = detect(clip.samples, clip.rate_hz, [key], search="none").record
    assert record is not None
    assert marks.is_research(record)


def test_records_of_others_never_look_like_research() -> None:
    marker = marks.Marker(read_key_file(_key_file())[0], Path("unused"))
    assert not any(marks.is_research(marker.new()[0]) for _ in range(50))


def _key_file() -> Path:
    folder = marks.data_folder()
    folder.mkdir(parents=True)
    marks.write_key_file(folder / marks.KEY)
    return folder / marks.KEY


def test_a_receipt_that_fits_opens_both_doors(home: Path, recordings: Path) -> None:
    allowed = Platform().receipt(home / "r.json")
    voice = home / "v.voice"
    assert main(["adapt", str(recordings), "-o", str(voice), *allowed, *HUM]) == 0
    assert HummingEngine().stamps(voice.read_bytes())["consent"] == "c-1"
    spoken = ["speak", "Hello.", "-o", str(home / "o.wav"), "--voice", str(voice), *allowed, *USE, *HUM]
    assert main(spoken) == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"event": "consent.withdrawn"}, "ended"),
        ({"days": -1}, "expired"),
        ({"finetune": False}, "does not allow to finetune"),
    ],
)
def test_a_receipt_that_does_not_fit_opens_none(
    home: Path, recordings: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object], said: str
) -> None:
    allowed = Platform().receipt(home / "r.json", **changes)  # type: ignore[arg-type]  # one keyword at a time
    assert main(["adapt", str(recordings), "-o", str(home / "v.voice"), *allowed, *HUM]) == 1
    assert said in capsys.readouterr().err
    assert not (home / "v.voice").exists()


def test_a_receipt_of_another_platform_or_altered_is_refused(home: Path, recordings: Path) -> None:
    allowed = Platform().receipt(home / "r.json")
    stranger = base64.b64encode(Platform().public).decode()
    adapt = ["adapt", str(recordings), "-o", str(home / "v.voice"), *HUM]
    assert main([*adapt, *allowed[:3], stranger]) == 1
    text = (home / "r.json").read_text(encoding="utf-8")
    (home / "r.json").write_text(text.replace("c-1", "c-2"), encoding="utf-8")
    assert main([*adapt, *allowed]) == 1


def test_a_use_outside_the_terms_is_refused(
    home: Path, recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    allowed, voice = Platform().receipt(home / "r.json"), home / "v.voice"
    main(["adapt", str(recordings), "-o", str(voice), *allowed, *HUM])
    speak = ["speak", "Hello.", "-o", str(home / "o.wav"), "--voice", str(voice), *allowed, *HUM]
    assert main(speak) == 1
    assert "--purpose" in capsys.readouterr().err
    assert main([*speak, *USE[:-1], "public"]) == 1
    assert "recipient" in capsys.readouterr().err


def test_another_persons_receipt_does_not_open_the_voice(home: Path, recordings: Path) -> None:
    platform, voice = Platform(), home / "v.voice"
    main(["adapt", str(recordings), "-o", str(voice), *platform.receipt(home / "r.json"), *HUM])
    other = platform.receipt(home / "r2.json", speaker="s-2")
    assert main(["speak", "Hello.", "-o", str(home / "o.wav"), "--voice", str(voice), *other, *USE, *HUM]) == 1


def test_a_voice_comes_with_its_card(home: Path, recordings: Path) -> None:
    main(["adapt", str(recordings), "-o", str(home / "v.voice"), *RESEARCH, *HUM])
    card = json.loads((home / "v.json").read_text(encoding="utf-8"))
    assert (card["verdict"], card["takes"], card["takes_apart"]) == ("ready", 3, 1)
    assert card["stamps"] == {"research": RESEARCH[1]}
    assert any("numbers" in piece for piece in card["advice"])
    assert (home / "v.png").read_bytes().startswith(b"\x89PNG")


class Stopping(HummingEngine):
    """Hums, and is stopped by hand half-way through every training that goes on from nothing."""

    def adapt(self, takes, *, begun=None, interim=None, **how):
        if begun != b"half":
            interim(Interim(0.5, b"half", super().adapt(takes)))
            raise KeyboardInterrupt
        return super().adapt(takes, **how)


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "load_engine", lambda *_: Stopping())


def test_a_training_that_was_stopped_goes_on_when_it_is_asked_for_again(
    home: Path, recordings: Path, stopping: None
) -> None:
    adapt = ["adapt", str(recordings), "-o", str(home / "v.voice"), *RESEARCH]
    assert main(adapt) == 130
    assert sorted(file.name for file in home.iterdir() if file.is_file()) == [".v.voice.half"]
    assert main(adapt) == 0
    assert {file.name for file in home.iterdir() if file.is_file()} == {"v.voice", "v.json", "v.png"}


def test_samples_on_the_way_are_marked_as_all_that_speaks(home: Path, recordings: Path, stopping: None) -> None:
    main(["adapt", str(recordings), "-o", str(home / "v.voice"), "--samples", *RESEARCH])
    clip = wav.read((home / "v-50.wav").read_bytes())
    key = read_key_file(home / "data" / "consonant" / "mark.key")[0]
    record = detect(clip.samples, clip.rate_hz, [key], search="none").record
    assert record is not None
    assert marks.is_research(record)


def test_samples_need_leave_to_speak_not_only_to_train(
    home: Path, recordings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    allowed = Platform().receipt(home / "r.json")
    assert main(["adapt", str(recordings), "-o", str(home / "v.voice"), "--samples", *allowed, *HUM]) == 1
    assert "--purpose" in capsys.readouterr().err
    assert main(["adapt", str(recordings), "-o", str(home / "v.voice"), "--samples", *allowed, *USE, *HUM]) == 0


@pytest.mark.parametrize(
    ("metadata", "said"),
    [(None, "no metadata.csv"), ("t9|hello|1", "no sound t9"), ("nothing", "not id|text"), ("../t0|x|1", "no sound")],
)
def test_a_folder_that_cannot_be_read_is_explained(
    home: Path, recordings: Path, capsys: pytest.CaptureFixture[str], metadata: str | None, said: str
) -> None:
    (recordings / "metadata.csv").unlink()
    if metadata is not None:
        (recordings / "metadata.csv").write_text(metadata, encoding="utf-8")
    assert main(["adapt", str(recordings), "-o", str(home / "v.voice"), *RESEARCH, *HUM]) == 1
    assert said in capsys.readouterr().err


@pytest.fixture
def trained(home: Path) -> Path:
    """A voice file of the shipped base, quicker than training one."""
    base = BaseVoice.load(WEIGHTS)
    tensors = adapter.blank(base.config.acoustic, torch.from_numpy(base.voices["kathleen"]), seed=1)
    stored = Adapter(base.sha256, {name: value.detach() for name, value in tensors.items()}).to_bytes()
    file = home / "voice.safetensors"
    file.write_bytes(NeuralEngine(base).stamped(stored, {"research": "error rates of strangers"}))
    file.with_suffix(".json").write_text('{"similarity": 0.9}')
    return file


def test_a_voice_leaves_and_what_it_says_is_found(
    home: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(trained), "-o", str(home / "v.zip"), "--precision", "int8", *RESEARCH]) == 0
    with zipfile.ZipFile(home / "v.zip") as archive:
        assert "receipt.json" not in archive.namelist()
        assert json.loads(archive.read("voice-card.json"))["measures"]["card"] == {"similarity": 0.9}
        model = archive.read("voice.onnx")
    phonemes = "ðə kwˈɪk bɹˈaʊn fˈɑːks dʒˈʌmps ˌoʊvɚ ðə lˈeɪzi dˈɑːɡ ænd sˈɪts dˌaʊn ˌʌndɚ ɐ tɹˈiː."
    said = bank.speak(model, [symbols.ids(phonemes)])
    (home / "said.wav").write_bytes(wav.write(Clip(said, 24_000)))
    capsys.readouterr()
    assert main(["check", str(home / "said.wav"), "--search", "none"]) == 0
    assert "spoken by the voice that was written out for research as v.zip" in capsys.readouterr().out


def test_no_voice_leaves_without_permission(home: Path, trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(trained), "-o", str(home / "v.zip")]) == 1
    assert "needs --receipt" in capsys.readouterr().err
    allowed = Platform().receipt(home / "r.json")
    assert main(["export", str(trained), "-o", str(home / "v.zip"), *allowed, *USE]) == 1
    assert "does not allow to export" in capsys.readouterr().err
    assert not (home / "v.zip").exists()
