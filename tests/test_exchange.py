"""The values that pass between stages: looked at, never changed, and with no way to hold less than they say."""

from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

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
    assert whole == Inbound("POST", "/x?y=z", HEADERS, b"{}")
    assert (whole.header_values("accept"), request.body) == (("a", "b"), b"")


def test_two_requests_are_equal_by_what_they_are() -> None:
    """Also where the headers of only one were looked at."""
    one, other = Inbound("POST", "/x", HEADERS, b""), Inbound("POST", "/x", HEADERS, b"")
    one.header("accept")
    assert one == other
    assert one != Inbound("POST", "/x", HEADERS[1:], b"")
    assert "_index" not in repr(one)


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
    frozen = [one for one in values if is_dataclass(one) and vars(one)["__dataclass_params__"].frozen]
    assert len(frozen) > 5
    open_ones = [one.__name__ for one in values if one not in frozen or "__slots__" not in vars(one)]
    assert open_ones == []
    with pytest.raises(FrozenInstanceError):
        Receipt("fgd_1").decision_id = "fgd_2"  # type: ignore[misc] # it is frozen


def test_what_one_request_holds_is_its_own() -> None:
    """Values that are made without saying so share nothing that could be written to."""
    called = Called(Operation("o", ("POST",), ("/x",), Disposition.SCREEN), "/x", ())
    one, other = (Surfaced(called, Content((), (), ""), Inspected("a/b", ())) for _ in range(2))
    held = [(getattr(one, field.name), getattr(other, field.name)) for field in fields(Surfaced)[3:]]
    assert [mine for mine, theirs in held if mine is theirs and isinstance(mine, (dict, list, set))] == []
