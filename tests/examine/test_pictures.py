"""Pictures of strangers: what is decoded, into which views, and what ends as undecodable with its reason."""

import io
import subprocess
import sys
from collections.abc import Callable
from typing import Final

import pytest
from PIL import Image, ImageFile
from support import pictures

from proxy.examine.pictures import (
    GLANCE_SIDE,
    Camera,
    PictureLimits,
    Undecodable,
    camera_of,
    glance,
    open_picture,
    views,
)

LIMITS: Final = PictureLimits()

DAMAGED: Final = "a picture that is truncated or damaged"
NO_PICTURE: Final = "not a picture in JPEG, PNG, GIF or WebP format"
SMALLER: Final = "a picture of {} x {} pixels; the limits are {} a side and {} megapixels"
LARGE: Final = SMALLER.format("{}", "{}", 16384, 50)


def all_views(data: bytes, limits: PictureLimits = LIMITS) -> list[Image.Image]:
    with open_picture(data, limits) as picture:
        return list(views(picture, limits))


def undecodable(data: bytes, limits: PictureLimits = LIMITS) -> str:
    """Why a picture cannot be examined in full."""
    with pytest.raises(Undecodable) as caught:
        all_views(data, limits)
    return str(caught.value)


def like(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures look the same, give or take what compression changes."""
    pairs = zip(one.resize((8, 8)).tobytes(), other.resize((8, 8)).tobytes(), strict=True)
    return max(abs(a - b) for a, b in pairs) < 40


@pytest.mark.parametrize("form", pictures.FORMATS)
def test_every_format_gives_one_view_that_looks_like_the_picture(form: str) -> None:
    (view,) = all_views(pictures.face(form))
    assert (view.mode, view.size, like(view, pictures.face_pixels())) == ("RGB", (512, 512), True)


@pytest.mark.parametrize("form", pictures.FORMATS)
@pytest.mark.parametrize(
    ("most", "size"),
    [(180_000, (600, 300)), (179_999, (599, 299)), (60_000, (346, 173)), (100, (14, 7))],
    ids=["just as large", "a little less", "a third", "next to nothing"],
)
def test_views_are_no_larger_than_is_searched(form: str, most: int, size: tuple[int, int]) -> None:
    """A JPEG is decoded at half of it or more."""
    picture = pictures.plain_pixels(64).resize((600, 300))
    (view,) = all_views(pictures.encode(picture, form), PictureLimits(searched_pixels=most))
    smallest = size if form != "JPEG" else tuple(side // 2 for side in size)
    assert view.mode == "RGB"
    assert smallest <= view.size <= size


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pictures.cmyk(), id="four colours"),
        pytest.param(pictures.rgb16(), id="16 bits a channel"),
        pytest.param(pictures.palette_face(transparent=False), id="a palette"),
        pytest.param(pictures.progressive(), id="progressive"),
        pytest.param(pictures.with_icc_profile(), id="a colour profile"),
        *(pytest.param(pictures.turned(turn), id=f"turned by EXIF {turn}") for turn in range(2, 9)),
    ],
)
def test_unusual_encodings_look_like_the_picture_upright(data: bytes) -> None:
    (view,) = all_views(data)
    assert (view.mode, like(view, pictures.face_pixels())) == ("RGB", True)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pictures.grey16(), id="16 bits"),
        pytest.param(pictures.encode(pictures.face_pixels().convert("L"), "PNG"), id="8 bits"),
        pytest.param(pictures.encode(pictures.face_pixels().convert("L"), "JPEG"), id="8 bits, JPEG"),
    ],
)
def test_grey_pictures(data: bytes) -> None:
    (view,) = all_views(data)
    assert (view.mode, like(view, pictures.face_pixels().convert("L").convert("RGB"))) == ("RGB", True)


def test_a_picture_of_two_colours_keeps_its_shades() -> None:
    (view,) = all_views(pictures.encode(Image.new("1", (9, 9), 1), "PNG"))
    assert view.getcolors() == [(81, (255, 255, 255))]


@pytest.mark.parametrize(
    ("data", "shown", "colours", "transparency"),
    [
        pytest.param(pictures.under_alpha("PNG"), False, True, False, id="a face seen through, PNG"),
        pytest.param(pictures.under_alpha("WEBP"), False, True, False, id="a face seen through, WebP"),
        pytest.param(pictures.palette_face(transparent=True), False, True, False, id="a palette seen through"),
        pytest.param(pictures.only_in_alpha("PNG"), False, False, True, id="a face in the transparency, PNG"),
        pytest.param(pictures.only_in_alpha("WEBP"), False, False, True, id="a face in the transparency, WebP"),
    ],
)
def test_transparency_gives_three_views(data: bytes, shown: bool, colours: bool, transparency: bool) -> None:  # noqa: FBT001 - a table
    """As shown on white, the colours alone, the transparency alone: a face can hide in each."""
    face, grey = pictures.face_pixels(), pictures.face_pixels().convert("L").convert("RGB")
    on_white, plain, alpha = all_views(data)
    assert (like(on_white, face), like(plain, face), like(alpha, grey)) == (shown, colours, transparency)


def test_a_colour_that_stands_for_transparency_hides_nothing() -> None:
    """A PNG without an alpha channel can name one colour that is seen through."""
    data = pictures.encode(pictures.face_pixels(), "PNG", transparency=(255, 255, 255))
    assert len(all_views(data)) == 3


def test_full_opacity_gives_one_view() -> None:
    picture = pictures.face_pixels()
    picture.putalpha(255)
    assert len(all_views(pictures.encode(picture, "PNG"))) == 1


@pytest.mark.parametrize(
    ("data", "faces"),
    [
        *(
            pytest.param(pictures.animation(form, at, 4), [n == at for n in range(4)], id=f"{form}, frame {at}")
            for form in ("GIF", "WEBP", "APNG")
            for at in (0, 2, 3)
        ),
        pytest.param(pictures.animation("MPO", 1), [False, True], id="MPO, frame 1"),
        pytest.param(pictures.apng_with_hidden_default(face_in_default=True), [True, False, False], id="default only"),
        pytest.param(pictures.apng_with_hidden_default(face_in_default=False), [False, True, False], id="not default"),
        pytest.param(pictures.revealed_by_disposal(), [False, True, True], id="a patch on what stands below"),
        *(
            pytest.param(pictures.assembled_from_tiles(form), [False, False, False, True], id=f"{form}, tile by tile")
            for form in ("GIF", "WEBP", "APNG")
        ),
    ],
)
def test_every_frame_of_an_animation_is_a_view_as_it_is_shown(data: bytes, faces: list[bool]) -> None:
    face = pictures.face_pixels(256)
    assert [like(view, face) for view in all_views(data)] == faces


def test_a_frame_beside_the_canvas_is_seen() -> None:
    """The picture grows as far as its frames reach."""
    assert [view.size for view in all_views(pictures.frame_outside_canvas())] == [(1, 1), (456, 456)]


@pytest.mark.parametrize(
    "trailing",
    [
        pytest.param(pictures.face("JPEG"), id="a JPEG"),
        pytest.param(pictures.face("PNG"), id="a PNG"),
        pytest.param(b"PK\x05\x06" + bytes(18), id="an archive"),
        pytest.param(bytes(100), id="zeros"),
    ],
)
@pytest.mark.parametrize("form", pictures.FORMATS)
def test_what_trails_a_picture_is_not_the_picture(form: str, trailing: bytes) -> None:
    """Decoders read from the front: what the service sees is the first picture."""
    (view,) = all_views(pictures.coffee(form) + trailing)
    assert like(view, pictures.plain_pixels())


def test_a_thumbnail_is_not_the_picture() -> None:
    """No decoder shows the EXIF thumbnail in place of the picture, so a face in it does not count."""
    (view,) = all_views(pictures.with_face_thumbnail())
    assert like(view, pictures.plain_pixels())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        *(pytest.param(data, NO_PICTURE, id=name) for name, data in pictures.FOREIGN.items()),
        pytest.param(pictures.truncated("JPEG"), DAMAGED, id="truncated JPEG"),
        pytest.param(pictures.truncated("PNG"), DAMAGED, id="truncated PNG"),
        pytest.param(pictures.truncated("GIF"), DAMAGED, id="truncated GIF"),
        pytest.param(pictures.truncated("WEBP"), "its header cannot be read (OSError)", id="truncated WebP"),
        pytest.param(pictures.progressive()[:-400], DAMAGED, id="truncated progressive JPEG"),
        pytest.param(pictures.damaged("PNG"), DAMAGED, id="damaged PNG"),
        pytest.param(pictures.animation("APNG")[:-300], DAMAGED, id="truncated APNG"),
        pytest.param(pictures.two_headers(), LARGE.format(30_000, 30_000), id="a second, larger header"),
        pytest.param(pictures.scan_flood(60), "a JPEG of more than 40 scans", id="a flood of scans"),
        *(
            pytest.param(pictures.huge_header(form), LARGE.format(side, side), id=f"huge {form}")
            for form, side in (("PNG", 50_000), ("JPEG", 50_000), ("GIF", 50_000), ("WEBP", 16_384))
        ),
        pytest.param(pictures.huge_header("PNG", 0, 9), NO_PICTURE, id="no pixel"),
        pytest.param(pictures.huge_header("PNG", 20_000, 1), LARGE.format(20_000, 1), id="one long row"),
    ],
)
def test_what_cannot_be_decoded_says_why(data: bytes, why: str) -> None:
    assert undecodable(data) == why


@pytest.mark.parametrize("form", pictures.FORMATS)
@pytest.mark.parametrize("kept", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98])
def test_no_truncated_picture_is_ever_decoded(form: str, kept: float) -> None:
    """Decoders elsewhere may show the part that is there: what was not examined in full is unknown."""
    assert undecodable(pictures.truncated(form, kept))


@pytest.mark.parametrize("form", ["GIF", "WEBP", "APNG"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_no_truncated_animation_is_ever_decoded(form: str, kept: float) -> None:
    whole = pictures.animation(form)
    assert undecodable(whole[: int(len(whole) * kept)])


def test_truncated_pictures_are_not_tolerated_anywhere() -> None:
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_a_jpeg_whose_pixels_are_damaged_is_seen_as_decoders_show_it() -> None:
    """A JPEG has no checksum. Decoders fill damaged parts alike, the service's too: what they show is what is searched."""
    (view,) = all_views(pictures.damaged("JPEG"))
    assert view.size == (512, 512)


@pytest.mark.parametrize(
    ("limits", "data", "why"),
    [
        (PictureLimits(frames=3), pictures.animation("GIF", None, 4), "an animation of more than 3 frames"),
        (PictureLimits(frame_pixels=200_000), pictures.animation("WEBP", None), "an animation of more than 200000 pixels in all"),
        (PictureLimits(side=200), pictures.face("PNG", 256), SMALLER.format(256, 256, 200, 50)),
        (PictureLimits(pixels=10_000), pictures.face("PNG", 256), SMALLER.format(256, 256, 16384, 0.01)),
        (PictureLimits(side=300), pictures.frame_outside_canvas(), SMALLER.format(456, 456, 300, 50)),
        (PictureLimits(jpeg_scans=2), pictures.progressive(), "a JPEG of more than 2 scans"),
    ],
    ids=["frames", "pixels of all frames", "side", "pixels", "a frame beyond the canvas", "scans"],
)  # fmt: skip
def test_each_limit(limits: PictureLimits, data: bytes, why: str) -> None:
    assert undecodable(data, limits) == why


@pytest.mark.parametrize(
    ("limits", "data"),
    [
        (PictureLimits(frames=4), pictures.animation("GIF", None, 4)),
        (PictureLimits(frame_pixels=4 * 256 * 256), pictures.animation("GIF", None, 4)),
        (PictureLimits(side=256, pixels=256 * 256), pictures.face("PNG", 256)),
    ],
    ids=["frames", "pixels of all frames", "side and pixels"],
)
def test_what_just_fits_is_decoded(limits: PictureLimits, data: bytes) -> None:
    assert all_views(data, limits)


@pytest.mark.parametrize(
    "data", [pictures.huge_header(form) for form in pictures.FORMATS] + [pictures.two_headers()],
    ids=[*pictures.FORMATS, "a second header"],
)  # fmt: skip
def test_limits_hold_before_a_pixel_is_decoded(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is never asked for its pixels."""

    def load(self: Image.Image) -> None:
        raise AssertionError(self)

    for kind in {Image.Image, ImageFile.ImageFile}:
        monkeypatch.setattr(kind, "load", load)
    with pytest.raises(Undecodable):
        open_picture(data, LIMITS)


def test_hostile_pictures_take_no_memory() -> None:
    """In a process of its own: its peak stays within 64 MB of what an ordinary picture takes."""
    program = """
import resource, sys
from support import pictures
from proxy.examine.pictures import PictureLimits, Undecodable, open_picture, views
def see(data):
    try:
        with open_picture(data, PictureLimits()) as picture:
            for _ in views(picture, PictureLimits()): pass
    except Undecodable: return True
    return False
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
floods = [pictures.huge_header(form) for form in pictures.FORMATS] + [pictures.two_headers(), pictures.scan_flood(60)]
see(pictures.face()); see(pictures.face("PNG"))
before = peak()
print(all([see(data) for data in floods]), (peak() - before) // 1024)
"""
    run = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    refused, grown = run.stdout.split()
    assert (refused, int(grown) < 64) == ("True", True)


@pytest.mark.parametrize(
    ("side", "size"),
    [(512, None), (639, None), (640, (320, 320)), (1600, (400, 400))],
    ids=["512", "639", "640", "1600"],
)
def test_a_glance_at_a_large_jpeg_is_decoded_small(side: int, size: tuple[int, int] | None) -> None:
    view = glance(pictures.face("JPEG", side), LIMITS)
    assert (view.size if view else None) == size
    assert view is None or (min(view.size) >= GLANCE_SIDE and like(view, pictures.face_pixels()))


def test_a_glance_is_upright_and_only_at_jpegs() -> None:
    large = pictures.face_pixels(1280)
    exif = Image.Exif()
    exif[0x0112] = 3
    view = glance(pictures.encode(large.transpose(Image.Transpose.ROTATE_180), "JPEG", exif=exif), LIMITS)
    assert view is not None
    assert like(view, large)
    assert glance(pictures.face("PNG", 1280), LIMITS) is None


def test_a_glance_holds_the_limits_and_sees_damage() -> None:
    whole = pictures.encode(pictures.plain_pixels(1280), "JPEG", progressive=True)
    for data, limits in (
        (whole[:-3000], LIMITS),
        (whole, PictureLimits(jpeg_scans=2)),
        (whole, PictureLimits(side=999)),
    ):
        with pytest.raises(Undecodable):
            glance(data, limits)


@pytest.mark.parametrize(
    ("data", "camera"),
    [
        pytest.param(pictures.taken_by("Axon", "Body 3"), Camera("Axon", "Body 3"), id="make and model"),
        pytest.param(pictures.taken_by("Axon", form="PNG"), Camera("Axon", ""), id="PNG"),
        pytest.param(pictures.taken_by("Axon", form="WEBP"), Camera("Axon", ""), id="WebP"),
        pytest.param(pictures.taken_by("Axon\0\0 "), Camera("Axon", ""), id="padded"),
        pytest.param(pictures.taken_by("A" * 99), Camera("A" * 64, ""), id="a long one is cut"),
        pytest.param(pictures.face(), Camera("", ""), id="no metadata"),
    ],
)
def test_camera(data: bytes, camera: Camera) -> None:
    with open_picture(data, LIMITS) as picture:
        assert camera_of(picture) == camera


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize(
    "exif",
    [b"Exif\0\0MM", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + b"rubbish" * 9],
    ids=["cut off", "offset", "rubbish"],
)
def test_broken_metadata_name_no_camera_and_turn_nothing(exif: bytes) -> None:
    data = pictures.encode(pictures.face_pixels(), "JPEG", exif=exif)
    with open_picture(data, LIMITS) as picture:
        assert camera_of(picture) == Camera("", "")
        (view,) = views(picture, LIMITS)
        assert like(view, pictures.face_pixels())


class _Broken(Image.Image):
    """A picture that fails in the way it is told to."""

    is_animated = True
    n_frames = 3
    format = "GIF"

    def __init__(self, fail: Callable[[int], None]) -> None:
        super().__init__()
        self._size, self._mode, self.im = (4, 4), "RGB", Image.new("RGB", (4, 4)).im
        self._fail = fail

    def seek(self, frame: int) -> None:
        self._fail(frame)

    def load(self) -> None:
        self._fail(0)

    def getexif(self) -> Image.Exif:
        raise OSError


def _raise(at: int, failure: Exception) -> Callable[[int], None]:
    def fail(frame: int) -> None:
        if frame == at:
            raise failure

    return fail


def test_metadata_that_cannot_be_read_name_no_camera() -> None:
    assert camera_of(_Broken(_raise(9, OSError()))) == Camera("", "")


@pytest.mark.parametrize(
    ("at", "failure", "why"),
    [
        (0, MemoryError(), "a picture that cannot be decoded (MemoryError)"),
        (0, SyntaxError(), DAMAGED),
        (0, Undecodable("said already"), "said already"),
        (1, EOFError(), "frame 2 of the animation is missing"),
        (2, OSError(), "frame 3 cannot be read (OSError)"),
    ],
    ids=["unforeseen", "broken", "already named", "missing", "unreadable"],
)
def test_a_frame_that_fails_to_decode_says_why(at: int, failure: Exception, why: str) -> None:
    with pytest.raises(Undecodable) as caught:
        list(views(_Broken(_raise(at, failure)), LIMITS))
    assert str(caught.value) == why


def test_a_picture_in_memory_is_opened_without_its_name() -> None:
    """Only the four formats are tried, whatever a file claims to be."""
    tiff = io.BytesIO(pictures.FOREIGN["TIFF"])
    assert Image.open(tiff).format == "TIFF"
    assert undecodable(tiff.getvalue()) == NO_PICTURE
