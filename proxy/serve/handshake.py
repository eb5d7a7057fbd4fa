"""How a caller asks for a socket: the handshake of WebSocket (RFC 6455), by the strict reading, and what it asks for."""

import re
from dataclasses import replace
from typing import Final

from aiohttp import HttpVersion11, web

from proxy.errors import BadRequest, UpgradeRequired
from proxy.forward.websocket import PROTOCOL
from proxy.location import Location
from proxy.operation import Called

_KEY: Final = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==")
"""16 bytes in base64."""

_IGNORED: Final = frozenset({PROTOCOL, "openai-beta.realtime-v1"})
"""Subprotocols that may be offered; only the first is ever agreed on."""

_UPGRADES_IGNORED: Final = frozenset({"h2c"})
"""Protocols that clients offer with any request, and that a server may leave aside (RFC 9110, section 7.8)."""

TRANSCRIPTION: Final = "transcription"


def is_socket(called: Called) -> bool:
    """Whether an operation is called over a socket."""
    return called.operation.bodies == ("events",)


def asked(request: web.BaseRequest, called: Called) -> Called:
    """The operation as the request calls it: over a socket where it is one, and over nothing else where it is none.

    Raises BadRequest for a socket where there is none, or for a handshake that is not that of WebSocket version 13;
    UpgradeRequired where a socket is not asked for.
    """
    upgrades = [one.lower() for one in _listed(request, "Upgrade")]
    if not is_socket(called):
        if not _UPGRADES_IGNORED.issuperset(upgrades):
            raise BadRequest("this path speaks HTTP only: it becomes no socket", Location(("headers", "upgrade")))
        return called
    if not upgrades:
        raise UpgradeRequired("this path speaks WebSocket only: ask for it with `Upgrade: websocket`")
    _check_handshake(request, upgrades)
    _check_protocols(request)
    return replace(called, deployment=_model(called))


def offers_protocol(request: web.BaseRequest) -> bool:
    """Whether the caller offers the subprotocol that is spoken."""
    return PROTOCOL in _listed(request, "Sec-WebSocket-Protocol")


def _check_handshake(request: web.BaseRequest, upgrades: list[str]) -> None:
    connection = [one.lower() for one in _listed(request, "Connection")]
    keys = request.headers.getall("Sec-WebSocket-Key", [])
    versions = request.headers.getall("Sec-WebSocket-Version", [])
    if request.version < HttpVersion11 or upgrades != ["websocket"] or "upgrade" not in connection:
        raise BadRequest(
            "a handshake is HTTP/1.1, and reads `Connection: Upgrade` and `Upgrade: websocket`", _at("upgrade")
        )
    if versions != ["13"]:
        raise BadRequest("the only version of WebSocket that is spoken is 13", _at("sec-websocket-version"))
    if len(keys) != 1 or not _KEY.fullmatch(keys[0].strip()):
        raise BadRequest("a handshake has one Sec-WebSocket-Key, of 16 bytes in base64", _at("sec-websocket-key"))


def _check_protocols(request: web.BaseRequest) -> None:
    for offered in _listed(request, "Sec-WebSocket-Protocol"):
        if offered not in _IGNORED:
            raise BadRequest(
                f"the only subprotocol that is spoken is `{PROTOCOL}`; a credential in its place is not read: it would land in"
                " logs, so send it as a header",
                _at("sec-websocket-protocol"),
            )


def _model(called: Called) -> str:
    """The deployment that the query names; `transcription` where it asks for that, which needs none."""
    query = dict(called.query)
    named = [query[name] for name in ("deployment", "model") if name in query]
    intent = query.get("intent")
    if len(named) > 1 or intent not in (None, TRANSCRIPTION):
        raise BadRequest(
            f"the query names one `deployment` or one `model`, and as `intent` only `{TRANSCRIPTION}`",
            Location(("query",)),
        )
    if not named and intent is None:
        raise BadRequest("the query names no `deployment` and no `model`", Location(("query",)))
    return named[0] if named else TRANSCRIPTION


def _listed(request: web.BaseRequest, name: str) -> list[str]:
    return [one.strip() for value in request.headers.getall(name, []) for one in value.split(",") if one.strip()]


def _at(header: str) -> Location:
    return Location(("headers", header))
