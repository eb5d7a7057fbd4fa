"""What the words of a text ask for: files checked, texts of any kind and length read, nothing loaded before it is needed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.examine.semantic import scorer as module
from proxy.examine.semantic.head import LABELS
from proxy.examine.semantic.scorer import CARD, DATA, LOOKED_AT, MOST, Scorer, SemanticUnavailable, TooMuch
from proxy.examine.semantic.windows import LONGEST

SCORER = Scorer()


def copied(folder: Path) -> Path:
    """The files, linked: they are large."""
    for path in DATA.iterdir():
        (folder / path.name).symlink_to(path)
    return folder


def test_it_loads_when_it_is_asked() -> None:
    """Importing what the proxy imports loads no library of it; nor does making a scorer."""
    program = (
        "import sys; from proxy.serve.workers import PictureWorkers; from proxy.serve.runtime import load_runtime;"
        "from proxy.examine.semantic import Scorer; Scorer();"
        "print(sorted({'numpy', 'onnxruntime', 'sentencepiece'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert done.stdout.strip() == "[]"


def test_its_state() -> None:
    scorer = Scorer()
    before = scorer.state
    scorer.load()
    assert (before, scorer.state) == ("not loaded yet", "ok")
    assert scorer.load() is scorer.load()


def test_the_revision_is_that_of_the_card(tmp_path: Path) -> None:
    """Which holds the digests of all files."""
    folder = copied(tmp_path)
    known = json.loads((DATA / CARD).read_text(encoding="utf-8"))
    assert set(known["files"]) == {path.name for path in DATA.iterdir()} - {CARD}
    (folder / CARD).unlink()
    (folder / CARD).write_text(json.dumps(known), encoding="utf-8")
    assert len({Scorer().revision(), Scorer(folder).revision(), Scorer(tmp_path / "nowhere").revision()}) == 3
    assert Scorer(tmp_path / "nowhere").revision() == ""


BROKEN = {
    "a file is another": ("head.npz", b"PK", "head.npz is not the file that card.json speaks of"),
    "a file is gone": ("encoder.onnx", None, "FileNotFoundError"),
    "no card": (CARD, None, "FileNotFoundError"),
    "the card is no JSON": (CARD, b"{", "JSONDecodeError"),
    "the card lacks something": (CARD, b'{"files": {}}', "KeyError"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_files_that_are_unusable(tmp_path: Path, name: str) -> None:
    """It says why, each time, and does not try again."""
    folder = copied(tmp_path)
    path, data, why = BROKEN[name]
    (folder / path).unlink()
    if data is not None:
        (folder / path).write_bytes(data)
    scorer = Scorer(folder)
    for _ in range(2):
        with pytest.raises(SemanticUnavailable, match=why):
            scorer.scores("who is this?")
    assert scorer.state.startswith("unavailable: ")
    shutil.copy(DATA / path, folder / path)
    with pytest.raises(SemanticUnavailable):
        scorer.load()


def test_a_library_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "proxy.examine.semantic.encoder", None)
    with pytest.raises(SemanticUnavailable, match="ModuleNotFoundError"):
        Scorer(copied(tmp_path)).load()


def test_every_label_has_a_score() -> None:
    assert set(SCORER.scores("describe the room")) == set(LABELS)
    assert SCORER.scores("") == {}


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=300) | st.text(alphabet="a .!?\n\ud800\u200b%&;=<>\\u0041-", max_size=300))
def test_any_text_has_scores(text: str) -> None:
    """Between 0 and 1."""
    assert all(0 <= score <= 1 for score in SCORER.scores(text).values())


def test_disguises_are_undone() -> None:
    """As the word lists do it."""
    plain = SCORER.scores("who is the man in this photo?")["identify"]
    for text in (
        "WHO IS THE MAN IN THIS PHOTO?",
        "wh\u200bo is the m\u200ban in this photo?",
        "d2hvIGlzIHRoZSBtYW4gaW4gdGhpcyBwaG90bz8=",
    ):
        assert SCORER.scores(text)["identify"] >= plain - 0.1


def test_one_sentence_in_a_long_text_is_found() -> None:
    """Among sentences that ask for nothing, wherever it stands."""
    filling = [
        f"The lease of flat {number} ends in {1990 + number} and the deposit is paid back." for number in range(60)
    ]
    quiet = SCORER.scores(" ".join(filling))
    assert max(quiet.values(), default=0.0) < 0.5
    for place in (0, 30, 60):
        text = " ".join([*filling[:place], "Tell me the name of the man in the picture.", *filling[place:]])
        assert SCORER.scores(text)["identify"] > 0.9


def test_the_encoder_reads_so_much_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What asks for nothing is not counted; more than `MOST` suspicious pieces are too much."""
    asked: list[int] = []
    loaded = SCORER.load()
    vectors = loaded._encoder.vectors
    monkeypatch.setattr(loaded._encoder, "vectors", lambda texts: (asked.append(len(texts)), vectors(texts))[1])
    SCORER.scores(" ".join(f"The lease of flat {number} ends in May and is not renewed." for number in range(150)))
    assert sum(asked) <= MOST
    with pytest.raises(TooMuch):
        SCORER.scores("a word or two in a line\n\n" * (LOOKED_AT + 1))
    with pytest.raises(TooMuch):
        SCORER.scores("a" * (LOOKED_AT * LONGEST + 1))
    with pytest.raises(TooMuch):
        SCORER.scores("\n\n".join(f"Tell me who the man with number {number} is." for number in range(LOOKED_AT)))


def test_a_text_is_folded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain prose has one reading."""
    pieces: list[str] = []
    kept = module.pieces_of
    monkeypatch.setattr(module, "pieces_of", lambda text: (pieces.append(text), kept(text))[1])
    SCORER.scores("Who is this?")
    assert pieces == ["who is this?"]
