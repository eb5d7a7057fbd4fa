"""A socket is asked for in the one way of RFC 6455, where there is one, and with one name of what is called."""

from dataclasses import replace
from typing import Final

import pytest
from aiohttp import HttpVersion, HttpVersion10, HttpVersion11
from multidict import CIMultiDict
from support.bodies import CATALOGUE

from proxy.errors import BadRequest, RequestError, UpgradeRequired
from proxy.operation import Called
from proxy.serve.handshake import asked, is_socket, offers_protocol

CHAT: Final = Called(next(one for one in CATALOGUE.operations if one.name == "chat.completions"), "/x", ())
SOCKET: Final = Called(
    next(one for one in CATALOGUE.operations if one.bodies == ("events",)), "/x", (("model", "gpt-realtime"),)
)

KEY: Final = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
PLAIN: Final = (("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), KEY)


class Asking:
    """A request of which only version and headers are looked at."""

    def __init__(self, *headers: tuple[str, str], version: HttpVersion = HttpVersion11) -> None:
        self.headers = CIMultiDict(headers)
        self.version = version


def without(name: str, *others: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """A plain handshake with other headers in place of one."""
    return (*(one for one in PLAIN if one[0] != name), *others)


def answer(called: Called, *headers: tuple[str, str]) -> str:
    """The deployment that is called; or the error, and the place that is to blame."""
    try:
        return asked(Asking(*headers), called).deployment  # type: ignore[arg-type] # it has headers
    except RequestError as error:
        return f"{type(error).__name__} {error.location}"


UPGRADE = "BadRequest /headers/upgrade"
VERSION = "BadRequest /headers/sec-websocket-version"
NONCE = "BadRequest /headers/sec-websocket-key"
PROTOCOLS = "BadRequest /headers/sec-websocket-protocol"
OFFER = "Sec-WebSocket-Protocol"

HANDSHAKES: dict[str, tuple[tuple[tuple[str, str], ...], str]] = {
    "plain": (PLAIN, "gpt-realtime"),
    "spelled in another way": (
        (("connection", "keep-alive, UPGRADE"), ("upgrade", "WebSocket"), ("sec-websocket-version", "13"), KEY), "gpt-realtime",
    ),
    "not asked for": ((), "UpgradeRequired "),
    "an empty upgrade": ((("Upgrade", ""),), "UpgradeRequired "),
    "another protocol": (without("Upgrade", ("Upgrade", "h2c")), UPGRADE),
    "two protocols": (without("Upgrade", ("Upgrade", "websocket, h2c")), UPGRADE),
    "two protocols, apart": ((*PLAIN, ("Upgrade", "h2c")), UPGRADE),
    "the connection says nothing of it": (without("Connection"), UPGRADE),
    "the connection says something else": (without("Connection", ("Connection", "keep-alive")), UPGRADE),
    "no version": (without("Sec-WebSocket-Version"), VERSION),
    "an old version": (without("Sec-WebSocket-Version", ("Sec-WebSocket-Version", "8")), VERSION),
    "two versions": ((*PLAIN, ("Sec-WebSocket-Version", "8")), VERSION),
    "two versions in one": (without("Sec-WebSocket-Version", ("Sec-WebSocket-Version", "13, 8")), VERSION),
    "no key": (without(KEY[0]), NONCE),
    "two keys": ((*PLAIN, KEY), NONCE),
    "a short key": (without(KEY[0], (KEY[0], "QUJD")), NONCE),
    "a key with spare bits": (without(KEY[0], (KEY[0], KEY[1].replace("Q==", "R=="))), NONCE),
    "a key of another alphabet": (without(KEY[0], (KEY[0], "-" + KEY[1][1:])), NONCE),
    "the protocol that is spoken": ((*PLAIN, (OFFER, "realtime")), "gpt-realtime"),
    "an older name beside it": ((*PLAIN, (OFFER, "realtime, openai-beta.realtime-v1")), "gpt-realtime"),
    "a credential as a protocol": ((*PLAIN, (OFFER, "realtime, openai-insecure-api-key.abc")), PROTOCOLS),
    "a protocol that nobody speaks": ((*PLAIN, (OFFER, "chat")), PROTOCOLS),
    "the protocol in capitals": ((*PLAIN, (OFFER, "Realtime")), PROTOCOLS),
}  # fmt: skip


@pytest.mark.parametrize("name", HANDSHAKES)
def test_handshakes(name: str) -> None:
    """What a strict server takes, and what it does not, with the header that is to blame."""
    headers, expected = HANDSHAKES[name]
    assert answer(SOCKET, *headers).strip() == expected.strip()


QUERIES: dict[str, tuple[tuple[tuple[str, str], ...], str]] = {
    "a model": ((("model", "gpt-realtime"),), "gpt-realtime"),
    "a deployment": ((("deployment", "mine"), ("api-version", "v1")), "mine"),
    "a transcription": ((("intent", "transcription"),), "transcription"),
    "a transcription by a model": ((("intent", "transcription"), ("model", "m")), "m"),
    "both": ((("model", "a"), ("deployment", "b")), "BadRequest /query"),
    "both, the same": ((("model", "a"), ("deployment", "a")), "BadRequest /query"),
    "neither": ((("api-version", "v1"),), "BadRequest /query"),
    "another intent": ((("model", "a"), ("intent", "translation")), "BadRequest /query"),
    "no intent at all": ((("model", "a"), ("intent", "")), "BadRequest /query"),
}


@pytest.mark.parametrize("name", QUERIES)
def test_what_is_called(name: str) -> None:
    """One name, of a model or a deployment; a transcription needs none."""
    query, expected = QUERIES[name]
    assert answer(replace(SOCKET, query=query), *PLAIN) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((), ""),
        ((("Upgrade", "h2c"), ("Connection", "Upgrade, HTTP2-Settings")), ""),
        (PLAIN, "BadRequest /headers/upgrade"),
        ((("Upgrade", "WEBSOCKET"),), "BadRequest /headers/upgrade"),
        ((("Upgrade", "h2c, websocket"),), "BadRequest /headers/upgrade"),
        ((("Upgrade", "TLS/1.0"),), "BadRequest /headers/upgrade"),
    ],
)
def test_where_there_is_no_socket(headers: tuple[tuple[str, str], ...], expected: str) -> None:
    """A path of HTTP becomes nothing else; what any client may offer is left aside."""
    assert answer(CHAT, *headers) == expected


def test_the_errors_say_what_to_do() -> None:
    """426 tells how to ask; a credential among protocols is told where it belongs."""
    with pytest.raises(UpgradeRequired, match="Upgrade: websocket"):
        asked(Asking(), SOCKET)  # type: ignore[arg-type] # it has headers
    with pytest.raises(BadRequest, match="send it as a header"):
        asked(Asking(*PLAIN, (OFFER, "openai-insecure-api-key.abc")), SOCKET)  # type: ignore[arg-type] # it has headers


@pytest.mark.parametrize(
    ("offered", "expected"),
    [([], False), (["realtime"], True), (["a, realtime"], True), (["a", "realtime"], True), (["realtime-v2"], False)],
)
def test_offers_protocol(offered: list[str], expected: bool) -> None:  # noqa: FBT001 - a table
    """In one header or in several."""
    assert offers_protocol(Asking(*((OFFER, one) for one in offered))) is expected  # type: ignore[arg-type] # it has headers


def test_is_socket() -> None:
    """What the catalogue says of the operation's bodies."""
    assert (is_socket(SOCKET), is_socket(CHAT)) == (True, False)


def test_an_older_version_of_http_has_no_sockets() -> None:
    """RFC 6455 asks for HTTP/1.1."""
    with pytest.raises(BadRequest, match=r"a handshake is HTTP/1\.1"):
        asked(Asking(*PLAIN, version=HttpVersion10), SOCKET)  # type: ignore[arg-type] # it has what is looked at
