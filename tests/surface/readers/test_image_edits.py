"""Pictures that are to be changed: each is seen, in a form and in JSON."""

import typing

import pytest
from openai.types import ImageCreateVariationParams, ImageEditParams
from support.bodies import PIXEL, PIXEL_URI, outline, surfaced
from support.forms import Part, formed
from typing_extensions import get_type_hints

from proxy.surface.readers import image_edits

WHOLE: tuple[Part, ...] = (
    ("image[]", PIXEL, "a.png", "image/png"),
    ("image[]", PIXEL, "b.png", "image/png"),
    ("mask", PIXEL, "m.png", "image/png"),
    ("markup", PIXEL, "k.png", "image/png"),
    ("prompt", "Add a hat."),
    ("background", "transparent"),
    ("complexity", "low"),
    ("frame_count", "9"),
    ("frame_duration_ms", "200"),
    ("input_fidelity", "high"),
    ("n", "1"),
    ("output_compression", "100"),
    ("output_format", "png"),
    ("partial_images", "2"),
    ("quality", "high"),
    ("response_format", "b64_json"),
    ("safety_identifier", "s"),
    ("size", "1024x1024"),
    ("stream", "true"),
    ("svg[model]", "m"),
    ("svg[reasoning][effort]", "low"),
    ("user", "u"),
)
"""A form with all that the SDK can send."""


def test_form() -> None:
    """Pictures are pictures, wherever they stand; words are words."""
    found = formed("image_edits", *WHOLE).content
    assert [line for line in outline(found) if not line.startswith("inert")] == [
        "text /form/image/0/filename: field: a.png", "image /form/image/0: image/png 70",
        "text /form/image/1/filename: field: b.png", "image /form/image/1: image/png 70",
        "text /form/mask/filename: field: m.png", "image /form/mask: image/png 70",
        "text /form/markup/filename: field: k.png", "image /form/markup: image/png 70",
        "text /form/prompt: user: Add a hat.",
        "text /form/safety_identifier: field: s",
        "text /form/user: field: u",
    ]  # fmt: skip
    assert (found.model, found.stream) == ("m", True)


JSON: dict[str, tuple[object, list[str]]] = {
    "a list of objects": ({"images": [{"image_url": PIXEL_URI}, {"image_url": "https://example.com/a.png"}]}, [
        "image /images/0/image_url: image/png 70", "image /images/1/image_url: https://example.com/a.png",
    ]),
    "addresses in objects": ({"images": [{"image_url": {"url": PIXEL_URI}}]}, ["image /images/0/image_url/url: image/png 70"]),
    "strings": ({"images": [PIXEL_URI], "image": PIXEL_URI}, ["image /images/0: image/png 70", "image /image: image/png 70"]),
    "files that the service keeps": ({"images": [{"file_id": "file-1"}], "mask": {"file_id": "file-2"}}, [
        "reference /images/0/file_id: file: file-1", "reference /mask/file_id: file: file-2",
    ]),
    "a mask": ({"mask": {"image_url": PIXEL_URI}}, ["image /mask/image_url: image/png 70"]),
    "no picture at all": ({"images": [7, {}, []]}, ["opaque /images/0", "opaque /images/1", "opaque /images/2"]),
    "bare base64": ({"image": "QUJD"}, ["opaque /image"]),
    "the fields of a generation": ({"prompt": "a cat", "n": 1, "input_fidelity": "low"}, [
        "text /prompt: user: a cat", "inert /n", "inert /input_fidelity",
    ]),
}  # fmt: skip


@pytest.mark.parametrize("case", JSON)
def test_json(case: str) -> None:
    """The same as JSON: pictures as data URIs, addresses, or files that the service keeps."""
    body, expected = JSON[case]
    assert outline(surfaced(body, "image_edits").content) == expected  # type: ignore[arg-type] # a body and its parts


def test_each_field_of_the_sdk() -> None:
    """Each field that the SDK can send is one that the reader knows."""
    sent = {
        name
        for kind in (ImageCreateVariationParams, *typing.get_args(ImageEditParams))
        for name in get_type_hints(kind)
    }
    assert len(sent) > 15
    assert sent - {name.partition("[")[0] for name in image_edits._FORM} == set()
    assert {name.partition("[")[0] for name, *_ in WHOLE} >= sent - {"model"}
