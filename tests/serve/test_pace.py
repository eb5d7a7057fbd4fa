"""A wait takes as long as one of the last calls did."""

from proxy.serve.pace import Pace


async def test_it_draws_from_the_last_calls() -> None:
    """First from what is assumed, then from what was seen; old ones are forgotten."""
    pace = Pace()
    first = pace.drawn()
    assert 0 < first < 1
    pace.note(0.0)
    assert {pace.drawn() for _ in range(200)} == {first, 0.0}
    for number in range(16):
        pace.note(number / 1e6)
    assert {pace.drawn() for _ in range(5000)} == {number / 1e6 for number in range(16)}
    await pace.wait()
