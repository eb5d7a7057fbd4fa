"""Where in a request something stands."""

import pytest

from proxy.location import WHOLE, Location, Step

POINTERS: dict[str, tuple[Step, ...]] = {
    "": (),
    "/": ("",),
    "/messages/0/content": ("messages", 0, "content"),
    "/a~1b/m~0n/~01": ("a/b", "m~n", "~1"),
    "/a b/é": ("a b", "é"),
    "/0/00": (0, "00"),
}


@pytest.mark.parametrize("pointer", POINTERS)
def test_pointer(pointer: str) -> None:
    """A place prints itself as a JSON pointer, with the two escapes that those have."""
    assert str(Location(POINTERS[pointer])) == pointer


def test_at() -> None:
    """A place further in, from the place before."""
    here = Location(("a",))
    assert (here.at("b", 0), here.at(), WHOLE.at("a")) == (Location(("a", "b", 0)), here, here)


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ((), (), True),
        ((), ("a", 0), True),
        (("a",), ("a",), True),
        (("a",), ("a", 0, "b"), True),
        (("a", 0), ("a",), False),
        (("a",), ("ab",), False),
        (("a", 0), ("a", 1), False),
        (("a", 0), ("a", "0"), False),
    ],
)
def test_covers(outer: tuple[Step, ...], inner: tuple[Step, ...], expected: bool) -> None:  # noqa: FBT001 - a table
    """A place covers itself and what is inside it; a name that only begins alike is another."""
    assert Location(outer).covers(Location(inner)) is expected
