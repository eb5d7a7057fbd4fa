"""Ways around this proxy: shut for everybody, and open to a tenant whose entry says so, for what the catalogue lets open."""

import pytest
from support.bodies import CATALOGUE

from proxy.admit.permit import permitted
from proxy.admit.register import TenantEntry
from proxy.errors import NotInspectable
from proxy.operation import Called, Disposition
from proxy.surface import readable, route

SHUT = TenantEntry(id="retail-co", name="Retail")
OPEN = TenantEntry(id="retail-co", name="Retail", direct_realtime=True)

SECRETS = "/openai/v1/realtime/client_secrets"

OPENED = {
    SECRETS: "client_secret",
    "/openai/v1/realtime/sessions": "realtime_session",
    "/openai/v1/realtime/transcription_sessions": "realtime_session",
    "/openai/realtimeapi/sessions?api-version=2025-04-01-preview": "realtime_session",
}


def reads(called: Called) -> str:
    """The reader of what may be forwarded, or the reason why not."""
    try:
        readable(called)
    except NotInspectable as error:
        return error.message
    return called.operation.reader


@pytest.mark.parametrize("target", OPENED)
def test_what_may_be_opened(target: str) -> None:
    """Refused with its reason, or read."""
    called = route("POST", target, CATALOGUE)
    assert "a way around this proxy" in reads(permitted(called, SHUT))
    assert reads(permitted(called, OPEN)) == OPENED[target]
    assert called.operation.disposition is Disposition.REFUSE  # what is shared is as it was


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/openai/v1/realtime/calls"),
        ("POST", "/openai/v1/realtime/calls/rtc_1/accept"),
        ("POST", "/openai/v1/realtime/translations/client_secrets"),
        ("POST", "/openai/v1/live/sessions"),
        ("GET", "/openai/v1/live"),
        ("POST", "/openai/v1/chat/completions"),
        ("GET", "/openai/v1/realtime?model=m"),
    ],
)
def test_everything_else_is_as_it_is_for_all(method: str, target: str) -> None:
    """The entry opens nothing more."""
    called = route(method, target, CATALOGUE)
    assert permitted(called, OPEN) == called
