"""Pictures behind addresses, from the SDK to the service: refused, or fetched, examined, and sent on as they were examined."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import openai
import orjson
import pytest
from support import pictures
from support.gate import Gate, gate
from support.picture_host import Answer, PictureHost, moved, ok, picture_host

from proxy.case import Case
from proxy.cli.screen import bench_of
from proxy.exchange import Refuse, Screened
from proxy.forward.fetch import Fetcher, FetchLimits
from proxy.forward.networks import Address, public_address
from proxy.offline import screen_case

NAME = "pictures.example.org"

COFFEE, FACE = pictures.COFFEE, pictures.FACE


@dataclass
class Scene:
    """A Facegate whose tenants have pictures fetched from one host."""

    proxy: Gate
    host: PictureHost

    def url(self, path: str) -> str:
        """The address of a path of the host."""
        return f"http://{NAME}:{self.host.port}{path}"

    def asking(self, text: str, *paths: str) -> list[Any]:
        """A question with a picture by address for each path."""
        return asking(text, *map(self.url, paths))


def asking(text: str, *urls: str) -> list[Any]:
    """A question with pictures."""
    shown = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"role": "user", "content": [{"type": "text", "text": text}, *shown]}]


def here(_: Address) -> bool:
    """Takes loopback, where the host of these tests is, for public."""
    return True


@asynccontextmanager
async def scene(
    folder: Path,
    answers: Mapping[str, Answer],
    *,
    hosts: tuple[str, ...] = (NAME,),
    public: Any = here,
    seconds: float = 10.0,
    **changes: Any,
) -> AsyncIterator[Scene]:
    """Everything real but the name of the host, which leads to loopback."""
    async with picture_host(answers) as host:
        limits = FetchLimits(seconds=seconds, schemes=frozenset({"http"}), ports=frozenset({host.port}))
        fetcher = Fetcher(limits, public, lambda _: ["127.0.0.1"])
        async with gate(folder, hosts=hosts, fetcher=fetcher, **changes) as proxy:
            yield Scene(proxy, host)
            assert proxy.metric("facegate_inflight_bytes") == 0


def fetches(proxy: Gate, result: str) -> float:
    """How many pictures had this result."""
    return proxy.metric("facegate_remote_fetches_total", result=result)


async def test_a_harmless_picture_goes_on_as_it_was_examined(tmp_path: Path) -> None:
    """The service gets the very bytes that were fetched, in place of the address; the record has their digest."""
    async with scene(tmp_path, {"/cup.jpg": ok(COFFEE, declared="text/plain")}) as one:
        messages = one.asking("What is in the cup?", "/cup.jpg")
        messages[0]["content"][1]["image_url"]["detail"] = "low"
        raw = await one.proxy.azure().chat.completions.with_raw_response.create(model="gpt-4o", messages=messages)
        assert raw.headers["facegate-outcome"] == "allow"
        (arrived,) = one.proxy.service.arrived
        expected = asking("What is in the cup?", pictures.data_uri(COFFEE))
        expected[0]["content"][1]["image_url"]["detail"] = "low"
        assert orjson.loads(arrived.body) == {"messages": expected, "model": "gpt-4o"}
        assert arrived.header("content-length") == str(len(arrived.body))
        (record,) = await one.proxy.records("decision")
        digest = one.proxy.facegate.shell.entries.digest
        assert record["parts"][1] == {
            "kind": "image",
            "location": "/messages/0/content/1/image_url/url",
            "bytes": len(COFFEE),
            "digest": digest(COFFEE),
        }
        sent = orjson.dumps({"messages": messages, "model": "gpt-4o"})
        assert (record["body_bytes"], set(record["stages_ms"])) == (len(sent), {"admit", "surface", "fetch", "judge"})
        assert "coverage.remote" not in record["facts"]
        assert (one.host.paths, fetches(one.proxy, "fetched")) == (["/cup.jpg"], 1)


async def test_in_the_responses_api(tmp_path: Path) -> None:
    """There the address is the string itself."""
    async with scene(tmp_path, {"/cup.jpg": ok(COFFEE)}) as one:

        def question(url: str) -> Any:
            shown = {"type": "input_image", "image_url": url, "detail": "auto"}
            return [{"role": "user", "content": [{"type": "input_text", "text": "What is in the cup?"}, shown]}]

        await one.proxy.openai().responses.create(model="gpt-4o", input=question(one.url("/cup.jpg")))
        (arrived,) = one.proxy.service.arrived
        assert orjson.loads(arrived.body)["input"] == question(pictures.data_uri(COFFEE))


async def test_a_face_behind_an_address_is_seen(tmp_path: Path) -> None:
    """A police department that asks who it is: refused by policy, as if the picture had come inline; nothing is sent."""
    async with scene(tmp_path, {"/cup.jpg": moved("/face.jpg"), "/face.jpg": ok(FACE)}) as one:
        with pytest.raises(openai.PermissionDeniedError) as caught:
            await one.proxy.azure("metro-pd").chat.completions.create(
                model="gpt-4o", messages=one.asking("Who is this? Check the watch-list.", "/cup.jpg")
            )
        assert isinstance(caught.value.body, dict)
        rules = caught.value.body["innererror"]["rules"]
        assert [(rule["clause"], rule["undetermined"]) for rule in rules] == [
            ("C01", False),
            ("C02", False),
            ("C03", False),
        ]
        (record,) = await one.proxy.records("decision")
        assert record["facts"]["media.faces"]["truth"] == "true"
        assert (one.proxy.service.arrived, one.host.paths) == ([], ["/cup.jpg", "/face.jpg"])


async def test_a_host_that_shows_something_else_the_next_time(tmp_path: Path) -> None:
    """What was examined is what is sent: the host is asked once, and what it would show the service is never seen."""
    shown = iter([COFFEE, FACE])

    async def turncoat(writer: asyncio.StreamWriter) -> None:
        writer.write(ok(next(shown)))
        await writer.drain()

    async with scene(tmp_path, {"/a": turncoat}) as one:
        await one.proxy.azure().chat.completions.create(
            model="gpt-4o", messages=one.asking("What differs between these two?", "/a", "/a")
        )
        (arrived,) = one.proxy.service.arrived
        uri = pictures.data_uri(COFFEE)
        assert orjson.loads(arrived.body)["messages"] == asking("What differs between these two?", uri, uri)
        assert one.host.connections == 1


async def test_beside_large_inline_pictures(tmp_path: Path) -> None:
    """A body that is read beside the event loop, with pictures of both kinds."""
    large = pictures.coffee("PNG", 512)
    async with scene(tmp_path, {"/cup.jpg": ok(COFFEE)}) as one:
        inline = pictures.data_uri(large, "image/png")
        messages = asking("What differs between these three?", inline, one.url("/cup.jpg"), inline)
        await one.proxy.azure().chat.completions.create(model="gpt-4o", messages=messages)
        (arrived,) = one.proxy.service.arrived
        expected = asking("What differs between these three?", inline, pictures.data_uri(COFFEE), inline)
        assert orjson.loads(arrived.body)["messages"] == expected


async def _silent(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


REFUSED: Mapping[str, tuple[str, str, str]] = {
    # what is asked for, how it is counted, and what the caller is told
    "nothing there": ("/nothing", "status", "its host did not answer with a picture (JPEG, PNG, GIF or WebP)"),
    "no picture": ("/page", "type", "its host did not answer with a picture (JPEG, PNG, GIF or WebP)"),
    "a hop out of the list": ("/out", "host", "its host is not one of those that are listed for this tenant"),
    "a hop inside": ("/in", "host", "its host is not one of those that are listed for this tenant"),
    "silence": ("/silent", "timeout", "it took too long"),
    "too large": ("/large", "size", "it is too large, alone or together with the rest of the request"),
}


async def test_what_cannot_be_fetched_is_refused(tmp_path: Path) -> None:
    """422 with the place and a reason of a closed set; no number, address or error that would help to map a network."""
    answers: Mapping[str, Answer] = {
        "/page": ok(b"<html>internal</html>"),
        "/out": moved("http://evil.example/"),
        "/in": moved("http://127.0.0.1/metrics"),
        "/silent": _silent,
        "/large": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + COFFEE,
    }
    async with scene(tmp_path, answers, seconds=2.0) as one:
        client = one.proxy.azure()
        for path, counted, told in REFUSED.values():
            before = fetches(one.proxy, counted)
            with pytest.raises(openai.UnprocessableEntityError) as caught:
                await client.chat.completions.create(model="gpt-4o", messages=one.asking("What is it?", path))
            error = caught.value
            place = "/messages/0/content/1/image_url/url"
            assert (error.code, error.param) == ("not_inspectable", place)
            assert isinstance(error.body, dict)
            assert error.body["message"] == (
                f"{place} cannot be inspected: the picture at its address could not be fetched: {told}"
                f" (decision {error.body['innererror']['decision_id']})"
            )
            assert fetches(one.proxy, counted) == before + 1
        assert one.proxy.service.arrived == []


async def test_a_name_that_leads_inside(tmp_path: Path) -> None:
    """With the check that production has: a listed name that resolves to this machine is not called, and not told of."""
    async with scene(tmp_path, {"/cup.jpg": ok(COFFEE)}, public=public_address) as one:
        status, body, _ = await one.proxy.post(
            {"model": "gpt-4o", "messages": one.asking("What is in the cup?", "/cup.jpg")}
        )
        assert status == 422
        assert "could not be fetched: its host cannot be reached (decision" in body["error"]["message"]
        assert (one.host.connections, fetches(one.proxy, "address")) == (0, 1)


async def test_as_it_is_started_for_real(tmp_path: Path) -> None:
    """Without a fetcher of the test's, http is not called at all."""
    async with picture_host({"/": ok(COFFEE)}) as host, gate(tmp_path, hosts=("*.example.org",)) as proxy:
        messages = asking("What is in the cup?", f"http://{NAME}:{host.port}/")
        status, body, _ = await proxy.post({"model": "gpt-4o", "messages": messages})
        assert (status, body["error"]["code"], host.connections) == (422, "not_inspectable", 0)
        assert "it must read https://HOST/PATH" in body["error"]["message"]
        assert fetches(proxy, "url") == 1


ATTEMPTS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, str], int]] = {
    # members of the body and headers by which a request might try to have its picture fetched, and the refusal
    "nothing": ({}, {}, 422),
    "a member": ({"remote_images": {"fetch": [NAME]}}, {}, 422),
    "metadata": ({"metadata": {"remote_images": "fetch"}}, {}, 422),
    "an attribute": ({}, {"facegate_attributes": "remote_images=fetch"}, 400),
    "an attribute with hosts": ({}, {"facegate_attributes": f'fetch=("{NAME}")'}, 400),
    "a header": ({}, {"facegate_remote_images": "fetch", "facegate_fetch": NAME}, 422),
}


async def test_a_request_cannot_switch_it_on(tmp_path: Path) -> None:
    """A tenant without hosts is refused whatever it says, and no host is called."""
    async with scene(tmp_path, {"/cup.jpg": ok(COFFEE)}, hosts=()) as one:
        messages = one.asking("What is in the cup?", "/cup.jpg")
        for more, headers, expected in ATTEMPTS.values():
            status, _, _ = await one.proxy.post({"model": "gpt-4o", "messages": messages, **more}, **headers)
            assert status == expected
        assert (one.host.connections, one.proxy.service.arrived) == (0, [])


async def test_a_tenant_without_hosts_is_told_what_to_do(tmp_path: Path) -> None:
    """Refused as ever: an address is to be sent as a data URI."""
    async with scene(tmp_path, {"/cup.jpg": ok(COFFEE)}, hosts=()) as one:
        with pytest.raises(openai.UnprocessableEntityError, match="a picture behind an address; send it inline"):
            await one.proxy.azure().chat.completions.create(
                model="gpt-4o", messages=one.asking("What is in the cup?", "/cup.jpg")
            )
        assert one.host.connections == 0


async def test_other_things_behind_addresses_are_not_fetched(tmp_path: Path) -> None:
    """Files stay refused, and an address among words is words."""
    async with scene(tmp_path, {"/a.pdf": ok(COFFEE), "/cup.jpg": ok(COFFEE)}) as one:
        file = {"type": "input_file", "file_url": one.url("/a.pdf")}
        body = {"model": "gpt-4o", "input": [{"role": "user", "content": [file]}]}
        assert (await one.proxy.post(body, path="/openai/v1/responses"))[0] == 422
        words = asking(f"Is {one.url('/cup.jpg')} a good name for a picture?")
        assert (await one.proxy.post({"model": "gpt-4o", "messages": words}))[0] == 200
        assert one.host.connections == 0
        (arrived,) = one.proxy.service.arrived
        assert orjson.loads(arrived.body)["messages"] == words


async def test_more_addresses_than_a_request_may_name(tmp_path: Path) -> None:
    """None of them is fetched."""
    async with scene(tmp_path, {}, remote_images={"pictures": 2}) as one:
        messages = one.asking("What differs between these?", "/a", "/b", "/c")
        status, body, _ = await one.proxy.post({"model": "gpt-4o", "messages": messages})
        assert (status, one.host.connections, fetches(one.proxy, "many")) == (422, 0, 3)
        assert "the request names too many pictures by address (and 2 more)" in body["error"]["message"]


async def test_memory_that_is_short(tmp_path: Path) -> None:
    """503, worth another try, and nothing stays held."""
    async with scene(tmp_path, {"/cup.jpg": ok(COFFEE)}, limits={"inflight_bytes": 70_000}) as one:
        status, body, _ = await one.proxy.post(
            {"model": "gpt-4o", "messages": one.asking("What is in the cup?", "/cup.jpg")}
        )
        assert (status, body["error"]["code"]) == (503, "examination_unavailable")
        assert one.proxy.service.arrived == []


async def test_a_caller_that_hangs_up_while_its_picture_comes(tmp_path: Path) -> None:
    """The host is left, nothing is sent or held, and the records say how it ended."""
    begun = asyncio.Event()

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + COFFEE)
        begun.set()
        while True:
            await writer.drain()
            await asyncio.sleep(0.01)
            writer.write(b"\0")

    async with scene(tmp_path, {"/cup.jpg": drip}) as one:
        body = {"model": "gpt-4o", "messages": one.asking("What is in the cup?", "/cup.jpg")}
        async with asyncio.TaskGroup() as group:
            call = group.create_task(one.proxy.post(body))
            await begun.wait()
            call.cancel()
        async with asyncio.timeout(5):
            await one.host.left.wait()
        (ending,) = await one.proxy.endings()
        assert (ending["ended"], ending["upstream_status"], one.proxy.service.arrived) == ("cancelled", None, [])


async def test_offline_screening_fetches_nothing(tmp_path: Path) -> None:
    """A tenant with hosts is told the same as one without."""
    async with gate(tmp_path, hosts=(NAME,)) as proxy:
        bench = bench_of(proxy.runtime)
        assert bench.register.tenant("retail-co").remote_images.fetch == (NAME,)
    case = Case(id="one", tenant="retail-co", body={"model": "m", "messages": asking("What?", f"https://{NAME}/a.png")})
    conclusion = screen_case(case, bench, tmp_path, date(2026, 6, 15))
    assert isinstance(conclusion, Screened)
    assert isinstance(conclusion.action, Refuse)
    assert "a picture behind an address; send it inline" in str(conclusion.action.error["message"])
