"""What a realtime session has shown so far. To policy a session is one request: each event is judged with all before it."""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from msgspec import structs

from proxy.content import Audio, Image, Opaque, Part, Reference
from proxy.exchange import Forward, Screened, Surfaced
from proxy.facts import Evidence
from proxy.location import Location
from proxy.past import HISTORY, Dossier, Past, left_by, merged

AudioRule: TypeAlias = Literal["exempt", "without_pictures", "refuse"]
"""What becomes of what is said, which nobody here hears: see `realtime_audio` of the register."""

EARLIER: Final = Location(("earlier",))
"""The place of what earlier events showed, in findings and refusals."""

_BOTH: Final = "nobody here hears what is said, so speech and pictures are not let into one session"


@dataclass(slots=True)
class Earlier:
    """The evidence of one session, which only grows: what replaces instructions or deletes an item takes nothing back.

    `session` is its id. `pictures` and `speech` say whether any went to the service. `heard` says whether a piece of speech
    was let through with everything that is known now, so that the next one need not be judged again.
    """

    session: str
    audio: AudioRule
    dossier: Dossier = field(default_factory=Dossier)
    pictures: bool = False
    speech: bool = False
    heard: bool = False

    def beside(self, surfaced: Surfaced) -> tuple[Surfaced, Past]:
        """An event with what came before it: a reference to the session, and what is known of that.

        Items that the event names are the session's own: what they hold is among what is known of that.
        """
        content = surfaced.content
        known = {
            (part.kind, part.id): _NOTHING
            for part in content.parts
            if isinstance(part, Reference) and part.kind == "item"
        }
        added: tuple[Part, ...] = ()
        if self.dossier.facts:
            known[self._itself.kind, self._itself.id] = self.dossier
            added = (self._itself,)
        added += self._too_much(content.parts)
        if added:
            surfaced = structs.replace(surfaced, content=structs.replace(content, parts=content.parts + added))
        return surfaced, Past(known)

    @property
    def _itself(self) -> Reference:
        return Reference(EARLIER, "session", self.session)

    def _too_much(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """What stands for speech beside pictures, where the tenant may have but one of them in a session."""
        place = next((part.location for part in parts if isinstance(part, (Audio, Image))), None)
        if place is None or self.audio != "without_pictures":
            return ()
        speech = self.speech or any(isinstance(part, Audio) for part in parts)
        pictures = self.pictures or any(isinstance(part, Image) for part in parts)
        return (Opaque(place, _BOTH),) if speech and pictures else ()

    def add(self, screened: Screened, *, frame: bool) -> None:
        """Take in what an event showed that goes to the service; `frame` tells a piece of speech."""
        if not isinstance(screened.action, Forward):
            return
        own = tuple(fact for fact in screened.evidence.facts if fact.source != HISTORY or fact.locations != (EARLIER,))
        left = left_by(Evidence(own))
        if left.facts:
            self.dossier = merged(self.dossier, left)
        parts = screened.content.parts
        self.pictures = self.pictures or any(isinstance(part, Image) for part in parts)
        self.speech = self.speech or any(isinstance(part, Audio) for part in parts)
        self.heard = frame or (self.heard and not left.facts)


_NOTHING: Final = Dossier()
