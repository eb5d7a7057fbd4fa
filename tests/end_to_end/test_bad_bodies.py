"""Bodies made to pass unread, to crash a decoder or to fill the memory: each ends in a clear refusal with a record."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest
from support import pictures
from support.gate import Gate, gate
from support.pictures import data_uri

HELLO = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}


def chat(*urls: str, text: str = "Describe the weather in this picture.") -> dict[str, Any]:
    """A chat with pictures."""
    shown = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": [{"type": "text", "text": text}, *shown]}]}


WHOLE = orjson.dumps(HELLO)
DEEP = b'{"model":"gpt-4o","messages":' + b"[" * 10_000 + b"]" * 10_000 + b"}"

UNREADABLE = {
    "truncated JSON": (WHOLE[:-3], {}, 400),
    "no JSON": (b"hello", {}, 400),
    "empty": (b"", {}, 400),
    "a list": (b"[]", {}, 400),
    "not UTF-8": (WHOLE.replace(b"hello", b"\xff\xfe"), {}, 400),
    "UTF-16": (WHOLE.decode().encode("utf-16"), {}, 400),
    "byte-order mark": (b"\xef\xbb\xbf" + WHOLE, {}, 400),
    "nested 10,000 deep": (DEEP, {}, 400),
    "the same key twice": (b'{"model":"gpt-4o","model":"gpt-4o","messages":[]}', {}, 400),
    "the same key twice, once escaped": (b'{"model":"a","messages":[],"\\u006dessages":[]}', {}, 400),
    "NaN": (b'{"model":"gpt-4o","messages":[],"temperature":NaN}', {}, 400),
    "an integer beyond 64 bits": (b'{"model":"gpt-4o","messages":[],"seed":18446744073709551616}', {}, 400),
    "a lone surrogate": (b'{"model":"gpt-4o","messages":[{"role":"user","content":"\\ud800"}]}', {}, 400),
    "something after the JSON": (WHOLE + b"{}", {}, 400),
    "gzip that is none": (WHOLE, {"content_encoding": "gzip"}, 400),
    "gzip cut short": (gzip.compress(WHOLE)[:-4], {"content_encoding": "gzip"}, 400),
    "gzip with more behind": (gzip.compress(WHOLE) + gzip.compress(WHOLE), {"content_encoding": "gzip"}, 400),
    "gzip bomb": (gzip.compress(b" " * 300_000_000, 1), {"content_encoding": "gzip"}, 413),
    "gzip that inflates too well": (gzip.compress(DEEP), {"content_encoding": "gzip"}, 413),
    "gzip twice": (gzip.compress(gzip.compress(WHOLE)), {"content_encoding": "gzip, gzip"}, 415),
    "deflate": (WHOLE, {"content_encoding": "deflate"}, 415),
    "brotli": (WHOLE, {"content_encoding": "br"}, 415),
    "zstd": (WHOLE, {"content_encoding": "zstd"}, 415),
    "multipart": (WHOLE, {"content_type": "multipart/form-data; boundary=x"}, 415),
    "plain text": (WHOLE, {"content_type": "text/plain"}, 415),
    "another character set": (WHOLE, {"content_type": "application/json; charset=utf-16"}, 415),
    "100 pictures": (chat(*[data_uri(pictures.small(), "image/png")] * 100), {}, 413),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
async def test_what_is_refused_before_policy_is_asked(proxy: Gate, name: str) -> None:
    """The status names the kind of mistake, the message the place; nothing is sent, and the next request is served."""
    body, headers, status = UNREADABLE[name]
    answered, reply, _ = await proxy.post(body, **headers)
    error = reply["error"]
    assert (answered, error["code"]) == (
        status,
        {400: "invalid_request", 413: "too_large", 415: "unsupported_media_type"}[status],
    )
    assert error["innererror"]["decision_id"] in error["message"]
    await served_on(proxy)


def spaced(uri: str) -> str:
    """A data URI with white space in its base64."""
    return uri[:60] + "\n" + uri[60:]


SMALL = data_uri(pictures.small(), "image/png")

UNEXAMINED = {
    "an address": "https://pictures.example/face.png",
    "a file address": "file:///etc/passwd",
    "white space in base64": spaced(SMALL),
    "url-safe base64": "data:image/png;base64," + "_-" * 40,
    "broken padding": SMALL.rstrip("=") + "===",
    "base64 of nothing": "data:image/png;base64,",
    "parameters in the data URI": SMALL.replace(";base64", ";charset=utf-8;base64"),
    "a percent-encoded data URI": "data:image/svg+xml,%3Csvg/%3E",
    "no data URI": "hello",
    "50,000 x 50,000": data_uri(pictures.huge_header(), "image/png"),
    "truncated JPEG": data_uri(pictures.truncated("JPEG")),
    "truncated PNG": data_uri(pictures.truncated("PNG"), "image/png"),
    "scan flood": data_uri(pictures.scan_flood()),
    "random bytes": data_uri(bytes(range(256)) * 8, "image/png"),
    **{name: data_uri(data, f"image/{name}") for name, data in pictures.FOREIGN.items()},
}


@pytest.mark.parametrize("name", UNEXAMINED)
async def test_pictures_that_cannot_be_examined(proxy: Gate, name: str) -> None:
    """An innocent question is refused as not inspectable, with the place; an identifying one never counts as faceless."""
    status, reply, _ = await proxy.post(chat(UNEXAMINED[name]))
    assert (status, reply["error"]["code"]) == (422, "not_inspectable")
    assert reply["error"]["param"] == "/messages/0/content/1/image_url/url"
    (record,) = await proxy.records("decision")
    assert record["facts"]["media.faces"]["truth"] == "unknown"
    assert (record["outcome"], record["coverage"]["refused"]) == ("block", 1)
    status, reply, _ = await proxy.post(chat(UNEXAMINED[name], text="Who is this?"))
    assert (status, reply["error"]["code"]) in ((403, "review_required"), (403, "prohibited_use"))
    assert proxy.service.arrived == []


FACES = {
    "a JPEG that claims to be a PNG": data_uri(pictures.face(), "image/png"),
    "a JPEG that claims to be anything": data_uri(pictures.face(), "application/octet-stream"),
    "CMYK": data_uri(pictures.cmyk()),
    "16-bit grey": data_uri(pictures.grey16(), "image/png"),
    "16-bit colour": data_uri(pictures.rgb16(), "image/png"),
    "turned, with EXIF": data_uri(pictures.turned()),
    "turned, without EXIF": data_uri(pictures.turned(tagged=False)),
    "transparent": data_uri(pictures.under_alpha(), "image/png"),
    "in the transparency": data_uri(pictures.only_in_alpha(), "image/png"),
    "progressive": data_uri(pictures.progressive()),
    **{f"last frame of {form}": data_uri(pictures.animation(form), pictures.TYPES[form]) for form in ("GIF", "WEBP", "APNG")},
}  # fmt: skip


@pytest.mark.parametrize("name", FACES)
async def test_faces_are_found_wherever_they_hide(proxy: Gate, name: str) -> None:
    """Asking who is shown is refused, the same picture with an innocent question is forwarded as it came."""
    status, reply, _ = await proxy.post(chat(FACES[name], text="Who is this?"))
    assert (status, reply["error"]["code"]) == (403, "prohibited_use")
    assert proxy.service.arrived == []
    body = chat(FACES[name])
    assert (await proxy.post(body))[0] == 200
    assert orjson.loads(proxy.service.arrived[0].body) == body


async def test_gzip_is_read_and_sent_plain(proxy: Gate) -> None:
    """A gzip body is inflated, inspected and sent as what was inspected."""
    status, _, _ = await proxy.post(gzip.compress(WHOLE), content_encoding="gzip")
    assert status == 200
    (arrived,) = proxy.service.arrived
    assert orjson.loads(arrived.body) == HELLO
    assert arrived.header("content-encoding") is None
    status, reply, _ = await proxy.post(
        gzip.compress(orjson.dumps(chat(FACES["CMYK"], text="Who is this?"))), content_encoding="gzip"
    )
    assert (status, reply["error"]["code"]) == (403, "prohibited_use")


async def test_large_pictures_pass_unchanged(proxy: Gate) -> None:
    """Megabytes of inline data reach the service byte for byte."""
    body = chat(data_uri(pictures.noise_jpeg(1_000_000)), data_uri(pictures.coffee()))
    assert (await proxy.post(body))[0] == 200
    assert orjson.loads(proxy.service.arrived[0].body) == body


@pytest.mark.parametrize("isolated", [True, False], ids=["processes", "threads"])
async def test_pictures_are_looked_at_beside_the_loop(tmp_path: Path, *, isolated: bool) -> None:
    """In processes and in threads alike: found faces are refused, others forwarded, several at once."""
    async with gate(tmp_path, examination={"isolated": isolated, "workers": 2}) as proxy:
        bodies = [chat(data_uri(pictures.face()), text="Who is this?"), chat(data_uri(pictures.coffee()))] * 3
        statuses = [status for status, _, _ in await asyncio.gather(*map(proxy.post, bodies))]
        assert statuses == [403, 200] * 3


async def served_on(proxy: Gate) -> None:
    """The bad request left one record, nothing reached the service, and the next request is served."""
    assert proxy.service.arrived == []
    (decision,) = await proxy.records("decision")
    assert decision["outcome"] == "rejected"
    assert proxy.facegate.shell.in_flight.held == 0
    assert (await proxy.post(HELLO))[0] == 200
