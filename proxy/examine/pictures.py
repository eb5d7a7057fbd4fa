"""Decoding pictures of strangers: what may be decoded, how large, and into which views a face is looked for."""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from proxy.examine.structure import gif_extents, jpeg_scans, png_damage

FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP")
"""Formats that the service takes (its vision how-to). MPO arrives as JPEG."""

GLANCE_SIDE: Final = 320
"""Side, in pixels, that suffices for the first look at a picture."""

_ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Image.MAX_IMAGE_PIXELS = None  # our own limits are checked between reading the header and decoding a pixel
Image.init()


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """Limits that are checked before pixels are decoded.

    `pixels` counts one frame, `frame_pixels` all of them. `jpeg_scans` stops progressive floods: ordinary pictures have
    14 at the most. `seconds` is for all pictures of one request. `searched_pixels` is what of a frame is searched: a larger
    one is shrunk to it first.
    """

    pixels: int = 50_000_000
    side: int = 16_384
    frames: int = 100
    frame_pixels: int = 200_000_000
    jpeg_scans: int = 40
    seconds: float = 20.0
    searched_pixels: int = 4_000_000


class Undecodable(Exception):
    """The picture cannot be examined in full; its text says why, in words for a person."""


@dataclass(frozen=True, slots=True)
class Camera:
    """What a picture's metadata name as the camera; empty strings where they name none."""

    make: str
    model: str


def open_picture(data: bytes, limits: PictureLimits) -> Image.Image:
    """Read a picture's header and hold it against the limits. Raises Undecodable; decodes no pixel."""
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as mistake:
        raise Undecodable("not a picture in JPEG, PNG, GIF or WebP format") from mistake
    except Exception as mistake:  # whatever a decoder does over a stranger's bytes
        raise Undecodable(f"its header cannot be read ({type(mistake).__name__})") from mistake
    _check_size(picture.size, limits)
    match picture.format:
        case "PNG":
            if damage := png_damage(data):
                raise Undecodable(damage)
        case "GIF":  # a frame may reach beyond the picture, which then grows
            for extent in gif_extents(data):
                _check_size(extent, limits)
        case _:
            pass
    return picture


def _check_size(size: tuple[int, int], limits: PictureLimits) -> None:
    width, height = size
    if width < 1 or height < 1 or max(width, height) > limits.side or width * height > limits.pixels:
        millions = limits.pixels / 1_000_000
        raise Undecodable(
            f"a picture of {width} x {height} pixels; the limits are {limits.side} a side and {millions:g} megapixels"
        )


def _check_scans(picture: Image.Image, limits: PictureLimits) -> None:
    """Hold the frame at hand, if it is a JPEG, against the limit on scans."""
    if not isinstance(picture, JpegImageFile) or not isinstance(picture.fp, io.BytesIO) or not picture.tile:
        return
    if jpeg_scans(picture.fp.getvalue(), picture.tile[0].offset, limits.jpeg_scans) > limits.jpeg_scans:
        raise Undecodable(f"a JPEG of more than {limits.jpeg_scans} scans")


def camera_of(picture: Image.Image) -> Camera:
    """Make and model of the camera, from EXIF. What cannot be read counts as not named."""
    try:
        exif = picture.getexif()
        make, model = exif.get(0x010F, ""), exif.get(0x0110, "")
    except Exception:  # noqa: BLE001 - EXIF of strangers; a broken one names no camera
        return Camera("", "")
    return Camera(_word(make), _word(model))


def _word(value: object) -> str:
    return value.replace("\0", " ").strip()[:64] if isinstance(value, str) else ""


def glance(data: bytes, limits: PictureLimits) -> Image.Image | None:
    """The first frame of a JPEG, upright, at `GLANCE_SIDE` pixels or little more: a JPEG is decoded small for much less.

    None for other formats, and where the frame is small anyway. Raises Undecodable.
    """
    with open_picture(data, limits) as picture:
        if not isinstance(picture, JpegImageFile) or max(picture.size) < 2 * GLANCE_SIDE:
            return None
        _check_scans(picture, limits)
        orientation = _orientation(picture)
        picture.draft("RGB", (GLANCE_SIDE, GLANCE_SIDE))
        (view,) = _frame(picture, limits.searched_pixels)
        return _upright(view, orientation)


def views(picture: Image.Image, limits: PictureLimits) -> Iterator[Image.Image]:
    """Every frame of a picture as RGB, upright by its EXIF orientation, at most `searched_pixels` large.

    A frame with transparency gives three: as shown on white, its colours without the transparency, and the
    transparency itself, since a face can hide in each. Raises Undecodable where a frame cannot be decoded in full.
    """
    orientation = _orientation(picture)
    number, pixels = 0, 0
    while _seek(picture, number):
        if number >= limits.frames:
            raise Undecodable(f"an animation of more than {limits.frames} frames")
        _check_size(picture.size, limits)
        pixels += picture.width * picture.height
        if pixels > limits.frame_pixels:
            raise Undecodable(f"an animation of more than {limits.frame_pixels} pixels in all")
        _check_scans(picture, limits)
        if isinstance(picture, JpegImageFile):
            _draft(picture, limits.searched_pixels)
        for view in _frame(picture, limits.searched_pixels):
            yield _upright(view, orientation)
        number += 1


def _draft(picture: JpegImageFile, most: int) -> None:
    """Decode no larger than need be: a JPEG at half its size costs a third. Half of `most` pixels are enough for that."""
    scale = math.sqrt(most / 2 / (picture.width * picture.height))
    if scale < 1:
        picture.draft("RGB", (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))


def _upright(view: Image.Image, orientation: int) -> Image.Image:
    return view.transpose(_TURNS[orientation]) if orientation in _TURNS else view


def _seek(picture: Image.Image, number: int) -> bool:
    """Go to a frame; False past the last one."""
    if number == 0:
        return True
    if not getattr(picture, "is_animated", False):
        return False
    try:
        picture.seek(number)
    except EOFError:
        if number < getattr(picture, "n_frames", 0):
            raise Undecodable(f"frame {number + 1} of the animation is missing") from None
        return False
    except Exception as mistake:  # whatever a decoder does over a stranger's bytes
        raise Undecodable(f"frame {number + 1} cannot be read ({type(mistake).__name__})") from mistake
    return True


def _orientation(picture: Image.Image) -> int:
    try:
        found = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - EXIF of strangers; a broken one turns nothing
        return 1
    return found if isinstance(found, int) else 1


def _frame(picture: Image.Image, most: int) -> Iterator[Image.Image]:
    try:
        picture.load()
        small = _reduced(picture, most)
        if _has_alpha(small):
            yield from _through_alpha(small.convert("RGBA"))
        else:
            yield small if small.mode == "RGB" else small.convert("RGB")
    except Undecodable:
        raise
    except (OSError, SyntaxError, ValueError) as mistake:
        raise Undecodable("a picture that is truncated or damaged") from mistake
    except Exception as mistake:  # whatever a decoder does over a stranger's bytes
        raise Undecodable(f"a picture that cannot be decoded ({type(mistake).__name__})") from mistake


def _reduced(picture: Image.Image, most: int) -> Image.Image:
    """The frame at `most` pixels at the most, in a mode that resizes well; 16 bits a channel are brought to 8."""
    frame = picture
    if frame.mode.startswith("I"):
        frame = frame.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    elif frame.mode in ("P", "PA"):
        frame = frame.convert("RGBA")
    elif frame.mode in ("1", "F"):
        frame = frame.convert("L")
    scale = math.sqrt(most / (frame.width * frame.height))
    if scale >= 1:
        return frame.copy() if frame is picture else frame
    size = (max(1, int(frame.width * scale)), max(1, int(frame.height * scale)))
    return frame.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _has_alpha(frame: Image.Image) -> bool:
    if frame.mode not in ("RGBA", "LA", "RGBa", "La"):
        return "transparency" in frame.info and frame.mode in ("RGB", "L")
    lowest, _ = frame.getchannel("A" if frame.mode in ("RGBA", "LA") else "a").getextrema()
    return bool(lowest < 255)  # type: ignore[operator] # noqa: PLR2004 - an 8-bit channel, fully opaque


def _through_alpha(frame: Image.Image) -> Iterator[Image.Image]:
    shown = Image.new("RGBA", frame.size, "white")
    shown.alpha_composite(frame)
    yield shown.convert("RGB")
    yield frame.convert("RGB")
    yield frame.getchannel("A").convert("RGB")
