"""Pictures for tests, as bytes: two free photographs in many encodings, animations, and pictures made to deceive.

Only the photographs of the demonstration (see their README) and drawn ones; everything is made anew and the same each time.
"""

import base64
import io
import random
import struct
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageCms, ImageDraw

import proxy.demo

_FOLDER: Final = Path(proxy.demo.__file__).with_name("photographs")

FACE: Final = (_FOLDER / "astronaut.jpg").read_bytes()
"""A photograph of 512 x 512 pixels with one face, as it is shipped."""

COFFEE: Final = (_FOLDER / "coffee.jpg").read_bytes()
"""A photograph of 600 x 400 pixels without a face."""

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
"""The formats that the service takes, as Pillow names them."""

TYPES: Final[Mapping[str, str]] = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "APNG": "image/png",
}


def data_uri(data: bytes, media_type: str = "image/jpeg") -> str:
    """`data` as a data URI that claims `media_type`."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


@cache
def _pixels(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture.convert("RGB")


def face_pixels(side: int = 512) -> Image.Image:
    """The photograph with a face, decoded, in a square of `side` pixels."""
    pixels = _pixels(FACE)
    return pixels.copy() if side == pixels.width else pixels.resize((side, side), Image.Resampling.LANCZOS)


def plain_pixels(side: int = 512) -> Image.Image:
    """The photograph without a face, decoded, in a square of `side` pixels."""
    return _pixels(COFFEE).resize((side, side), Image.Resampling.LANCZOS)


def encode(picture: Image.Image, form: str, **options: Any) -> bytes:
    """`picture` as a file of the format `form`, with Pillow's own `options`."""
    written = io.BytesIO()
    picture.save(written, form, **options)
    return written.getvalue()


@cache
def face(form: str = "JPEG", side: int = 512) -> bytes:
    """The photograph with a face in the format `form`."""
    return encode(face_pixels(side), form)


@cache
def coffee(form: str = "JPEG", side: int = 512) -> bytes:
    """The photograph without a face in the format `form`."""
    return encode(plain_pixels(side), form)


def small(form: str = "PNG", colour: str = "teal") -> bytes:
    """Sixteen pixels of one colour: a picture of some hundred bytes without a face."""
    return encode(Image.new("RGB", (4, 4), colour), form)


@cache
def drawing(form: str = "PNG") -> bytes:
    """A drawn chart: no face, no photograph."""
    picture = Image.new("RGB", (320, 200), "white")
    draw = ImageDraw.Draw(picture)
    for number, height in enumerate((40, 90, 60, 150, 120)):
        draw.rectangle((30 + 56 * number, 180 - height, 66 + 56 * number, 180), fill=(40, 40 * number, 160))
    return encode(picture, form)


@cache
def animation(form: str, face_frame: int | None = -1, frames: int = 4, side: int = 256) -> bytes:
    """A GIF, WEBP, APNG or MPO of `frames` pictures without a face, save frame `face_frame` (None: in none of them).

    An MPO has two frames: of more, Pillow writes a wrong index.
    """
    frames = 2 if form == "MPO" else frames
    shown = [plain_pixels(side) for _ in range(frames)]
    for number, frame in enumerate(shown):  # equal frames would be joined into one
        ImageDraw.Draw(frame).rectangle((8 * number, 0, 8 * number + 6, 6), fill="red")
    if face_frame is not None:
        shown[face_frame] = face_pixels(side)
    options: dict[str, Any] = {"save_all": True, "append_images": shown[1:]}
    if form != "MPO":
        options |= {"duration": 100, "loop": 0}
    return encode(shown[0], "PNG" if form == "APNG" else form, **options)


@cache
def apng_with_hidden_default(*, face_in_default: bool, side: int = 256) -> bytes:
    """An APNG whose default picture is no frame of its animation: decoders without APNG show it, others never do."""
    with_face, without = face_pixels(side), [plain_pixels(side) for _ in range(2)]
    without[1].putpixel((0, 0), (255, 0, 0))
    shown = [with_face, *without] if face_in_default else [without[0], with_face, without[1]]
    return encode(shown[0], "PNG", save_all=True, append_images=shown[1:], default_image=True, duration=100)


@cache
def revealed_by_disposal(side: int = 256) -> bytes:
    """A GIF whose last frame is a small patch on the face that stands below it; the first frame shows none."""
    face_frame = face_pixels(side)
    hidden = Image.new("RGB", (side, side), "white")
    shown = [hidden, face_frame, _patched(face_frame)]
    return encode(shown[0], "GIF", save_all=True, append_images=shown[1:], duration=100, disposal=1, optimize=False)


def _patched(picture: Image.Image) -> Image.Image:
    patched = picture.copy()
    patched.putpixel((0, 0), (0, 255, 0))
    return patched


@cache
def assembled_from_tiles(form: str = "GIF", side: int = 256) -> bytes:
    """An animation whose frames each add a quarter of the face: only blending one over the other shows it whole."""
    whole, canvas = face_pixels(side), Image.new("RGB", (side, side), "white")
    half = side // 2
    shown = []
    for corner in ((0, 0), (half, 0), (0, half), (half, half)):
        tile = (*corner, corner[0] + half, corner[1] + half)
        canvas.paste(whole.crop(tile), tile)
        shown.append(canvas.copy())
    options: dict[str, Any] = {"disposal": 1} if form == "GIF" else {}
    return encode(
        shown[0],
        "PNG" if form == "APNG" else form,
        save_all=True,
        append_images=shown[1:],
        duration=100,
        **options,
    )


@cache
def cmyk(*, with_face: bool = True) -> bytes:
    """A JPEG of four colour channels."""
    return encode((face_pixels() if with_face else plain_pixels()).convert("CMYK"), "JPEG")


@cache
def grey16(*, with_face: bool = True) -> bytes:
    """A grey PNG of 16 bits a pixel."""
    picture = (face_pixels() if with_face else plain_pixels()).convert("L")
    return _png(picture.size, 16, 0, ((row, row) for row in _rows(picture)))


@cache
def rgb16(*, with_face: bool = True) -> bytes:
    """A colour PNG of 16 bits a channel."""
    picture = face_pixels() if with_face else plain_pixels()
    return _png(picture.size, 16, 2, ((row, row) for row in _rows(picture)))


@cache
def palette_face(*, transparent: bool) -> bytes:
    """A PNG of 256 colours; where `transparent`, all of them are seen through."""
    picture = face_pixels().quantize(256)
    options = {"transparency": bytes(256)} if transparent else {}
    return encode(picture, "PNG", **options)


@cache
def turned(orientation: int = 6, *, tagged: bool = True) -> bytes:
    """The face with turned pixels; where `tagged`, EXIF says how to turn them upright (5, 6, 7 and 8 are quarter turns)."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    picture = face_pixels().transpose(undo[orientation])
    exif = Image.Exif()
    if tagged:
        exif[0x0112] = orientation
    return encode(picture, "JPEG", exif=exif)


def taken_by(make: str, model: str = "", form: str = "JPEG") -> bytes:
    """A picture without a face whose EXIF names the camera."""
    exif = Image.Exif()
    exif[0x010F] = make
    if model:
        exif[0x0110] = model
    return encode(plain_pixels(64), form, exif=exif)


@cache
def with_face_thumbnail() -> bytes:
    """A JPEG without a face whose EXIF holds a thumbnail that has one; no decoder shows it as the picture."""
    exif = Image.Exif()
    thumbnail = face("JPEG", 160)
    exif.get_ifd(0x8769)
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<H", 0) + struct.pack("<I", 14)
    entries = ((0x0103, 3, 6), (0x0201, 4, 14 + 2 + 3 * 12 + 4), (0x0202, 4, len(thumbnail)))
    tiff += struct.pack("<H", len(entries))
    tiff += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    tiff += struct.pack("<I", 0) + thumbnail
    return encode(plain_pixels(), "JPEG", exif=b"Exif\0\0" + tiff)


@cache
def under_alpha(form: str = "PNG") -> bytes:
    """A face whose every pixel is fully transparent: shown on a background there is nothing to see."""
    picture = face_pixels()
    picture.putalpha(0)
    options: dict[str, Any] = {"lossless": True, "exact": True} if form == "WEBP" else {}
    return encode(picture, form, **options)


@cache
def only_in_alpha(form: str = "PNG") -> bytes:
    """A picture of one colour whose transparency draws a face."""
    picture = Image.new("RGB", (512, 512), "black")
    picture.putalpha(face_pixels().convert("L"))
    options: dict[str, Any] = {"lossless": True, "exact": True} if form == "WEBP" else {}
    return encode(picture, form, **options)


def truncated(form: str = "JPEG", kept: float = 0.6) -> bytes:
    """The first part of a picture file."""
    whole = face(form)
    return whole[: int(len(whole) * kept)]


@cache
def progressive(side: int = 512) -> bytes:
    """An ordinary progressive JPEG with a face."""
    return encode(face_pixels(side), "JPEG", progressive=True)


@cache
def scan_flood(scans: int = 60) -> bytes:
    """A progressive JPEG whose last scan is repeated: little to send, much to decode."""
    whole = encode(face_pixels(), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * scans + whole[-2:]


@cache
def damaged(form: str = "JPEG") -> bytes:
    """A picture file, complete from head to tail, with noise in the middle of its data."""
    whole = bytearray(coffee(form))
    noise = random.Random(7)  # noqa: S311 - the same noise each time
    start = len(whole) // 2
    for at in range(start, start + 400):
        whole[at] = noise.randrange(1, 255)
    return bytes(whole)


@cache
def noise_jpeg(size: int = 4_000_000) -> bytes:
    """A JPEG of noise of about `size` bytes (at least nine tenths of it); no face."""
    side = int((size / 1.17) ** 0.5)
    noise = random.Random(11).randbytes(side * side * 3)  # noqa: S311 - the same noise each time
    picture = Image.frombytes("RGB", (side, side), noise)
    return encode(picture, "JPEG", quality=80, subsampling=0)


@cache
def large_face(size: int = 200_000) -> bytes:
    """A photograph-like JPEG of about `size` bytes, 1600 pixels wide, with one face."""
    picture = face_pixels(1600)
    written = (encode(picture, "JPEG", quality=quality) for quality in range(60, 98))
    return next(data for data in written if len(data) >= size)


@cache
def small_face(across: int, size: tuple[int, int] = (1600, 1200)) -> bytes:
    """A photograph of `size` pixels without a face, in which one stands that is `across` pixels wide."""
    head = face_pixels().crop((140, 10, 310, 210))  # 170 pixels, of which the face takes some 90
    scale = across / 90
    head = head.resize((round(head.width * scale), round(head.height * scale)), Image.Resampling.LANCZOS)
    scene = _pixels(COFFEE).resize(size, Image.Resampling.LANCZOS)
    scene.paste(head, (size[0] // 5, size[1] // 7))
    return encode(scene, "JPEG", quality=85)


@cache
def askew(degrees: int, side: int = 512) -> bytes:
    """The photograph with a face turned by any angle, on grey."""
    return encode(face_pixels(side).rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="grey"), "JPEG")


def huge_header(form: str = "PNG", width: int = 50_000, height: int = 50_000) -> bytes:
    """A few bytes that claim a picture of 50,000 x 50,000 pixels (WebP cannot say more than 16,384 a side)."""
    match form:
        case "PNG":
            return _png((width, height), 8, 2, ())
        case "GIF":
            frame = b",\0\0\0\0" + struct.pack("<HH", width, height) + b"\0\x02\x02\x4c\x01\0"
            return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0\0\0\0\xff\xff\xff" + frame + b";"
        case "WEBP":
            bits = (min(width, 16_384) - 1) | (min(height, 16_384) - 1) << 14
            data = b"\x2f" + struct.pack("<I", bits) + b"\x10\x07\x10\x11\x11\x88\x88\x08"
            chunk = b"VP8L" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
            return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk
        case "JPEG":
            whole = small("JPEG")
            at = whole.index(b"\xff\xc0") + 5
            return whole[:at] + struct.pack(">HH", height, width) + whole[at + 4 :]
        case _:
            raise ValueError(form)


def _foreign() -> Mapping[str, bytes]:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    boxes = {name: struct.pack(">I", 24) + b"ftyp" + name + bytes(4) + b"mif1" + name for name in (b"heic", b"avif")}
    return {
        "TIFF": face("TIFF"),
        "BMP": encode(face_pixels(64), "BMP"),
        "ICO": encode(face_pixels(64), "ICO"),
        "JPEG2000": encode(face_pixels(64), "JPEG2000"),
        "PPM": encode(face_pixels(64), "PPM"),
        "SVG": svg,
        "HEIC": boxes[b"heic"] + struct.pack(">I", 8) + b"mdat",
        "AVIF": encode(face_pixels(64), "AVIF"),
        "PDF": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
        "empty": b"",
        "one byte": b"\xff",
        "text": b"not a picture at all",
    }


FOREIGN: Final = _foreign()
"""Files that are no picture in a format that the service takes, by what they are."""


@cache
def two_headers() -> bytes:
    """A PNG with a second IHDR behind the first, of another size."""
    whole = small("PNG")
    second = _chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    return whole[:33] + second + whole[33:]


@cache
def frame_outside_canvas() -> bytes:
    """A GIF of one pixel whose second frame, with the face, lies beside its canvas."""
    first = Image.new("P", (1, 1))
    shown = face("GIF", 256)
    single = encode(first, "GIF")
    frame = bytearray(shown[shown.index(b",", 13 + 3 * 2 ** ((shown[10] & 7) + 1)) : -1])
    palette = shown[13 : 13 + 3 * 2 ** ((shown[10] & 7) + 1)]
    flags = 0x80 | (frame[9] & 0x40) | (shown[10] & 7)  # a palette of its own; interlaced as it was
    frame[1:5] = struct.pack("<HH", 200, 200)
    local = bytes(frame[:9]) + bytes([flags]) + palette + bytes(frame[10:])
    return single[:-1] + local + b";"


def with_icc_profile() -> bytes:
    """A picture with a face and a colour profile, as cameras and editors write it."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return encode(face_pixels(), "JPEG", icc_profile=profile)


def _rows(picture: Image.Image) -> Iterable[bytes]:
    plain, width = picture.tobytes(), picture.width * len(picture.getbands())
    return (plain[at : at + width] for at in range(0, len(plain), width))


def _png(
    size: tuple[int, int], depth: int, colour: int, rows: Iterable[tuple[bytes, bytes]], *, more: bytes = b""
) -> bytes:
    """A PNG of 16 bits a sample from rows of high and low bytes."""
    packed = zlib.compressobj()
    body = bytearray()
    for high, low in rows:
        row = bytearray(2 * len(high))
        row[::2], row[1::2] = high, low
        body += packed.compress(b"\0" + bytes(row))
    body += packed.flush()
    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + more + _chunk(b"IDAT", bytes(body)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
