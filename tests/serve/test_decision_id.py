"""Ids of decisions sort by time, are drawn anew each time, and tell nothing else."""

import re
import time

from proxy.serve.decision_id import new_decision_id


def test_their_form() -> None:
    """Eleven digits of milliseconds, sixteen of chance; safe in a header, a file name and a URL."""
    before = time.time_ns() // 1_000_000
    made = re.fullmatch(r"fgd_([0-9a-f]{11})([0-9a-f]{16})", new_decision_id())
    assert made is not None
    assert before <= int(made[1], 16) <= time.time_ns() // 1_000_000


def test_none_comes_twice() -> None:
    """More of them than are drawn at a time; their chance differs in every digit."""
    made = [new_decision_id() for _ in range(5000)]
    chance = [one[15:] for one in made]
    assert len(set(chance)) == len(made)
    assert [len({one[place] for one in chance}) for place in range(16)] == [16] * 16


def test_they_sort_by_time() -> None:
    """As strings, from one millisecond to the next."""
    made = []
    for _ in range(5):
        made.append(new_decision_id())
        time.sleep(0.002)
    assert made == sorted(made)
