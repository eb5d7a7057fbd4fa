"""Connections to a host: few replies that announce a reply (status 1xx) are read of it, and its silences are timed cheaply."""

from asyncio import AbstractEventLoop
from functools import partial
from typing import Any, Final

import aiohttp
from aiohttp.client_proto import ResponseHandler

MAX_INTERIM: Final = 8
"""Ordinary hosts send one or two (100 Continue, 103 Early Hints)."""

_FIRST_FINAL: Final = 200


class DirectConnector(aiohttp.TCPConnector):
    """Connections on which the host must come to its answer. The library would read through any number of interim replies
    without a pause for anything else; here a connection with more than `MAX_INTERIM` of them is given up.
    """

    def __init__(self, **options: Any) -> None:
        """`options` are those of the library's connector."""
        super().__init__(**options)
        self._factory = partial(_direct, self._loop)


def _direct(loop: AbstractEventLoop) -> ResponseHandler:
    return _Direct(loop)


class _Direct(ResponseHandler):
    """One connection; `feed_data` gets the head of each reply that came.

    The library sets and cancels a timer for each request and each piece of a reply. Here one timer goes on, and looks when it
    fires whether the host has been silent for as long as that.
    """

    def __init__(self, loop: AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._interim = 0
        self._due = 0.0
        self._looks_at = 0.0

    def _reschedule_timeout(self) -> None:
        """Begin the wait for the host anew."""
        if not self._read_timeout:
            self._due = 0.0
            return
        self._due = self._loop.time() + self._read_timeout
        if self._read_timeout_handle is None or self._looks_at > self._due:
            self._look_at(self._due)

    def _drop_timeout(self) -> None:
        """Wait for nothing."""
        self._due = 0.0

    def _look_at(self, when: float) -> None:
        if self._read_timeout_handle is not None:
            self._read_timeout_handle.cancel()
        self._looks_at = when
        self._read_timeout_handle = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        self._read_timeout_handle = None
        if not self._due:
            return
        if self._due > self._loop.time():
            self._look_at(self._due)
        else:
            self._on_read_timeout()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the timer with the connection."""
        super().connection_lost(exc)
        if self._read_timeout_handle is not None:
            self._read_timeout_handle.cancel()
            self._read_timeout_handle = None

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Pass a reply on, or give the connection up and drop whatever else comes."""
        if self._interim > MAX_INTERIM:
            return
        self._interim = self._interim + 1 if data[0].code < _FIRST_FINAL else 0
        if self._interim <= MAX_INTERIM:
            super().feed_data(data, size)
        elif self.transport is not None:
            transport = self.transport
            self.set_exception(aiohttp.ClientConnectionError("the host announces its answer without end"))
            transport.abort()
