"""What kinds of media a request carries, and what of it cannot be examined at all."""

from collections.abc import Mapping
from typing import Final

from proxy.caller import Caller
from proxy.content import Audio, Content, Document, Image, Opaque, Part, Reference, Remote, Video
from proxy.facts import Evidence, Fact, Truth
from proxy.location import Location

_KINDS: Final[Mapping[str, type[Part]]] = {
    "media.images": Image,
    "media.audio": Audio,
    "media.video": Video,
    "media.documents": Document,
}


class Media:
    """Counts pictures, recordings, moving pictures and files, and notes what stays unread."""

    name = "media"
    reports = frozenset({*_KINDS, "coverage.opaque", "coverage.references", "coverage.remote"})

    _NOTHING = Evidence(tuple(Fact(fact, Truth.FALSE, "media") for fact in sorted(reports)))

    def examine(self, content: Content, caller: Caller) -> Evidence:
        """One fact a name, with count and locations. A kind is UNKNOWN where an unread part may be of that kind."""
        del caller
        if not any(isinstance(part, _NOTABLE) for part in content.parts):
            return self._NOTHING
        facts = [self._kind(name, kind, content.parts) for name, kind in _KINDS.items()]
        facts.append(self._places("coverage.opaque", [p.location for p in content.parts if isinstance(p, Opaque)]))
        facts.append(
            self._places("coverage.references", [p.location for p in content.parts if isinstance(p, Reference)])
        )
        facts.append(self._places("coverage.remote", [p.location for p in content.parts if _is_remote(p)]))
        return Evidence(tuple(facts))

    def _kind(self, name: str, kind: type[Part], parts: tuple[Part, ...]) -> Fact:
        places = tuple(part.location for part in parts if isinstance(part, kind))
        if places:
            return Fact(name, Truth.TRUE, self.name, 1.0, places, len(places))
        unread = tuple(part.location for part in parts if isinstance(part, (Opaque, Reference)))
        if unread:
            return Fact(name, Truth.UNKNOWN, self.name, 0.0, unread, 0, "a part that could not be read may hold some")
        return Fact(name, Truth.FALSE, self.name)

    def _places(self, name: str, places: list[Location]) -> Fact:
        return Fact(name, Truth.TRUE if places else Truth.FALSE, self.name, 1.0, tuple(places), len(places))


_NOTABLE = (Image, Audio, Video, Document, Opaque, Reference)


def _is_remote(part: Part) -> bool:
    return isinstance(part, (Image, Audio, Video, Document)) and isinstance(part.source, Remote)
