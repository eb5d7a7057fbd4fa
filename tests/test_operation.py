"""Operations, and calls of them, as values."""

from dataclasses import FrozenInstanceError

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
