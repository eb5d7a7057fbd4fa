"""Realtime sessions are counted in and out, and the end is told to all of them."""

import asyncio

import pytest

from proxy.errors import Unavailable
from proxy.serve.sessions import Sessions


def test_at_most_so_many() -> None:
    """One more is asked to come back, until one leaves."""
    sessions = Sessions(2)
    sessions.enter("a")
    sessions.enter("b")
    with pytest.raises(Unavailable, match="too many realtime sessions"):
        sessions.enter("c")
    assert len(sessions) == 2
    sessions.leave("a")
    sessions.enter("c")
    assert len(sessions) == 2


def test_leaving_takes_one_place_only() -> None:
    """A session that leaves twice, or that was never let in, makes no room that is not there."""
    sessions = Sessions(1)
    sessions.enter("a")
    sessions.leave("b")
    sessions.leave("b")
    with pytest.raises(Unavailable):
        sessions.enter("c")
    sessions.leave("a")
    sessions.leave("a")
    assert len(sessions) == 0
    sessions.enter("c")
    with pytest.raises(Unavailable):
        sessions.enter("d")


async def test_the_end_is_told_to_all() -> None:
    """Whoever waits for it hears of it; nobody is let in any more, and those that are in leave by themselves."""
    sessions = Sessions(2)
    sessions.enter("a")
    waiting = [asyncio.ensure_future(sessions.stopping.wait()) for _ in range(2)]
    await asyncio.sleep(0)
    assert [one.done() for one in waiting] == [False, False]
    sessions.end()
    await asyncio.gather(*waiting)
    with pytest.raises(Unavailable, match="about to stop"):
        sessions.enter("b")
    assert len(sessions) == 1
    sessions.leave("a")
    assert len(sessions) == 0
