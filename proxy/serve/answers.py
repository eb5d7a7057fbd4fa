"""What Facegate answers by itself: refusals, failures of the service, slices that are held; and how an answer is broken off."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson
from aiohttp import web

from proxy.errors import UpgradeRequired, UpstreamError
from proxy.exchange import Refuse
from proxy.forward.relay import SERVER

_RETRY_IS_FINE: Final = frozenset({408, 503})

Extra: TypeAlias = Sequence[tuple[str, str]]
"""Reply headers of ours: decision id, outcome, policy revision."""


def refusal(refuse: Refuse, extra: Extra, request: web.BaseRequest) -> web.Response:
    """A refusal in the service's error envelope, which its SDKs do not try again where that would be in vain."""
    response = _answer({"error": refuse.error}, extra, refuse.status)
    if refuse.status == UpgradeRequired.status:
        response.headers["Upgrade"] = "websocket"
    if refuse.status not in _RETRY_IS_FINE and refuse.status < 500:  # noqa: PLR2004 - the 5xx class
        response.headers["x-should-retry"] = "false"
    if not request.content.is_eof():
        response.force_close()  # the rest of the body is not worth reading
    return response


def taken(told: Mapping[str, Any], extra: Extra) -> web.Response:
    """The service's own answer, as `told`, to what is held here for now."""
    return _answer(told, extra, 200)


def failure(error: UpstreamError, decision_id: str) -> Refuse:
    """What the caller is told of a service that did not answer as it should."""
    return Refuse(
        error.status,
        error.code,
        {
            "message": f"{error} (decision {decision_id})",
            "type": "server_error",
            "code": error.code,
            "param": None,
            "innererror": {"code": type(error).__name__, "decision_id": decision_id},
        },
    )


def cut(request: web.BaseRequest) -> web.StreamResponse:
    """End the connection: what was relayed is incomplete, and the caller must be able to tell."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _answer(body: Mapping[str, Any], extra: Extra, status: int) -> web.Response:
    response = web.Response(status=status, body=orjson.dumps(body), content_type="application/json")
    for name, value in extra:
        response.headers[name] = value
    response.headers["Server"] = SERVER
    return response
