"""The values that pass between stages: looked at, never changed, and with no way to hold less than they say."""

import pytest
from msgspec import Struct

from proxy import exchange
from proxy.content import Content
from proxy.exchange import Inbound, Inspected, Receipt, Surfaced
from proxy.operation import Called, Disposition, Operation

HEADERS = (("accept", "a"), ("x-one", "1"), ("accept", "b"), ("x-empty", ""))

ASKED: dict[str, tuple[str | None, tuple[str, ...]]] = {
    # name: the first value, all values
    "accept": ("a", ("a", "b")),
    "x-one": ("1", ("1",)),
    "x-empty": ("", ("",)),
    "x-two": (None, ()),
    "Accept": (None, ()),  # names are in lower case
    "": (None, ()),
}


@pytest.mark.parametrize("name", ASKED)
def test_headers(name: str) -> None:
    """The first or all of a name, in order; an empty value is a value, no header is None."""
    request = Inbound("POST", "/x", HEADERS, b"")
    assert (request.header(name), request.header_values(name)) == ASKED[name]
    assert (request.header(name), request.header_values(name)) == ASKED[name]


def test_a_request_without_headers() -> None:
    """Nothing is found, however often it is asked for."""
    request = Inbound("GET", "/", (), b"")
    assert [request.header("accept") for _ in range(2)] == [None, None]


@pytest.mark.parametrize("looked", [True, False], ids=["after a look", "before any"])
def test_with_body(*, looked: bool) -> None:
    """All else stays, headers too, and the request without its body stays without."""
    request = Inbound("POST", "/x?y=z", HEADERS, b"")
    if looked:
        assert request.header("accept") == "a"
    whole = request.with_body(b"{}")
    assert (whole.method, whole.target, whole.headers, whole.body) == ("POST", "/x?y=z", HEADERS, b"{}")
    assert (whole.header_values("accept"), request.body) == (("a", "b"), b"")


@pytest.mark.parametrize(
    ("chunks", "size"),
    [((), 0), ((b"{}",), 2), ((b"{", memoryview(b"abc"), b"}"), 5), ((b"", b""), 0)],
    ids=["none", "one", "a view between", "empty ones"],
)
def test_the_size_of_a_body(chunks: tuple[bytes | memoryview, ...], size: int) -> None:
    """Bytes of all chunks, views too."""
    assert Inspected("application/json", chunks).size == size


def test_all_are_frozen() -> None:
    """Whoever reads a value later knows that nobody changed it."""
    values = [one for one in vars(exchange).values() if isinstance(one, type) and one.__module__ == exchange.__name__]
    assert len(values) > 5
    assert [one.__name__ for one in values if not (issubclass(one, Struct) and one.__struct_config__.frozen)] == []
    with pytest.raises(AttributeError, match="immutable"):
        Receipt("fgd_1").decision_id = "fgd_2"  # type: ignore[misc] # it is frozen


def test_what_one_request_holds_is_its_own() -> None:
    """Values that are made without saying so share nothing that could be written to."""
    called = Called(Operation("o", ("POST",), ("/x",), Disposition.SCREEN), "/x", ())
    one, other = (Surfaced(called, Content((), (), ""), Inspected("a/b", ())) for _ in range(2))
    held = [(getattr(one, field), getattr(other, field)) for field in Surfaced.__struct_fields__[3:]]
    assert [mine for mine, theirs in held if mine is theirs and isinstance(mine, (dict, list, set))] == []
