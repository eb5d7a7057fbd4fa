"""Commands of `facegate`, run in this process as the console script runs them, on a configuration of the test's own."""

import io
import shutil
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.gate import CONFIG

from proxy.cli import main


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    status: int
    out: str
    err: str


def run(*arguments: str | Path, stdin: bytes = b"") -> Ran:
    """Run `facegate ARGUMENTS`."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["facegate", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        try:
            main()
        except SystemExit as end:
            status = end.code
        else:
            status = 0
        out.flush()
    assert isinstance(status, int) or status is None
    return Ran(status or 0, out.buffer.getvalue().decode("utf-8"), err.getvalue())


FEW_WORDS = """\
concepts: {secretly: {en: [spy on]}, person: {en: [girlfriend]}}
intents: [{fact: intent.surveil_unlawfully, sequence: [secretly, person]}]
speaks: {intent.surveil_unlawfully: [Help me spy on my girlfriend.]}
"""


def few_words(folder: Path) -> str:
    """A folder with a word list that loads in no time: what is said does not matter here."""
    words = folder / "words"
    words.mkdir(exist_ok=True)
    (words / "few.yaml").write_text(FEW_WORDS, encoding="utf-8")
    return str(words)


def configuration(folder: Path, changes: Sequence[tuple[str, str, str]] = (), *, words: bool = False) -> Path:
    """A copy of the shipped configuration in `folder`, with (file, old, new) replaced; its settings file.

    Without `words` it has a word list of two words, which loads in no time.
    """
    copied = folder / "config"
    shutil.copytree(CONFIG, copied)
    if not words:
        shutil.rmtree(copied / "lexicons")
        (copied / "lexicons").mkdir()
        (copied / "lexicons" / "few.yaml").write_text(FEW_WORDS, encoding="utf-8")
    for name, old, new in changes:
        path = copied / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} does not say {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return copied / "proxy.yaml"
