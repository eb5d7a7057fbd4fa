"""The log: one JSON object a line, on standard error, from the level on that is asked for, and nothing of what was carried."""

import io
import logging
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from proxy.serve.log import configure, where_of

LEVELS = ("debug", "info", "warning", "error")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Whatever a test sets up ends with it."""
    handlers = logging.getLogger().handlers
    yield
    logging.getLogger().handlers = handlers
    structlog.reset_defaults()


def told(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines of the log, each without its time, which must be one; standard output stays empty."""
    out, err = capfd.readouterr()
    assert out == ""
    lines = [orjson.loads(line) for line in err.split("\n")[:-1]]
    for line in lines:
        assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() == UTC.utcoffset(None)
    return lines


@pytest.mark.parametrize("level", LEVELS)
def test_levels(level: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The level that is asked for, and all above it."""
    configure(level)
    log = structlog.get_logger("facegate")
    for name in LEVELS:
        getattr(log, name)("happened", number=1)
    assert told(capfd) == [{"level": name, "event": "happened", "number": 1} for name in LEVELS[LEVELS.index(level) :]]


def test_it_can_be_set_up_anew(capfd: pytest.CaptureFixture[str]) -> None:
    """Loggers that were made before follow: those of modules are made at import."""
    log = structlog.get_logger("facegate")
    for level in ("error", "info"):
        configure(level)
        log.info(level)
    assert told(capfd) == [{"level": "info", "event": "info"}]


VALUES: dict[str, tuple[object, object]] = {
    "words": ("hello", "hello"),
    "a line end": ("one\ntwo\r\nthree\u2028four", "one\ntwo\r\nthree\u2028four"),
    "quotes": ('"},{"level":"error"', '"},{"level":"error"'),
    "an escape sequence": ("\x1b[31mred", "\x1b[31mred"),
    "other scripts": ("лицо 顔", "лицо 顔"),
    "nothing": (None, None),
    "a list": ([1, "a"], [1, "a"]),
    "a path": (Path("/etc/facegate"), "/etc/facegate"),
    "an error": (OSError("full"), "full"),
}


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever a value holds, an event is one line, and no value can pass for another."""
    value, shown = VALUES[name]
    configure("info")
    structlog.get_logger("facegate").info("happened", value=value, after=1)
    assert told(capfd) == [{"level": "info", "event": "happened", "value": shown, "after": 1}]


def test_a_level_that_is_none() -> None:
    """The settings allow four; another is a mistake of ours."""
    with pytest.raises(KeyError, match="LOUD"):
        configure("loud")


def test_what_libraries_say(capfd: pytest.CaptureFixture[str]) -> None:
    """One event a message, with its place and what was raised; never the words. Below a warning nothing; not twice."""
    configure("info")
    configure("debug")
    library = logging.getLogger("a.library")
    try:
        int("a secret word")
    except ValueError:
        library.exception("a secret %s", "word")
    library.warning("a secret word\nof two lines")
    library.info("a secret word")
    crashed, warned = told(capfd)
    assert re.fullmatch(r"test_log\.py:\d+", crashed.pop("said_at"))
    assert re.fullmatch(r"test_log\.py:\d+", crashed.pop("where"))
    assert re.fullmatch(r"test_log\.py:\d+", warned.pop("said_at"))
    assert crashed == {"level": "warning", "event": "library", "name": "a.library", "error": "ValueError"}
    assert warned == {"level": "warning", "event": "library", "name": "a.library"}


def test_libraries_follow_the_level(capfd: pytest.CaptureFixture[str]) -> None:
    """Where only errors are asked for, nobody hears of them."""
    configure("error")
    logging.getLogger("a.library").error("word")
    assert told(capfd) == []


def deep(depth: int, secret: str) -> None:
    """Fail so many calls deep, over a secret."""
    if depth == 1:
        raise KeyError(secret)
    deep(depth - 1, secret)


@pytest.mark.parametrize(("depth", "told"), [(1, 2), (2, 3), (3, 4), (30, 4)])
def test_the_innermost_calls(depth: int, told: int) -> None:
    """This file, line by line, and no more than a few of them."""
    with pytest.raises(KeyError) as raised:
        deep(depth, "a secret word")
    where = where_of(raised.value).split(" < ")
    assert len(where) == told
    assert [one for one in where if not re.fullmatch(r"test_log\.py:\d+", one)] == []
    assert where[0] == f"test_log.py:{deep.__code__.co_firstlineno + 3}"


def test_nothing_of_what_was_carried() -> None:
    """Neither the message nor the source, whose literals could say something."""
    with pytest.raises(KeyError) as raised:
        deep(3, "a secret word")
    assert "secret" not in where_of(raised.value)
    assert "KeyError" not in where_of(raised.value)


def test_what_was_never_raised() -> None:
    """There is no place then."""
    assert where_of(KeyError("x")) == ""


def test_a_log_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever logs goes on: a full disk behind the log ends no request."""

    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(Full()))
    configure("info")
    structlog.get_logger("facegate").error("crash")
