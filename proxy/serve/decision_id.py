"""Ids of decisions."""

import secrets
import time
from typing import Final


def new_decision_id() -> str:
    """A fresh id: milliseconds since 1970 in hexadecimal, so that ids sort by time, then 64 random bits."""
    return f"fgd_{time.time_ns() // 1_000_000:011x}{_drawn(8).hex()}"


def _drawn(size: int) -> bytes:
    """Random bytes of the system's, drawn in bulk: each draw is a system call."""
    if len(_DRAWN) < size:
        _DRAWN.extend(secrets.token_bytes(4096))
    taken = bytes(_DRAWN[-size:])
    del _DRAWN[-size:]
    return taken


_DRAWN: Final = bytearray()
