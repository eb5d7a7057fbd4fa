"""Operations, and calls of them, as values."""

from dataclasses import FrozenInstanceError, replace

import pytest

from proxy.operation import Called, Disposition, Operation

OPERATION = Operation("chat.completions", ("POST",), ("/openai/v1/chat/completions",), Disposition.SCREEN, "chat")


def test_operation() -> None:
    """What an entry of the catalogue leaves out: one query parameter, no reason, no parts."""
    assert (OPERATION.query, OPERATION.why, OPERATION.parts) == (("api-version",), "", ())


def test_called() -> None:
    """A call is the operation with its path and query; two calls alike are one value."""
    call = Called(OPERATION, "/openai/v1/chat/completions", (("api-version", "v1"),))
    assert call == Called(OPERATION, "/openai/v1/chat/completions", (("api-version", "v1"),), deployment="")
    assert call != Called(OPERATION, "/openai/v1/chat/completions", ())
    with pytest.raises(FrozenInstanceError):
        call.path = "/elsewhere"  # type: ignore[misc] # it is frozen


def test_dispositions() -> None:
    """An operation is screened or refused; there is no third way."""
    assert [str(one) for one in Disposition] == ["screen", "refuse"]


def test_what_a_reply_makes() -> None:
    """The operation's ids, as long as the service keeps what the call makes."""
    makes = (("response", "/id"),)
    call = Called(replace(OPERATION, makes=makes), "/x", ())
    assert (call.makes, replace(call, kept=False).makes) == (makes, ())
    assert Called(OPERATION, "/x", ()).makes == ()


def test_how_it_is_shown_is_no_part_of_what_is_called() -> None:
    """Two calls that differ only in how records show them are one value."""
    call = Called(OPERATION, "/x", (), ids=(("file", "file-1"),), shown="/{file}")
    assert call == replace(call, shown="/other")
    assert call != replace(call, ids=())
