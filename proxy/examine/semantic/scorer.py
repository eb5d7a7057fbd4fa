"""What the words of a text ask for, as chances: a quick look at its pieces, then encoder and head for those that count."""

import importlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from proxy.examine.normalise import canonical, fold, plain_prose, readings
from proxy.examine.semantic.windows import LONGEST, pieces_of

if TYPE_CHECKING:  # at run time they are imported when they are needed: with their libraries they take 50 MB
    from proxy.examine.semantic.encoder import Encoder
    from proxy.examine.semantic.head import Head

DATA: Final = Path(__file__).resolve().parent / "data"
CARD: Final = "card.json"
"""Where the files come from, their digests and the operating points; written by `make train`."""

MOST: Final = 512
"""Pieces of one text that are read by the encoder, some 0.3 ms each; with more it is not known what the text asks for."""

LOOKED_AT: Final = 1_000
"""Pieces of one text that get a quick look, some 200 KB; with more there would be too many to read anyway."""

EDGE: Final = 8
"""Pieces at the start and at the end of a text that are read whatever the quick look says: there most requests stand."""


class SemanticUnavailable(Exception):
    """The encoder or the head cannot be loaded here; its text says why."""


class TooMuch(Exception):
    """A text has more pieces that may ask for something than are read."""


class Scorer:
    """Loads its files at the first question, once. Threads may call at once."""

    def __init__(self, folder: Path = DATA) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None
        self._reason = ""

    @property
    def state(self) -> str:
        """`ok`, why it is unavailable, or that nobody has asked yet."""
        return "ok" if self._loaded else f"unavailable: {self._reason}" if self._reason else "not loaded yet"

    def revision(self) -> str:
        """A digest that changes with any of the files. Empty where there is none."""
        try:
            return sha256((self._folder / CARD).read_bytes()).hexdigest()
        except OSError:
            return ""

    def scores(self, text: str) -> Mapping[str, float]:
        """For each label the chance that some piece of `text` asks for it. Raises TooMuch, SemanticUnavailable."""
        return self.load().scores(text)

    def load(self) -> "_Loaded":
        """Load the files now, unless they are. Raises SemanticUnavailable, each time."""
        loaded = self._loaded
        if loaded is None:
            with self._lock:
                loaded = self._loaded = self._loaded or self._load()
        return loaded

    def _load(self) -> "_Loaded":
        if not self._reason:
            try:
                return _loaded(self._folder)
            except (ImportError, OSError, ValueError, KeyError, RuntimeError) as failure:
                self._reason = f"{type(failure).__name__}: {failure}"
        raise SemanticUnavailable(self._reason)


class _Loaded:
    """The encoder and the head, at hand. `certain` and `possible` are the scores that they were trained for."""

    def __init__(self, folder: Path) -> None:
        card = orjson.loads((folder / CARD).read_bytes())
        _check(folder, card["files"])
        self.certain, self.possible = float(card["certain"]), float(card["possible"])
        self._least = float(card["quick_look"])
        self._encoder: Encoder = importlib.import_module("proxy.examine.semantic.encoder").Encoder(folder)
        self._head: Head = importlib.import_module("proxy.examine.semantic.head").Head(folder)

    def scores(self, text: str) -> Mapping[str, float]:
        """As `Scorer.scores`."""
        if len(text) > LOOKED_AT * LONGEST:
            raise TooMuch
        found = list(islice(_pieces(text), LOOKED_AT + 1))
        if len(found) > LOOKED_AT:
            raise TooMuch
        pieces = self._suspect(list(dict.fromkeys(found)))
        if len(pieces) > MOST:
            raise TooMuch
        if not pieces:
            return {}
        chances = self._head.chances(self._encoder.vectors(pieces), list(map(canonical, pieces)))
        return self._head.scores(chances)

    def _suspect(self, pieces: Sequence[str]) -> Sequence[str]:
        """The pieces that are worth a reading; of few, all."""
        if len(pieces) <= 2 * EDGE:
            return pieces
        looks = self._head.quick_look(list(map(canonical, pieces)))
        inner = [piece for piece, look in zip(pieces, looks, strict=True) if look >= self._least]
        return list(dict.fromkeys((*pieces[:EDGE], *inner, *pieces[-EDGE:])))


@lru_cache(maxsize=1)
def _loaded(folder: Path) -> _Loaded:
    """What is loaded of a folder: never changed, so shared."""
    return _Loaded(folder)


def _pieces(text: str) -> Iterator[str]:
    """The pieces of a text in each of its readings, folded."""
    folded = fold(text)
    yield from pieces_of(folded)
    if not plain_prose(text, canonical(folded)):
        for reading in readings(text, folded):
            yield from pieces_of(reading)


def _check(folder: Path, files: Mapping[str, Any]) -> None:
    """Raise ValueError unless each file is the one that the card speaks of."""
    for name, known in files.items():
        with (folder / name).open("rb") as file:
            digest = sha256()
            while block := file.read(1 << 20):
                digest.update(block)
        if digest.hexdigest() != known["sha256"]:
            raise ValueError(f"{name} is not the file that {CARD} speaks of")
