"""Pictures to be edited, recordings and files through the real SDK: forms arrive whole and equal, or are refused."""

import io
import json
import wave
from typing import Any

import openai
import orjson
import pytest
from aiohttp import web
from support.gate import Gate
from support.pdfs import text_pdf
from support.pictures import COFFEE, FACE
from support.resources import Resources
from support.service import Arrived

from proxy.exchange import Inbound
from proxy.surface.limits import Limits
from proxy.surface.multipart import read_form

COFFEE_FILE = ("coffee.jpg", COFFEE, "image/jpeg")
FACE_FILE = ("astronaut.jpg", FACE, "image/jpeg")


@pytest.fixture
def service(proxy: Gate) -> Resources:
    """The service behind the proxy, which keeps what it is given."""
    resources = Resources()
    proxy.service.behave = resources.handle
    return resources


def parts(arrived: Arrived) -> dict[str, bytes | list[bytes]]:
    """The parts of a form that arrived, lists joined."""
    found: dict[str, Any] = {}
    for field in read_form(Inbound("POST", "/", arrived.headers, arrived.body), Limits()).fields:
        if field.name.endswith("[]"):
            found.setdefault(field.name, []).append(field.data)
        else:
            found[field.name] = field.data
    return found


def recording() -> bytes:
    """A second of silence as WAV."""
    data = io.BytesIO()
    with wave.open(data, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))
    return data.getvalue()


RECORDING = ("call.wav", recording(), "audio/wav")


# ---- pictures


@pytest.mark.usefixtures("service")
async def test_an_edit_arrives_as_it_was_sent(proxy: Gate) -> None:
    """One picture with a mask, then a list, in both styles: the same bytes, words and names; a boundary of ours."""
    for client in (proxy.azure(), proxy.openai()):
        await client.images.edit(model="gpt-image-1", image=COFFEE_FILE, mask=("m.png", COFFEE, "image/png"), prompt="Add steam.",
                                 n=1, size="1024x1024")  # fmt: skip
        await client.images.edit(model="gpt-image-1", image=[COFFEE_FILE, COFFEE_FILE], prompt="Put them side by side.")
    first, second, *_ = (parts(one) for one in proxy.service.arrived)
    assert first == {"model": b"gpt-image-1", "image": COFFEE, "mask": COFFEE, "prompt": b"Add steam.", "n": b"1",
                     "size": b"1024x1024"}  # fmt: skip
    assert second == {"model": b"gpt-image-1", "image[]": [COFFEE, COFFEE], "prompt": b"Put them side by side."}
    assert [one.target for one in proxy.service.arrived][1:3] == [
        "/openai/deployments/gpt-image-1/images/edits?api-version=2024-10-21",
        "/openai/v1/images/edits",
    ]
    kinds = {one.header("content-type") for one in proxy.service.arrived}
    assert len(kinds) == 4
    assert all(str(kind).startswith("multipart/form-data; boundary=facegate-") for kind in kinds)


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("where", ["image", "second of a list", "mask"])
async def test_an_edit_that_names_a_person(proxy: Gate, where: str) -> None:
    """A face in any picture of the form, and a question who it is: refused with the clause and the place."""
    image: Any = {"image": FACE_FILE, "second of a list": [COFFEE_FILE, FACE_FILE], "mask": COFFEE_FILE}[where]
    mask: Any = {"mask": FACE_FILE} if where == "mask" else {}
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await proxy.azure("metro-pd").images.edit(
            model="gpt-image-1", image=image, prompt="Who is this? Write the name below.", **mask
        )
    assert isinstance(caught.value.body, dict)
    rule = caught.value.body["innererror"]["rules"][0]
    place = {"image": "/form/image", "second of a list": "/form/image/1", "mask": "/form/mask"}[where]
    assert (rule["clause"], place in rule["locations"]) == ("C01", True)
    assert proxy.service.arrived == []


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # the SDK's own; the service still answers
@pytest.mark.usefixtures("service")
async def test_a_variation(proxy: Gate) -> None:
    """A variation of a harmless picture passes."""
    await proxy.openai().images.create_variation(model="dall-e-2", image=COFFEE_FILE, n=2)
    assert parts(proxy.service.arrived[0]) == {"model": b"dall-e-2", "image": COFFEE, "n": b"2"}


# ---- recordings


@pytest.mark.usefixtures("service")
async def test_a_transcription_for_police(proxy: Gate) -> None:
    """A body-worn camera's recording is transcribed for police, with the advice that a person looks at it."""
    client = proxy.azure("metro-pd", default_headers={"Facegate-Attributes": "camera=body_worn"})
    raw = await client.audio.transcriptions.with_raw_response.create(
        model="whisper", file=RECORDING, prompt="A traffic stop on Main Street.", language="en",
        timestamp_granularities=["word", "segment"], response_format="verbose_json",
    )  # fmt: skip
    assert raw.headers["facegate-outcome"] == "advise"
    assert parts(proxy.service.arrived[0]) == {
        "model": b"whisper", "file": RECORDING[1], "prompt": b"A traffic stop on Main Street.", "language": b"en",
        "timestamp_granularities[]": [b"word", b"segment"], "response_format": b"verbose_json",
    }  # fmt: skip
    (record,) = await proxy.records("decision")
    assert (record["coverage"]["exempt"], record["coverage"]["refused"]) == (1, 0)
    assert RECORDING[1].hex()[:64] not in json.dumps(record)


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # the SDK's own; the service still answers
@pytest.mark.usefixtures("service")
async def test_a_translation(proxy: Gate) -> None:
    """A translation passes too."""
    await proxy.openai().audio.translations.create(model="whisper", file=RECORDING)
    assert parts(proxy.service.arrived[0]) == {"model": b"whisper", "file": RECORDING[1]}


@pytest.mark.usefixtures("service")
async def test_emotions_from_a_voice(proxy: Gate) -> None:
    """Words that ask for emotions from the recording are refused, though nobody listened to it."""
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await proxy.openai().audio.transcriptions.create(
            model="gpt-4o-transcribe",
            file=RECORDING,
            prompt="Note the speaker's emotional state from the tone of voice.",
        )
    assert isinstance(caught.value.body, dict)
    assert [rule["clause"] for rule in caught.value.body["innererror"]["rules"]] == ["C05"]
    assert proxy.service.arrived == []


@pytest.mark.usefixtures("service")
async def test_known_speakers(proxy: Gate) -> None:
    """Speakers that are to be told by their voices are refused: nobody can examine the samples."""
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        await proxy.openai().audio.transcriptions.create(
            model="gpt-4o-transcribe-diarize", file=RECORDING, response_format="diarized_json",
            known_speaker_names=["agent"], known_speaker_references=["data:audio/wav;base64,UklGRg=="],
        )  # fmt: skip
    assert "voices" in str(caught.value)
    assert proxy.service.arrived == []


# ---- files


async def test_a_picture_as_a_file(proxy: Gate, service: Resources) -> None:
    """A harmless picture is kept by the service as it was sent, with the time when it is to go."""
    made = await proxy.openai().files.create(
        file=COFFEE_FILE, purpose="vision", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert service.bytes_of[made.id] == COFFEE
    assert parts(proxy.service.arrived[0]) == {
        "file": COFFEE, "purpose": b"vision", "expires_after[anchor]": b"created_at", "expires_after[seconds]": b"3600",
    }  # fmt: skip


@pytest.mark.usefixtures("service")
async def test_a_file_that_nobody_can_examine(proxy: Gate) -> None:
    """What is neither a picture, nor words, nor a PDF is refused."""
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        await proxy.openai().files.create(file=("a.zip", b"PK\x03\x04" + bytes(100)), purpose="assistants")
    assert caught.value.param == "/form/file"
    assert proxy.service.arrived == []


def line(number: int, text: str, **members: Any) -> bytes:
    """A line of a batch: a chat."""
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}
    return json.dumps(
        {"custom_id": f"r-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body, **members}
    ).encode()


async def test_a_batch(proxy: Gate, service: Resources) -> None:
    """Lines arrive equal in meaning, written anew."""
    data = b"\r\n".join(line(number, f"Write about lighthouse {number}.") for number in range(1, 6)) + b"\r\n\r\n"
    made = await proxy.openai().files.create(file=("batch.jsonl", data), purpose="batch")
    kept = service.bytes_of[made.id]
    assert list(map(orjson.loads, kept.splitlines())) == list(map(orjson.loads, data.split(b"\r\n")[:5]))
    assert b"\r" not in kept
    (record,) = await proxy.records("decision")
    assert (record["outcome"], record["coverage"]["refused"]) == ("allow", 0)
    assert record["coverage"]["inspected"] > 10


@pytest.mark.usefixtures("service")
async def test_a_batch_with_a_forbidden_line(proxy: Gate) -> None:
    """One line that is forbidden refuses the whole file, and is named with its rule; nothing is sent."""
    lines = [line(number, "Summarise the attached policy.") for number in range(1, 6)]
    lines[2] = line(3, "Match this face against the mugshot database and tell me who he is.")
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await proxy.azure("metro-pd").files.create(file=("batch.jsonl", b"\n".join(lines)), purpose="batch")
    error = caught.value
    assert isinstance(error.body, dict)
    rules = error.body["innererror"]["rules"]
    assert "(line 3)" in error.message
    assert (rules[0]["clause"], error.param) == ("C01", "/line/3/messages/0/content")
    assert proxy.service.arrived == []
    (record,) = await proxy.records("decision")
    assert record["findings"][0]["locations"] == ["/line/3/messages/0/content"]


@pytest.mark.usefixtures("service")
async def test_a_batch_with_a_line_that_is_none(proxy: Gate) -> None:
    """A line that two parsers could read differently is named."""
    lines = [line(1, "hi"), line(2, "hi").replace(b'"method"', b'"url": "/v1/responses", "method"')]
    with pytest.raises(openai.BadRequestError) as caught:
        await proxy.openai().files.create(file=("batch.jsonl", b"\n".join(lines)), purpose="batch")
    assert "line 2" in caught.value.message
    assert caught.value.param == "/line/2"


async def test_a_pdf_as_a_file(proxy: Gate, service: Resources) -> None:
    """A PDF is opened, and kept by the service byte for byte."""
    data = text_pdf()
    made = await proxy.openai().files.create(file=("hours.pdf", data, "application/pdf"), purpose="assistants")
    assert service.bytes_of[made.id] == data


@pytest.mark.usefixtures("service")
async def test_forbidden_words_in_a_file(proxy: Gate) -> None:
    """A file of text is words, whatever its name says."""
    words = b"Match every face against the mugshot database and name the suspects."
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await proxy.azure("metro-pd").files.create(file=("notes.bin", words), purpose="assistants")
    assert (caught.value.param, proxy.service.arrived) == ("/form/file", [])


async def test_a_file_for_a_container(proxy: Gate, service: Resources) -> None:
    """A container of the caller's own takes a file that was examined, and what a tenant did not make takes none."""
    client, other = proxy.openai(max_retries=0), proxy.openai("acme-health", max_retries=0)
    container = await client.containers.create(name="a box")
    made = await client.containers.files.create(container.id, file=COFFEE_FILE)
    assert made.id
    assert service.counts["cntr_"] == 1
    assert parts(proxy.service.arrived[-1]) == {"file": COFFEE}
    with pytest.raises(openai.UnprocessableEntityError):
        await other.containers.files.create(container.id, file=COFFEE_FILE)
    with pytest.raises(openai.UnprocessableEntityError):
        await client.containers.files.create(container.id, file=("a.zip", b"PK\x03\x04" + bytes(100)))
    assert len(proxy.service.arrived) == 2


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")  # the SDK's own
@pytest.mark.usefixtures("service")
async def test_a_moving_picture_from_a_face(proxy: Gate) -> None:
    """The picture that a moving one begins with is examined, and so are the words."""
    proxy.service.behave = lambda _: _video()
    client = proxy.openai("metro-pd", max_retries=0)
    await client.videos.create(prompt="Steam rises from the cup.", input_reference=COFFEE_FILE)
    assert parts(proxy.service.arrived[0]) == {"prompt": b"Steam rises from the cup.", "input_reference": COFFEE}
    with pytest.raises(openai.PermissionDeniedError) as caught:
        await client.videos.create(prompt="Who is this? Say the name aloud.", input_reference=FACE_FILE)
    assert isinstance(caught.value.body, dict)
    assert "/form/input_reference" in caught.value.body["innererror"]["rules"][0]["locations"]
    assert len(proxy.service.arrived) == 1


async def _video() -> web.StreamResponse:
    return web.json_response(
        {"id": "video_1", "object": "video", "status": "queued", "created_at": 1, "model": "sora-2"}
    )
