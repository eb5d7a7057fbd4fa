"""The operational log: structlog, one JSON object a line on standard error. Decisions are in the journal, not here."""

import contextlib
import logging
import sys
import traceback
from typing import Any

import orjson
import structlog


def configure(level: str) -> None:
    """Set up the log at `level` (debug, info, warning, error), also for what libraries log."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_render),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: _Lines(sys.stderr.buffer),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if not isinstance(one, _Libraries)]
    root.addHandler(_Libraries(logging.WARNING))


class _Lines(structlog.BytesLogger):
    """Writes lines, and goes on where they cannot be written: a full disk behind the log must not keep a request from its end."""

    def msg(self, message: bytes) -> None:
        """Write one line, if that is possible."""
        with contextlib.suppress(OSError):
            super().msg(message)

    debug = info = warning = error = critical = msg


class _Libraries(logging.Handler):
    """What libraries say through the standard library's log: which, where, and what was raised; not in their words.

    These could hold what a request carried, and would otherwise stand on standard error, stack trace and all.
    """

    def emit(self, record: logging.LogRecord) -> None:
        crash = record.exc_info[1] if record.exc_info else None
        raised = {} if crash is None else {"error": type(crash).__name__, "where": where_of(crash)}
        place = f"{record.filename}:{record.lineno}"
        structlog.get_logger("facegate").warning("library", name=record.name, said_at=place, **raised)


def where_of(crash: BaseException) -> str:
    """File and line of a crash. Not its text, nor a stack trace: both could hold what the request carried."""
    frames = traceback.extract_tb(crash.__traceback__)
    return " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames[-4:]))


def _render(event: dict[str, Any], **_: object) -> bytes:
    return orjson.dumps(event, default=str)
