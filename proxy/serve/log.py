"""The operational log: structlog, one JSON object a line on standard error. Decisions are in the journal, not here."""

import logging
import sys
import traceback
from typing import Any

import orjson
import structlog


def configure(level: str) -> None:
    """Set up the log at `level` (debug, info, warning, error)."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_render),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=False,
    )


def where_of(crash: Exception) -> str:
    """File and line of a crash. Not its text, nor a stack trace: both could hold what the request carried."""
    frames = traceback.extract_tb(crash.__traceback__)
    return " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames[-4:]))


def _render(event: dict[str, Any], **_: object) -> bytes:
    return orjson.dumps(event, default=str)
