"""The time for a file."""

import pytest

from proxy.examine.opening import Deadline, DocumentLimits, Unopened
from proxy.examine.pictures import PictureLimits
from proxy.settings import Limits


def test_a_deadline() -> None:
    """It holds to the last tick, and is told with the seconds that were given."""
    now = [10.0]
    deadline = Deadline(2.5, lambda: now[0])
    for moment in (10.0, 12.5):
        now[0] = moment
        deadline.check()
    now[0] = 12.6
    with pytest.raises(Unopened, match=r"longer than 2\.5 seconds"):
        deadline.check()


def test_limits_are_those_of_the_settings() -> None:
    """Who opens files without settings gets what the settings say by themselves."""
    limits, given = DocumentLimits(), Limits()
    assert (limits.pages, limits.side, limits.pictures, limits.seconds, limits.inline_bytes, limits.picture) == (
        given.document_pages,
        given.document_side,
        given.document_pictures,
        given.document_seconds,
        given.inline_bytes,
        PictureLimits(),
    )
