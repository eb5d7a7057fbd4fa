"""Replies that announce a reply (status 1xx): few are read, so that a host cannot keep the event loop busy with them."""

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
    """One connection; `feed_data` gets the head of each reply that came."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._interim = 0

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Pass a reply on, or give the connection up and drop whatever else comes."""
        self._interim += data[0].code < _FIRST_FINAL
        if self._interim <= MAX_INTERIM:
            super().feed_data(data, size)
        elif self._interim == MAX_INTERIM + 1 and self.transport is not None:
            transport = self.transport
            self.set_exception(aiohttp.ClientConnectionError("the host announces its answer without end"))
            transport.abort()
