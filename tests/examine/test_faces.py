"""Is there a face in a picture? In three values, in every frame, however the picture is made."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
from PIL import Image as Pixels
from support import pictures
from support.gate import CONFIG

from proxy.caller import Caller
from proxy.content import (
    Audio,
    Content,
    Document,
    Image,
    Inline,
    Opaque,
    Part,
    Reference,
    Remote,
    Role,
    Schema,
    SchemaKind,
    Text,
    Video,
)
from proxy.examine import faces as module
from proxy.examine.face_model import Face, FaceModel, ModelUnavailable
from proxy.examine.faces import FACE_SCORE, PICTORIAL, Faces
from proxy.examine.image_context import load_cameras
from proxy.examine.pictures import PictureLimits
from proxy.facts import Evidence, Fact, Truth
from proxy.location import Location

HERE, THERE, LAST = (Location(("messages", number)) for number in range(3))
INLINE, REMOTE = Inline("image/png", b""), Remote("https://example.org/")

F, U, T = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE

FACES: Final = Faces(cameras=load_cameras(CONFIG / "cameras.yaml"))

UNSEEN: Final = "the request carries pictures or files that cannot be searched"


def picture(data: bytes, place: Location = HERE, declared: str = "image/jpeg") -> Image:
    return Image(place, Inline(declared, data))


def seen(*parts: Part, detector: Faces = FACES) -> Evidence:
    return detector.examine(Content(parts, (), "model"), Caller("tenant", "key"))


def face(data: bytes) -> Truth:
    return seen(picture(data)).truth_of("media.faces")


@pytest.mark.parametrize(
    "data",
    [
        *(pytest.param(pictures.face(form), id=form) for form in pictures.FORMATS),
        *(pytest.param(pictures.face("JPEG", side), id=f"{side} pixels") for side in (96, 320, 640, 1280)),
        pytest.param(pictures.cmyk(), id="four colours"),
        pytest.param(pictures.grey16(), id="16 bits of grey"),
        pytest.param(pictures.rgb16(), id="16 bits a channel"),
        pytest.param(pictures.palette_face(transparent=False), id="a palette"),
        pytest.param(pictures.palette_face(transparent=True), id="a palette that is seen through"),
        pytest.param(pictures.progressive(), id="progressive"),
        pytest.param(pictures.with_icc_profile(), id="a colour profile"),
        *(pytest.param(pictures.turned(turn), id=f"turned by EXIF {turn}") for turn in range(2, 9)),
        *(pytest.param(pictures.turned(turn, tagged=False), id=f"turned {turn}, untold") for turn in range(2, 9)),
        *(pytest.param(pictures.under_alpha(form), id=f"seen through, {form}") for form in ("PNG", "WEBP")),
        *(pytest.param(pictures.only_in_alpha(form), id=f"in the transparency, {form}") for form in ("PNG", "WEBP")),
        *(pytest.param(pictures.animation(form), id=f"last frame, {form}") for form in ("GIF", "WEBP", "APNG", "MPO")),
        *(pytest.param(pictures.assembled_from_tiles(form), id=f"tiles, {form}") for form in ("GIF", "WEBP", "APNG")),
        pytest.param(pictures.revealed_by_disposal(), id="a patch on it"),
        pytest.param(pictures.frame_outside_canvas(), id="beside the canvas"),
        pytest.param(pictures.apng_with_hidden_default(face_in_default=True), id="default picture only"),
        pytest.param(pictures.apng_with_hidden_default(face_in_default=False), id="not the default picture"),
        pytest.param(pictures.face() + pictures.coffee(), id="another picture behind it"),
    ],
)
def test_a_face_is_found(data: bytes) -> None:
    assert face(data) is T


@pytest.mark.parametrize("degrees", range(15, 360, 30))
def test_a_face_is_found_at_any_angle(degrees: int) -> None:
    assert face(pictures.askew(degrees)) is T


@pytest.mark.parametrize("across", [20, 24, 32, 48, 64, 100])
def test_a_small_face_in_a_large_picture_is_found(across: int) -> None:
    """In pixels of the picture as it is sent; between them lie the sizes at which one look ends and the next begins."""
    assert face(pictures.small_face(across)) is T


@pytest.mark.parametrize("size", [(320, 240), (600, 400), (1000, 640), (2600, 1500)])
def test_a_small_face_is_found_in_a_picture_of_any_size(size: tuple[int, int]) -> None:
    assert face(pictures.small_face(30, size)) is T


def test_pixels_that_are_not_searched_hide_small_faces_and_not_large_ones() -> None:
    """`searched_pixels` is what a large picture may cost."""
    few = Faces(PictureLimits(searched_pixels=50_000))
    told = [seen(picture(pictures.small_face(across)), detector=few).truth_of("media.faces") for across in (20, 200)]
    assert told == [F, T]


def test_one_frame_of_many_is_found() -> None:
    """Every frame is searched, not a sample."""
    patient = Faces(PictureLimits(frames=200))
    for number, truth in ((123, T), (None, F)):
        data = pictures.animation("WEBP", number, 200, 64)
        assert seen(picture(data), detector=patient).truth_of("media.faces") is truth


@pytest.mark.parametrize(
    "data",
    [
        *(pytest.param(pictures.coffee(form), id=form) for form in pictures.FORMATS),
        pytest.param(pictures.drawing(), id="a drawing"),
        pytest.param(pictures.small(), id="four pixels"),
        pytest.param(pictures.encode(Pixels.new("RGB", (1, 1)), "PNG"), id="one pixel"),
        pytest.param(pictures.encode(Pixels.new("RGB", (4000, 1)), "PNG"), id="one row"),
        pytest.param(pictures.cmyk(with_face=False), id="four colours"),
        pytest.param(pictures.grey16(with_face=False), id="16 bits of grey"),
        pytest.param(pictures.animation("GIF", None), id="an animation"),
        pytest.param(pictures.with_face_thumbnail(), id="a face in the thumbnail, which nobody is shown"),
        pytest.param(pictures.coffee() + pictures.face(), id="a face behind the picture, which nobody is shown"),
        pytest.param(pictures.coffee("JPEG", 1280), id="a large one"),
    ],
)
def test_no_face_where_there_is_none(data: bytes) -> None:
    assert face(data) is F


@pytest.mark.parametrize(
    "data",
    [
        *(pytest.param(pictures.truncated(form), id=f"truncated {form}") for form in pictures.FORMATS),
        *(pytest.param(pictures.huge_header(form), id=f"huge {form}") for form in pictures.FORMATS),
        *(pytest.param(data, id=name) for name, data in pictures.FOREIGN.items()),
        pytest.param(pictures.scan_flood(), id="a flood of scans"),
        pytest.param(pictures.two_headers(), id="two headers"),
        pytest.param(pictures.damaged("PNG"), id="damaged"),
    ],
)
def test_what_cannot_be_decoded_is_unknown_and_named(data: bytes) -> None:
    evidence = seen(picture(data), Text(THERE, Role.USER, "Hello."))
    ((place, why),) = evidence.unexamined
    assert evidence.by_name()["media.faces"] == Fact("media.faces", U, "faces", 0.0, (HERE,), 0, why)
    assert (place, bool(why)) == (HERE, True)


@pytest.mark.parametrize("declared", ["image/png", "image/jpeg", "image/svg+xml", "text/plain", ""])
def test_a_picture_is_what_its_bytes_are(declared: str) -> None:
    """Whatever it claims to be."""
    assert seen(picture(pictures.face(), declared=declared)).truth_of("media.faces") is T


@pytest.mark.parametrize(
    ("part", "truth"),
    [
        (Image(HERE, REMOTE), U),
        (Video(HERE, INLINE), U),
        (Document(HERE, INLINE), U),
        (Opaque(HERE, "odd"), U),
        (Reference(HERE, "file", "file-1"), U),
        (Text(HERE, Role.USER, "a face"), F),
        (Audio(HERE, INLINE), F),
        (Schema(HERE, SchemaKind.TOOL, {}), F),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, Truth) else "",
)
def test_what_nobody_searches_may_show_a_face(part: Part, truth: Truth) -> None:
    """It is somebody else's to say that it was not examined: there is no gap of ours. With a face elsewhere there is one."""
    alone, beside = seen(part), seen(part, picture(pictures.face(), THERE))
    assert (alone.truth_of("media.faces"), alone.unexamined) == (truth, ())
    assert alone.truth_of("media.mobile_camera") is truth
    assert beside.truth_of("media.faces") is T
    assert isinstance(part, PICTORIAL) == (truth is U)


def test_a_face_in_one_picture_outweighs_what_is_unknown_of_another() -> None:
    """Which is named all the same."""
    evidence = seen(picture(pictures.face()), picture(b"", THERE), picture(pictures.face("PNG", 320), LAST))
    fact = evidence.by_name()["media.faces"]
    assert (fact.truth, fact.locations, fact.count, fact.score >= FACE_SCORE) == (T, (HERE, LAST), 2, True)
    assert evidence.unexamined == ((THERE, "not a picture in JPEG, PNG, GIF or WebP format"),)


def test_no_picture_among_many_is_left_out() -> None:
    many = [picture(pictures.small(), Location((number,))) for number in range(99)]
    assert seen(*many).truth_of("media.faces") is F
    assert seen(*many, picture(pictures.face(), THERE)).by_name()["media.faces"].locations == (THERE,)


@pytest.mark.parametrize(
    ("datas", "truth", "places"),
    [
        pytest.param((pictures.taken_by("Axon"),), T, (HERE,), id="a body camera"),
        pytest.param((pictures.taken_by("Axon", form="PNG"),), T, (HERE,), id="in a PNG"),
        pytest.param((pictures.taken_by("Canon"), pictures.taken_by("DJI", "M3")), T, (THERE,), id="one of two"),
        pytest.param((b"", pictures.taken_by("DJI")), T, (THERE,), id="beside one that cannot be read"),
        pytest.param((pictures.taken_by("Canon"),), F, (), id="another camera"),
        pytest.param((pictures.face(),), F, (), id="no metadata"),
        pytest.param((pictures.taken_by("Canon"), b""), U, (THERE,), id="one cannot be read"),
    ],
)
def test_cameras(datas: tuple[bytes, ...], truth: Truth, places: tuple[Location, ...]) -> None:
    parts = [picture(data, place) for data, place in zip(datas, (HERE, THERE, LAST), strict=False)]
    fact = seen(*parts).by_name()["media.mobile_camera"]
    assert (fact.truth, fact.locations) == (truth, places)


def test_a_truncated_picture_still_names_its_camera() -> None:
    whole = pictures.taken_by("Axon")
    evidence = seen(picture(whole[:-200]))
    assert (evidence.truth_of("media.mobile_camera"), evidence.truth_of("media.faces")) == (T, U)


@pytest.mark.parametrize(
    "parts", [(), (picture(pictures.face()),), (picture(b""),)], ids=["nothing", "face", "unknown"]
)
def test_everything_promised_is_reported_once(parts: tuple[Part, ...]) -> None:
    assert sorted(fact.name for fact in seen(*parts).facts) == sorted(Faces.reports)


class Clock:
    """A clock that goes a second forward each time that it is looked at."""

    def __init__(self) -> None:
        self._seconds = itertools.count()

    def __call__(self) -> float:
        return next(self._seconds)


@pytest.mark.parametrize(
    ("seconds", "truth"), [(0.0, U), (3.0, U), (99.0, F)], ids=["at once", "in the middle", "enough"]
)
def test_time_runs_out_as_unknown(seconds: float, truth: Truth) -> None:
    """All pictures of a request share it."""
    detector = Faces(PictureLimits(seconds=seconds), clock=Clock())
    evidence = seen(picture(pictures.coffee()), picture(pictures.coffee("PNG"), THERE), detector=detector)
    why = f"its examination took longer than {seconds:g} seconds"
    assert evidence.truth_of("media.faces") is truth
    assert evidence.unexamined == (((HERE, why), (THERE, why)) if truth is U else ())


def test_a_face_found_in_time_counts_though_time_runs_out_later() -> None:
    detector = Faces(PictureLimits(seconds=1.0), clock=Clock())
    evidence = seen(picture(pictures.face()), picture(pictures.coffee(), THERE), detector=detector)
    assert evidence.by_name()["media.faces"].locations == (HERE,)
    assert evidence.unexamined == ((THERE, "its examination took longer than 1 seconds"),)


def test_limits_are_those_given() -> None:
    detector = Faces(PictureLimits(side=100))
    assert seen(picture(pictures.face()), detector=detector).truth_of("media.faces") is U


@pytest.mark.parametrize(("score", "truth"), [(0.5, T), (0.999, F)])
def test_the_score_from_which_a_face_counts_is_given(score: float, truth: Truth) -> None:
    assert seen(picture(pictures.face("JPEG", 320)), detector=Faces(score=score)).truth_of("media.faces") is truth


def test_the_revision_tells_what_of_it_decides() -> None:
    """The score and the cameras; not the limits, which are settings and told as such."""
    told = [detector.revision for detector in (Faces(), Faces(PictureLimits(frames=1)), Faces(score=0.5), FACES)]
    assert (told[0] == told[1], len(set(told))) == (True, 3)


@pytest.fixture
def without_model(monkeypatch: pytest.MonkeyPatch) -> Faces:
    """The detector on a machine where the model cannot be loaded."""

    def unavailable() -> FaceModel:
        raise ModelUnavailable("yunet.onnx cannot be read")

    monkeypatch.setattr(module, "FaceModel", unavailable)
    return Faces(cameras=FACES.cameras)


def test_without_the_model_faces_are_unknown_and_pictures_unexamined(without_model: Faces) -> None:
    """What the metadata say is known all the same."""
    evidence = seen(picture(pictures.taken_by("Axon")), detector=without_model)
    why = "faces cannot be looked for here: yunet.onnx cannot be read"
    assert (without_model.available, FACES.available) == (False, True)
    assert evidence.unexamined == ((HERE, why),)
    assert (evidence.truth_of("media.faces"), evidence.truth_of("media.mobile_camera")) == (U, T)


def test_without_the_model_a_request_without_pictures_has_no_face(without_model: Faces) -> None:
    assert seen(Text(HERE, Role.USER, "Hello."), detector=without_model).truth_of("media.faces") is F


def turned(width: int, height: int) -> list[tuple[int, int]]:
    """The sizes of a look of that size in its seven turns, diagonals in a frame that holds all of it."""
    smaller = Pixels.new("RGB", (width, height))
    smaller.thumbnail((256, 256))
    return [(height, width), (width, height), (height, width)] + [
        smaller.rotate(degrees, expand=True).size for degrees in (45, 135, 225, 315)
    ]


@pytest.mark.parametrize(
    ("size", "form", "looked_at"),
    [
        ((200, 100), "JPEG", [(200, 100), *turned(200, 100)]),
        ((500, 250), "JPEG", [(320, 160), (500, 250), *turned(320, 160)]),
        ((640, 320), "PNG", [(320, 160), (640, 320), *turned(320, 160)]),
        ((1280, 640), "PNG", [(320, 160), (640, 320), *turned(320, 160), *[(470, 640)] * 3]),
        ((1280, 640), "JPEG", [(320, 160), (640, 320), *turned(320, 160), *[(470, 640)] * 3]),
        ((1000, 800), "PNG", [(320, 256), (640, 512), *turned(320, 256), *[(532, 432)] * 4]),
    ],
)
def test_the_cascade(
    size: tuple[int, int], form: str, looked_at: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small, larger, turned, and in tiles as it is: cheapest first, and a JPEG's first look is decoded for itself alone."""
    looks: list[tuple[int, int]] = []

    class Watched(FaceModel):
        def find(self, picture: Pixels.Image, least: float) -> tuple[Face, ...]:
            looks.append(picture.size)
            return super().find(picture, least)

    monkeypatch.setattr(module, "FaceModel", Watched)
    data = pictures.encode(Pixels.new("RGB", size, "teal"), form)
    assert seen(picture(data), detector=Faces()).truth_of("media.faces") is F
    assert looks == looked_at


def test_a_face_at_the_first_look_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large JPEG is then decoded small, and never whole."""

    def views(*_: object) -> Iterator[Pixels.Image]:
        raise AssertionError

    monkeypatch.setattr(module, "views", views)
    assert face(pictures.large_face()) is T


def test_threads_share_a_detector() -> None:
    datas: list[bytes] = [pictures.face("JPEG", 320), pictures.small()] * 8
    work: Callable[[bytes], Truth] = face
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, datas)) == [T, F] * 8
