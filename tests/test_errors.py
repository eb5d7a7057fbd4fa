"""The tree of errors: what each is to a caller, and that the drawing is true."""

from collections.abc import Iterator

import pytest

import proxy.errors
from proxy.errors import (
    BadRequest,
    ConfigurationError,
    FacegateError,
    RequestError,
    Unauthenticated,
    UpstreamError,
    UpstreamTimeout,
)
from proxy.location import WHOLE, Location


def below(kind: type[FacegateError]) -> Iterator[type[FacegateError]]:
    for one in kind.__subclasses__():
        if one.__module__ == "proxy.errors":
            yield one
            yield from below(one)


@pytest.mark.parametrize("kind", sorted(below(FacegateError), key=str))
def test_every_error_is_in_the_drawing(kind: type[FacegateError]) -> None:
    """With its status and code, where callers see it."""
    lines = [line for line in (proxy.errors.__doc__ or "").splitlines() if f"── {kind.__name__} " in line]
    assert len(lines) == 1
    if kind not in (RequestError, UpstreamError) and issubclass(kind, (RequestError, UpstreamError)):
        assert f" {kind.status} {kind.code}" in lines[0]


def test_every_error_has_a_docstring() -> None:
    """Of its own."""
    assert [one.__name__ for one in below(FacegateError) if not one.__doc__] == []


def test_what_a_request_error_says() -> None:
    """Its message, and the whole body unless a place is known."""
    plain, placed = BadRequest("why"), BadRequest("why", Location(("a",)))
    assert (str(plain), plain.message, plain.location) == ("why", "why", WHOLE)
    assert placed.location == Location(("a",))
    assert Unauthenticated("why", "expired").reason == "expired"
    assert UpstreamTimeout("why").status == 504


def test_a_configuration_error_tells_every_problem() -> None:
    """One a line."""
    error = ConfigurationError("a.yaml:1: one", "b.yaml:2: two")
    assert (error.problems, str(error)) == (("a.yaml:1: one", "b.yaml:2: two"), "a.yaml:1: one\nb.yaml:2: two")
