"""What Facegate answers by itself has the service's envelope and its own headers."""

import asyncio

import orjson
import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from proxy.errors import UpstreamTimeout, UpstreamUnreachable
from proxy.exchange import Refuse
from proxy.serve.answers import cut, failure, refusal, taken

EXTRA = [("Facegate-Decision-Id", "fgd_1"), ("Facegate-Outcome", "block")]


async def request(*, whole: bool = True) -> web.BaseRequest:
    """A request whose body is there, or still on its way."""
    loop = asyncio.get_running_loop()
    body = StreamReader(BaseProtocol(loop), 1024, loop=loop)
    if whole:
        body.feed_eof()
    return make_mocked_request("POST", "/openai/v1/chat/completions", payload=body)


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (403, {"x-should-retry": "false"}),
        (422, {"x-should-retry": "false"}),
        (426, {"x-should-retry": "false", "Upgrade": "websocket"}),
        (408, {}),
        (503, {}),
        (502, {}),
    ],
)
async def test_a_refusal(status: int, more: dict[str, str]) -> None:
    """SDKs are told not to try again what would be in vain, and nothing of what may get better."""
    answer = refusal(Refuse(status, "x", {"code": "x"}), EXTRA, await request())
    assert (answer.status, orjson.loads(answer.body or b"")) == (status, {"error": {"code": "x"}})
    assert dict(answer.headers) == {
        "Content-Type": "application/json",
        **dict(EXTRA),
        "Server": "facegate",
        **more,
    }


@pytest.mark.parametrize("whole", [True, False])
async def test_the_rest_of_a_body_is_not_read(*, whole: bool) -> None:
    """The connection ends where there is more to come."""
    answer = refusal(Refuse(403, "x", {}), EXTRA, await request(whole=whole))
    assert answer.keep_alive is (None if whole else False)


def test_what_is_held_here() -> None:
    """It is answered as by the service."""
    answer = taken({"id": "part_1"}, EXTRA)
    assert (answer.status, answer.body, answer.headers["Facegate-Decision-Id"]) == (200, b'{"id":"part_1"}', "fgd_1")


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (UpstreamTimeout("the service did not answer in time"), 504, "UpstreamTimeout"),
        (UpstreamUnreachable("the service cannot be reached"), 502, "UpstreamUnreachable"),
    ],
)
def test_a_service_that_fails(error: UpstreamTimeout | UpstreamUnreachable, status: int, kind: str) -> None:
    """The caller learns what happened and the decision, and can find both again."""
    told = failure(error, "fgd_1")
    assert (told.status, told.error["message"], told.error["innererror"]) == (
        status,
        f"{error} (decision fgd_1)",
        {"code": kind, "decision_id": "fgd_1"},
    )


async def test_a_cut() -> None:
    """The transport is closed, if it is still there."""
    one = await request()
    cut(one)
    assert one.transport is not None
    one.transport.close.assert_called_once_with()  # type: ignore[attr-defined] # aiohttp's stand-in for a transport
