"""A request that names things which the service keeps is judged with what is known of them, and adds to that what it shows."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from proxy.content import Reference
from proxy.errors import TooLarge, Unavailable
from proxy.exchange import Forward, Screened, Surfaced
from proxy.past import LASTING, NOTHING_BEFORE, Dossier, Name, Past, left_by
from proxy.record.metrics import Metrics
from proxy.serve.body import InFlight
from proxy.serve.keeping import Keeping, Told
from proxy.serve.line_names import names_in
from proxy.serve.memory import Memory, MemoryUnavailable
from proxy.serve.pool import Pool

MAX_NAMES: Final = 1000
"""Things that one request may name: each is looked up."""

MAX_TURNS: Final = 8
"""How often a request is judged anew because others added to what it adds to."""

_AT_A_TIME: Final = 500
"""Things that lines name that are looked up at a time, so that others get their turn."""

Judge = Callable[[Past], Awaitable[Screened]]


@dataclass(frozen=True, slots=True)
class Remembering:
    """What exchanges do with the memory. `files` are the threads of files of lines."""

    memory: Memory
    metrics: Metrics
    pool: Pool
    in_flight: InFlight
    files: Pool

    async def judged(self, tenant: str, surfaced: Surfaced, judge: Judge) -> Screened:
        """What `judge` makes of a request, given what is known of the things that it and the lines of its file name.

        What it adds to some of them is merged into what is known of those, before anything is sent. If another request did
        so meanwhile, this one is judged anew: of two that only together show something, the second is seen with the first.
        Raises TooLarge for too many names, Unavailable when what it adds cannot be remembered, and whatever reading a line
        raises.
        """
        named = [part for part in surfaced.content.parts if isinstance(part, Reference)]
        if not named and not surfaced.lines:
            return await judge(NOTHING_BEFORE)
        past = await self._recalled(tenant, named)
        if surfaced.lines:
            past = await self._with_lines(tenant, surfaced, past)
        for _ in range(MAX_TURNS):
            screened = await judge(past)
            additions = _additions(screened, named)
            standing = await self._extended(tenant, additions, past) if additions else None
            if standing is None:
                return screened
            past = _renewed(past, additions, standing)
        raise Unavailable("what the request adds to changes too fast; try again shortly")

    def keeping(self, screened: Screened, told: Told | None = None) -> Keeping | None:
        """What is to be done with the reply to what was forwarded; None where the service keeps nothing of it.

        `told` hears the names in the reply too.
        """
        called = screened.called
        if not (called.makes or called.operation.lists or called.method == "DELETE"):
            return None
        dossier = left_by(screened.evidence)
        tenant = screened.caller.tenant
        return Keeping(self.memory, self.metrics, self.pool, tenant, called, dossier, self.in_flight, told)

    async def _recalled(self, tenant: str, named: Sequence[Reference]) -> Past:
        """What is known of the things named; of none where the memory fails, and then the request is refused."""
        names: Collection[Name] = dict.fromkeys((one.kind, one.id) for one in named)
        if len(names) > MAX_NAMES:
            raise TooLarge(f"more than {MAX_NAMES} things that the service keeps are named", named[-1].location)
        return await self._known(tenant, names)

    async def _with_lines(self, tenant: str, surfaced: Surfaced, past: Past) -> Past:
        """The same, with what is known of the things that the lines name."""
        names = await self.files.run(partial(names_in, surfaced.lines))
        known = dict(past.dossiers)
        for start in range(0, len(names), _AT_A_TIME):
            known.update((await self._known(tenant, names[start : start + _AT_A_TIME])).dossiers)
        return Past(known)

    async def _known(self, tenant: str, names: Collection[Name]) -> Past:
        try:
            return await self.memory.recall(tenant, names) if names else NOTHING_BEFORE
        except MemoryUnavailable:
            return NOTHING_BEFORE

    async def _extended(self, tenant: str, additions: Mapping[Name, Dossier], past: Past) -> Past | None:
        try:
            return await self.memory.extend(tenant, additions, past)
        except MemoryUnavailable as failure:
            why = "what the request adds could not be remembered, so it was not forwarded"
            raise Unavailable(why) from failure


def _additions(screened: Screened, named: Sequence[Reference]) -> Mapping[Name, Dossier]:
    """What a request that is to be forwarded adds to the things that it names and that may change; to some of them nothing.

    Those too must still stand as they were seen: an assistant that is told something new while a large request that names it
    is examined would do the new thing with it.
    """
    called = screened.called
    if not isinstance(screened.action, Forward) or called.method != "POST":
        return {}
    places: dict[Name, list[Reference]] = {}
    for one in named:
        if one.kind not in LASTING or one.kind in called.operation.extends:
            places.setdefault((one.kind, one.id), []).append(one)
    return {
        name: left_by(screened.evidence, *added_to) if name[0] in called.operation.extends else Dossier()
        for name, added_to in places.items()
    }


def _renewed(past: Past, additions: Mapping[Name, Dossier], standing: Past) -> Past:
    kept = {name: dossier for name, dossier in past.dossiers.items() if name not in additions}
    return Past({**kept, **standing.dossiers})
