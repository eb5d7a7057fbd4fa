"""Moving pictures are made from words and a picture; both are read."""

import pytest
from openai.types import VideoCreateParams
from support.bodies import PIXEL, PIXEL_URI, outline, surfaced
from support.forms import Part, formed
from typing_extensions import get_type_hints

from proxy.surface.readers import videos

FORMS: dict[str, tuple[tuple[Part, ...], list[str]]] = {
    "words": ((("prompt", "a cat"), ("seconds", "8"), ("size", "720x1280")), [
        "text /form/prompt: user: a cat", "inert /form/seconds", "inert /form/size",
    ]),
    "a picture": ((("input_reference", PIXEL, "a.png", "image/png"),), [
        "text /form/input_reference/filename: field: a.png", "image /form/input_reference: image/png 70",
    ]),
    "a picture as a data URI": ((("input_reference[image_url]", PIXEL_URI),), [
        "image /form/input_reference/image_url: image/png 70",
    ]),
    "a picture behind an address": ((("input_reference[image_url]", "https://example.com/a.png"),), [
        "image /form/input_reference/image_url: https://example.com/a.png",
    ]),
    "a file that the service keeps": ((("input_reference[file_id]", "file-1"),), [
        "reference /form/input_reference/file_id: file: file-1",
    ]),
    "another moving picture": ((("remix_video_id", "video_1"),), ["reference /form/remix_video_id: video: video_1"]),
    "words for a length": ((("seconds", "as long as he is there"),), [
        "text /form/seconds: field: as long as he is there",
    ]),
}  # fmt: skip


@pytest.mark.parametrize("case", FORMS)
def test_form(case: str) -> None:
    """The form."""
    parts, expected = FORMS[case]
    assert outline(formed("video", *parts).content) == expected


def test_json() -> None:
    """The same as JSON."""
    body = {"prompt": "a cat", "seconds": "8", "input_reference": {"image_url": PIXEL_URI, "file_id": "file-1"}}
    assert outline(surfaced(body, "video").content) == [
        "text /prompt: user: a cat",
        "image /input_reference/image_url: image/png 70",
        "reference /input_reference/file_id: file: file-1",
        "inert /seconds",
    ]


def test_each_field_of_the_sdk() -> None:
    """Each field that the SDK can send is one that the reader knows, in the form and in JSON."""
    sent = set(get_type_hints(VideoCreateParams))
    assert sent - set(videos._BODY) == sent - set(videos._FORM) == set()
