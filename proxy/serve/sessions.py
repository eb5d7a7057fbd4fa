"""The realtime sessions that are open: at most so many, and all of them end when the proxy stops."""

import asyncio

from proxy.errors import Unavailable


class Sessions:
    """Who is in. `stopping` tells each session that it is to end."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: set[str] = set()
        self.stopping = asyncio.Event()

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, session: str) -> None:
        """Let a session in. Raises Unavailable when there are enough, or the proxy is about to stop."""
        if self.stopping.is_set():
            raise Unavailable("the proxy is about to stop; try again shortly")
        if len(self._open) >= self._most:
            raise Unavailable("too many realtime sessions at once; try again shortly")
        self._open.add(session)

    def leave(self, session: str) -> None:
        """Take note that a session is over, or never came to be."""
        self._open.discard(session)

    def end(self) -> None:
        """Let no more in, and tell those that are that it is over; whoever waits for connections to end waits for them too."""
        self.stopping.set()
