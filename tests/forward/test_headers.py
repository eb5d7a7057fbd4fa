"""Which headers travel: a short list to the service, nearly all of the reply back, and nothing of the connection itself."""

import pytest

from proxy.forward.headers import PASSED, lines, to_caller, to_service

TO_SERVICE = {
    # a request header, in lower case: whether the service sees it
    "accept": True,
    "accept-encoding": True,
    "accept-language": True,
    "aoai-evals": True,
    "idempotency-key": True,
    "openai-beta": True,
    "openai-organization": True,
    "traceparent": True,
    "user-agent": True,
    "x-client-request-id": True,
    "x-ms-client-request-id": True,
    "x-ms-useragent": True,
    "x-stainless-retry-count": True,
    "x-stainless-made-up-tomorrow": True,
    # credentials
    "api-key": False,
    "authorization": False,
    "cookie": False,
    "ocp-apim-subscription-key": False,
    "proxy-authorization": False,
    "x-ms-authorization-auxiliary": False,
    # what only Facegate writes
    "content-type": False,
    "content-length": False,
    "content-encoding": False,
    "host": False,
    "facegate-attributes": False,
    "facegate-anything": False,
    # hop by hop
    "connection": False,
    "expect": False,
    "keep-alive": False,
    "te": False,
    "trailer": False,
    "transfer-encoding": False,
    "upgrade": False,
    # what would choose another deployment, filter or host
    "x-ms-oai-image-generation-deployment": False,
    "x-policy-id": False,
    "x-ms-cors-policy": False,
    "forwarded": False,
    "x-forwarded-for": False,
    "x-forwarded-host": False,
    "x-http-method-override": False,
    "x-original-url": False,
    "x-ms-region": False,
    # near misses
    "": False,
    "accept ": False,
    "x-stainless": False,
    "xx-stainless-lang": False,
    "x-unknown": False,
}


@pytest.mark.parametrize("name", TO_SERVICE)
def test_request_headers(name: str) -> None:
    """The listed ones travel as they are; all others stay, also those that nobody has thought of."""
    assert to_service([(name, "a, b")]) == ([(name, "a, b")] if TO_SERVICE[name] else [])


def test_request_headers_keep_their_order_and_number() -> None:
    """Two of a name stay two."""
    sent = [("accept", "a"), ("api-key", "k"), ("x-stainless-os", "l"), ("accept", "b")]
    assert to_service(sent) == [("accept", "a"), ("x-stainless-os", "l"), ("accept", "b")]


def test_no_header_that_travels_carries_a_credential_or_chooses_a_target() -> None:
    """The list holds lower-case names only, and none of those that would undo what was decided."""
    words = ("key", "auth", "cookie", "deployment", "policy", "forwarded", "override", "facegate", "host", "content-")
    assert {name for name in PASSED if name != name.lower() or any(word in name for word in words)} <= {
        "idempotency-key"
    }


TO_CALLER: dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]]]] = {
    "ids, limits and retry headers": (
        [("apim-request-id", "a"), ("x-ratelimit-remaining-tokens", "9"), ("Retry-After", "3"), ("retry-after-ms", "1")],
        [("apim-request-id", "a"), ("x-ratelimit-remaining-tokens", "9"), ("retry-after", "3"), ("retry-after-ms", "1")],
    ),
    "what describes the body": (
        [("Content-Type", "text/event-stream"), ("Content-Encoding", "gzip"), ("Cache-Control", "no-store")],
        [("content-type", "text/event-stream"), ("content-encoding", "gzip"), ("cache-control", "no-store")],
    ),
    "two of a name": ([("X-One", "a"), ("x-one", "b")], [("x-one", "a"), ("x-one", "b")]),
    "hop by hop": (
        [("Connection", "close"), ("Keep-Alive", "timeout=5"), ("Transfer-Encoding", "chunked"), ("Trailer", "x"),
         ("Upgrade", "h2c"), ("TE", "trailers"), ("Proxy-Authenticate", "Basic"), ("Proxy-Connection", "close")],
        [],
    ),
    "named by Connection": (
        [("X-Hop", "a"), ("Connection", "x-hop, X-Other ,close"), ("x-other", "b"), ("x-kept", "c")],
        [("x-kept", "c")],
    ),
    "named by a second Connection": (
        [("connection", "x-hop"), ("connection", "x-other"), ("x-hop", "a"), ("x-other", "b"), ("x-kept", "c")],
        [("x-kept", "c")],
    ),
    "an empty Connection names nothing": ([("connection", ""), ("x-kept", "c")], [("x-kept", "c")]),
    "the service's host": (
        [("Location", "https://theirs"), ("Operation-Location", "https://theirs"), ("Content-Location", "/x"),
         ("Alt-Svc", 'h3=":443"'), ("Strict-Transport-Security", "max-age=1"), ("Set-Cookie", "a=b")],
        [],
    ),
    "what the server writes itself": ([("Server", "theirs"), ("Date", "today"), ("Content-Length", "3")], []),
    "Facegate's own": (
        [("Facegate-Outcome", "allow"), ("facegate-decision-id", "forged"), ("x-facegate", "theirs")],
        [("x-facegate", "theirs")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TO_CALLER)
def test_reply_headers(name: str) -> None:
    """What goes back, whole and in order, names in lower case."""
    came, goes = TO_CALLER[name]
    assert to_caller(came) == goes


def test_lines() -> None:
    """Headers as they go over the wire; none at all is nothing."""
    assert lines([("a", "1"), ("b", ""), ("a", "x: y")]) == "a: 1\r\nb: \r\na: x: y\r\n"
    assert lines([]) == ""


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\rb", "\n", "a\0b", "a\n\r"], ids=ascii)
def test_no_header_begins_another(value: str) -> None:
    """Neither in a value nor in a name."""
    for pair in ((value, "x"), ("x", value)):
        with pytest.raises(ValueError, match="end of a line"):
            lines([("a", "1"), pair])
