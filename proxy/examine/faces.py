"""Is there a face in a picture? Every frame is searched, coarsely, finely and turned. Nobody is recognised."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image as Pixels

from proxy.caller import Caller
from proxy.content import Content, Document, Image, Inline, Opaque, Reference, Remote, Video
from proxy.examine.face_model import DIGEST, Face, FaceModel, ModelUnavailable
from proxy.examine.image_context import Cameras
from proxy.examine.pictures import PictureLimits, Undecodable, camera_of, glance, open_picture, views
from proxy.facts import Evidence, Fact, Truth
from proxy.location import Location

FACE_SCORE: Final = 0.83
"""Score from which a face counts: docs/faces.md has what is found at it."""

_SIDES: Final = (320, 640)
"""Longest sides, in pixels, of the first looks: most faces are seen at one of them."""

_QUARTERS: Final = (Pixels.Transpose.ROTATE_90, Pixels.Transpose.ROTATE_180, Pixels.Transpose.ROTATE_270)
_DIAGONALS: Final = (45, 135, 225, 315)
"""Turns, in degrees. The model bears 30 to either side of upright; eight turns leave 22.5."""

_DIAGONAL: Final = 256
"""Longest side, in pixels, of what is turned by these: with its corners it is twice as much to search."""

_TILE: Final = 640
"""Longest side, in pixels, of the tiles in which a picture is searched as it is: a fixed one bounds what the model takes of
memory, and small maps stay in the processor's caches."""

_FAINT: Final = 0.15
"""Score from which something in a picture as it is, not shrunk, is worth a close look."""

_ACROSS: Final = 12
"""Pixels that it must be wide and high for that: in fewer there is hardly anything to see, and roofs have two windows too."""

_CLOSELY: Final = 0.04
"""How much more than at first sight a face must score at a close look: many are taken, and each may err."""

_CLOSE_SIDE: Final = 160
"""Side, in pixels, of a close look: a face is then some 72 pixels large, where the model is at its best."""

_AROUND: Final = _CLOSE_SIDE / 72

_MARGIN: Final = 1.42
"""How much more is cut out for a close look that is turned: the diagonal of a square."""

_TURNED_CLOSELY: Final = 3
_LESS_FAINT: Final = 0.3
"""How many faint things of one look, the best ones of that score, are looked at closely in all eight turns: 5 ms of CPU each."""

_SHARED: Final = 64
"""Pixels that neighbouring tiles share: a face of that size is whole in one of them, larger ones are seen at 640 pixels."""

PICTORIAL: Final = (Image, Video, Document, Opaque, Reference)
"""Parts that show something, or may."""

_UNSEEN: Final = "the request carries pictures or files that cannot be searched"

_NOTHING: Final = Evidence(
    (Fact("media.faces", Truth.FALSE, "faces"), Fact("media.mobile_camera", Truth.FALSE, "faces"))
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one picture showed: the faces, whether a mobile camera took it, and why it could not be examined in full."""

    faces: tuple[Face, ...] = ()
    mobile: Truth = Truth.FALSE
    gap: str = ""


@dataclass(frozen=True, slots=True)
class _Look:
    """What is searched at once. Of a look at pixels as they are, `whole` is what they are cut from, and where."""

    pixels: Pixels.Image
    whole: Pixels.Image | None = None
    left: int = 0
    top: int = 0

    def closely(self, face: Face) -> Pixels.Image:
        """What is around a face that was found in it, at the size at which faces are found best, with a margin for turns."""
        across = max(face.width, face.height, 1) * _AROUND * _MARGIN
        left = self.left + face.left + face.width / 2 - across / 2
        top = self.top + face.top + face.height / 2 - across / 2
        box = (round(left), round(top), round(left + across), round(top + across))
        side = round(_CLOSE_SIDE * _MARGIN)
        return (self.whole or self.pixels).crop(box).resize((side, side), Pixels.Resampling.BILINEAR)


class Faces:
    """The detector of faces in inline pictures, and of what their metadata say of the camera."""

    name = "faces"
    reports = frozenset({"media.faces", "media.mobile_camera"})

    def __init__(
        self,
        limits: PictureLimits | None = None,
        score: float = FACE_SCORE,
        cameras: Cameras | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives seconds; it is an argument so that tests can run out of time. Without `cameras` none is known."""
        self.limits = limits or PictureLimits()
        self.score = score
        self.cameras = cameras or Cameras()
        self._clock = clock
        self.reason = ""
        try:
            self._model: FaceModel | None = FaceModel()
        except ModelUnavailable as why:
            self._model, self.reason = None, str(why)

    @property
    def available(self) -> bool:
        """Whether faces can be looked for at all; if not, `reason` says why, and every picture stays unexamined."""
        return self._model is not None

    @property
    def revision(self) -> str:
        """What of it decides: the model, the score from which a face counts, the table of cameras."""
        return f"{DIGEST} {self.score!r} {self.cameras.digest}"

    def examine(self, content: Content, caller: Caller) -> Evidence:
        """`media.faces` is FALSE only if every picture was searched in full and nothing else could show one."""
        del caller
        if not any(isinstance(part, PICTORIAL) for part in content.parts):
            return _NOTHING
        deadline = self._clock() + self.limits.seconds
        seen = [
            (part.location, self._search(part.source.data, deadline))
            for part in content.parts
            if isinstance(part, Image) and isinstance(part.source, Inline)
        ]
        gaps = tuple((place, one.gap) for place, one in seen if one.gap)
        unseen = any(map(could_show, content.parts))
        faces = [(place, one.faces) for place, one in seen if one.faces]
        return Evidence((self._faces(faces, gaps, unseen=unseen), self._camera(seen, unseen=unseen)), gaps)

    def _faces(
        self,
        faces: Sequence[tuple[Location, tuple[Face, ...]]],
        gaps: Sequence[tuple[Location, str]],
        *,
        unseen: bool,
    ) -> Fact:
        if faces:
            best = max(face.score for _, found in faces for face in found)
            number = sum(len(found) for _, found in faces)
            return Fact("media.faces", Truth.TRUE, self.name, best, tuple(place for place, _ in faces), number)
        if gaps or unseen:
            why = gaps[0][1] if gaps else _UNSEEN
            return Fact("media.faces", Truth.UNKNOWN, self.name, 0.0, tuple(place for place, _ in gaps), 0, why)
        return Fact("media.faces", Truth.FALSE, self.name)

    def _camera(self, seen: Sequence[tuple[Location, _Seen]], *, unseen: bool) -> Fact:
        name = "media.mobile_camera"
        if mobile := tuple(place for place, one in seen if one.mobile is Truth.TRUE):
            return Fact(name, Truth.TRUE, self.name, 1.0, mobile, len(mobile))
        unread = tuple(place for place, one in seen if one.mobile is Truth.UNKNOWN)
        if unread or unseen:
            return Fact(name, Truth.UNKNOWN, self.name, 0.0, unread, 0, "a picture's metadata could not be read")
        return Fact(name, Truth.FALSE, self.name)

    def _search(self, data: bytes, deadline: float) -> _Seen:
        mobile = Truth.UNKNOWN
        try:
            with open_picture(data, self.limits) as picture:
                mobile = Truth.TRUE if self.cameras.mobile(camera_of(picture)) else Truth.FALSE
                for look in _looks(data, picture, self.limits):
                    if found := self._find(look, deadline):
                        return _Seen(found, mobile)
        except Undecodable as why:
            return _Seen((), mobile, str(why))
        return _Seen((), mobile)

    def _find(self, look: _Look, deadline: float) -> tuple[Face, ...]:
        """The faces of one look. Where there is none, what is faintly like one is looked at closely."""
        found = self._ask(look.pixels, self.score if look.whole is None else _FAINT, deadline)
        sure = tuple(face for face in found if face.score >= self.score)
        if sure or look.whole is None:
            return sure
        least = min(self.score + _CLOSELY, 1.0)
        closer = (self._ask(pixels, least, deadline) for pixels in _close_looks(look, found))
        return next(filter(None, closer), ())

    def _ask(self, pixels: Pixels.Image, least: float, deadline: float) -> tuple[Face, ...]:
        if self._model is None:
            raise Undecodable(f"faces cannot be looked for here: {self.reason}")
        if self._clock() > deadline:
            raise Undecodable(f"its examination took longer than {self.limits.seconds:g} seconds")
        return self._model.find(pixels, least)


def _looks(data: bytes, picture: Pixels.Image, limits: PictureLimits) -> Iterator[_Look]:
    """What is searched in turn, cheapest first. Most faces are seen at the first look, for which a JPEG is decoded small."""
    first = glance(data, limits)
    if first is not None:
        yield _Look(_at(first, _SIDES[0]))
    for number, view in enumerate(views(picture, limits)):
        attempts = _attempts(view)
        if number == 0 and first is not None:
            next(attempts)
        yield from attempts


def _attempts(view: Pixels.Image) -> Iterator[_Look]:
    """The cascade of one view: 320 pixels, 640, in seven turns, and as it is, in tiles."""
    small, side = _at(view, _SIDES[0]), max(view.size)
    yield _Look(small, view if side <= _SIDES[0] else None)
    if side > _SIDES[0]:
        yield _Look(_at(view, _SIDES[1]), view if side <= _SIDES[1] else None)
    yield from map(_Look, _turns(small))
    if side > _SIDES[1]:
        yield from _tiles(view)


def _close_looks(look: _Look, faint: Sequence[Face]) -> Iterator[Pixels.Image]:
    """Each faint thing upright, then the best of them turned."""
    large = [face for face in faint if min(face.width, face.height) >= _ACROSS]
    for face in large:
        yield _middle(look.closely(face))
    for face in [face for face in large if face.score >= _LESS_FAINT][:_TURNED_CLOSELY]:
        closely = look.closely(face)
        for quarter in _QUARTERS:
            yield _middle(closely.transpose(quarter))
        for degrees in _DIAGONALS:
            yield _middle(closely.rotate(degrees))  # by nearest pixels: it is an enlargement, and this takes a tenth


def _middle(picture: Pixels.Image) -> Pixels.Image:
    rim = (picture.width - _CLOSE_SIDE) // 2
    return picture.crop((rim, rim, rim + _CLOSE_SIDE, rim + _CLOSE_SIDE))


def _turns(small: Pixels.Image) -> Iterator[Pixels.Image]:
    for quarter in _QUARTERS:
        yield small.transpose(quarter)
    smaller = _at(small, _DIAGONAL)
    for degrees in _DIAGONALS:
        yield smaller.rotate(degrees, Pixels.Resampling.BILINEAR, expand=True)


def _tiles(view: Pixels.Image) -> Iterator[_Look]:
    """The view cut into tiles of equal size that share a rim."""
    wide, high = (_cut(side) for side in view.size)
    for top, bottom in high:
        for left, right in wide:
            yield _Look(view.crop((left, top, right, bottom)), view, left, top)


def _cut(side: int) -> Sequence[tuple[int, int]]:
    """Where the tiles along one side begin and end."""
    number = max(1, -(-(side - _SHARED) // (_TILE - _SHARED)))
    length = -(-(side + (number - 1) * _SHARED) // number)
    starts = [index * (side - length) // max(1, number - 1) for index in range(number)]
    return [(start, start + length) for start in starts]


def _at(view: Pixels.Image, side: int) -> Pixels.Image:
    scale = side / max(view.size)
    if scale >= 1:
        return view
    size = (max(1, round(view.width * scale)), max(1, round(view.height * scale)))
    return view.resize(size, Pixels.Resampling.BILINEAR, reducing_gap=2.0)


def could_show(part: object) -> bool:
    """Whether a part may hold pictures that nobody has searched."""
    match part:
        case Document(opened=opened):
            return not opened
        case Image(source=Remote()) | Video() | Opaque():
            return True
        case Reference():
            return True
        case _:
            return False
