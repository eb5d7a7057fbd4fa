"""Which headers travel: to the service, and back to the caller."""

from collections.abc import Iterable
from typing import Final

PASSED: Final = frozenset({
    "accept", "accept-encoding", "accept-language", "aoai-evals", "baggage", "idempotency-key", "openai-beta",
    "openai-organization", "openai-project", "traceparent", "tracestate", "user-agent", "x-ms-client-request-id",
    "x-ms-user-agent", "x-ms-useragent", "x-request-id", "x-client-request-id",
})  # fmt: skip
"""Request headers that the service may see. All others stay here: credentials, hop-by-hop and routing headers, `facegate-*`,
and those that choose another deployment or content filter (`x-ms-oai-image-generation-deployment`, `x-policy-id`)."""

PASSED_PREFIXES: Final = ("x-stainless-",)

_KEPT_BACK: Final = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade", "set-cookie", "location", "operation-location", "content-location", "alt-svc",
    "strict-transport-security", "server", "date", "content-length",
})  # fmt: skip
"""Reply headers that end here: hop-by-hop, those that name the service's own host, and those that the server writes itself."""


def to_service(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The request headers that go on, names in lower case. Expects them in lower case."""
    return [(name, value) for name, value in headers if name in PASSED or name.startswith(PASSED_PREFIXES)]


def uncoded(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Request headers that ask for a reply that can be read: without content coding. Expects names in lower case."""
    return [*((name, value) for name, value in headers if name != "accept-encoding"), ("accept-encoding", "identity")]


def to_caller(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The reply headers that go back, without hop-by-hop ones (also those that `Connection` names) and Facegate's own."""
    kept: list[tuple[str, str]] = []
    named: set[str] = set()
    for spelled, value in headers:
        name = spelled.lower()
        if name == "connection":
            named.update(one.strip().lower() for one in value.split(","))
        elif name not in _KEPT_BACK and not name.startswith("facegate-"):
            kept.append((name, value))
    return [pair for pair in kept if pair[0] not in named] if named else kept


def lines(headers: Iterable[tuple[str, str]]) -> str:
    """Headers as they go over the wire. Raises ValueError for one that would begin another."""
    each = [f"{name}: {value}\r\n" for name, value in headers]
    block = "".join(each)
    if not block.count("\r") == block.count("\n") == len(each) or "\0" in block:
        raise ValueError("a header holds the end of a line")
    return block
