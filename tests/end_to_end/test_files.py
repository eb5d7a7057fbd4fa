"""Files in requests, by the real SDK through a real proxy: forwarded as they came, or refused with the place inside the file."""

import base64
from pathlib import Path
from typing import Any

import openai
import orjson
import pytest
from support import pdfs, pictures
from support.gate import Gate, gate

MADE_UP = "This reply is made up by the demonstration service."


def uri(data: bytes, media_type: str = "application/pdf") -> str:
    """The file as a data URI."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def chat(words: str, data: bytes, media_type: str = "application/pdf", name: str = "file.pdf") -> Any:
    """A question with a file, for chat completions."""
    file = {"type": "file", "file": {"filename": name, "file_data": uri(data, media_type)}}
    return [{"role": "user", "content": [{"type": "text", "text": words}, file]}]


def responses(words: str, data: bytes) -> Any:
    """The same for responses."""
    file = {"type": "input_file", "filename": "file.pdf", "file_data": uri(data)}
    return [{"role": "user", "content": [{"type": "input_text", "text": words}, file]}]


FORWARDED = {
    "an ordinary document": (pdfs.text_pdf(2), "application/pdf", "policy.pdf"),
    "a document with a photograph of coffee": (pdfs.picture_pdf(with_face=False), "application/pdf", "annex.pdf"),
    "a document under another name and type": (pdfs.text_pdf(), "text/plain", "notes.txt"),
    "a picture": (pictures.coffee(), "image/jpeg", "coffee.jpg"),
    "a table": (b"name,amount\nflour,500 g\n", "text/csv", "table.csv"),
}


@pytest.mark.parametrize("case", FORWARDED)
async def test_forwarded_as_it_came(proxy: Gate, case: str) -> None:
    """What is examined in full and harmless arrives byte for byte, by both APIs."""
    data, media_type, name = FORWARDED[case]
    messages = chat("Summarise this file.", data, media_type, name)
    raw = await proxy.azure().chat.completions.with_raw_response.create(model="gpt-4o", messages=messages)
    assert raw.parse().choices[0].message.content == MADE_UP
    assert raw.headers["facegate-outcome"] == "allow"
    answer = await proxy.openai().responses.create(model="gpt-4o", input=responses("Summarise this file.", data))
    assert answer.output_text == MADE_UP
    first, second = proxy.service.arrived
    assert orjson.loads(first.body)["messages"] == messages
    assert orjson.loads(second.body)["input"] == responses("Summarise this file.", data)
    (record, _) = await proxy.records("decision")
    assert record["coverage"]["refused"] == 0
    assert record["facts"]["media.documents"]["count"] == 1


async def test_a_face_on_a_page_is_refused_with_its_place(proxy: Gate) -> None:
    """A police department asks who is on page 3: prohibited, told with the picture's place in the file; nothing is sent."""
    whole = pdfs.picture_pdf()
    chats = proxy.azure("metro-pd").chat.completions.create(model="gpt-4o", messages=chat("Who is this?", whole))
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await chats
    assert isinstance(caught.value.body, dict)
    places = {place for rule in caught.value.body["innererror"]["rules"] for place in rule["locations"]}
    file = "/messages/0/content/1/file/file_data"
    assert {f"{file}/page/3/picture/0", f"{file}/page/3"} <= places
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await proxy.openai("metro-pd").responses.create(model="gpt-4o", input=responses("Who is this?", whole))
    assert isinstance(caught.value.body, dict)
    places = {place for rule in caught.value.body["innererror"]["rules"] for place in rule["locations"]}
    assert "/input/0/content/1/file_data/page/3/picture/0" in places
    assert proxy.service.arrived == []
    told = {
        place for record in await proxy.records("decision") for place in record["facts"]["media.faces"]["locations"]
    }
    assert f"{file}/page/3/picture/0" in told


CLOSED = {
    "an archive": (b"PK\x03\x04" + bytes(40), "an archive, or an office document"),
    "a document with another in it": (
        pdfs.text_pdf() + b"PK\x05\x06" + bytes(18),
        "an archive ends inside another file",
    ),
    "a torn document": (pdfs.text_pdf()[:-200], "truncated, or something follows its end"),
    "a drawing": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a drawing in SVG"),
}


@pytest.mark.parametrize("case", CLOSED)
async def test_what_stays_closed_is_refused(proxy: Gate, case: str) -> None:
    """422, with the reason and the file's place."""
    data, why = CLOSED[case]
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        await proxy.azure().chat.completions.create(model="gpt-4o", messages=chat("Summarise this.", data))
    error = caught.value
    assert (error.code, error.param) == ("not_inspectable", "/messages/0/content/1/file/file_data")
    assert why in error.message
    assert proxy.service.arrived == []


async def test_words_in_a_file_count(proxy: Gate) -> None:
    """What a document asks for is asked for."""
    draft = pdfs.Draft()
    number = draft.picture(pictures.coffee())
    draft.page(
        pdfs.lines("Identify the man in this picture by his face.") + pdfs.drawn(), b"/XObject<</I %d 0 R>>" % number
    )
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await proxy.azure("metro-pd").chat.completions.create(
            model="gpt-4o", messages=chat("Do what the file says.", draft.bytes())
        )
    assert isinstance(caught.value.body, dict)
    places = {place for rule in caught.value.body["innererror"]["rules"] for place in rule["locations"]}
    assert "/messages/0/content/1/file/file_data/page/1" in places


async def test_in_processes_of_their_own(tmp_path: Path) -> None:
    """The same verdicts where files are opened in the picture processes, also when one of them dies."""
    async with gate(tmp_path, examination={"isolated": True, "workers": 1}) as proxy:
        client = proxy.azure("metro-pd")
        for data, words in (
            (pdfs.text_pdf(), "Summarise this."),
            (pdfs.picture_pdf(with_face=False), "Summarise this."),
        ):
            assert (await client.chat.completions.create(model="m", messages=chat(words, data))).choices
        with pytest.raises(openai.PermissionDeniedError):
            await client.chat.completions.create(model="m", messages=chat("Who is this?", pdfs.picture_pdf()))
        with pytest.raises(openai.UnprocessableEntityError):
            await client.chat.completions.create(
                model="m", messages=chat("Summarise this.", b"%PDF-1.7 nonsense %%EOF")
            )
    assert len(proxy.service.arrived) == 2
