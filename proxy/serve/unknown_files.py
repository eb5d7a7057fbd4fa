"""Files that a request names and nobody here knows: got from the service, examined as uploads, and the tenant's from then on.

For tenants whose entry in the register says so. What another tenant made is never asked of the service.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from msgspec import structs

from proxy.caller import Caller
from proxy.content import Reference
from proxy.errors import CallerLeft, RequestError, Unavailable
from proxy.exchange import Forward, Screened, Surfaced
from proxy.forward.kept import KeptFiles, NotGot, Wanted, Why
from proxy.location import Location
from proxy.past import Name, Past, left_by
from proxy.record.entry import Entries, Sought
from proxy.record.journal import Journal, JournalUnavailable
from proxy.record.metrics import Metrics
from proxy.screen import screen
from proxy.serve.flights import Flights, Take
from proxy.serve.memory import Memory, MemoryUnavailable
from proxy.serve.pace import Pace
from proxy.serve.pool import Pool, giving_way
from proxy.serve.remembering import MAX_NAMES, Remembering
from proxy.serve.runtime import Runtime
from proxy.serve.timed import timed
from proxy.surface import route
from proxy.surface.kept_file import KeptFile, read_kept_file
from proxy.surface.readers.jsonl import LINE_READERS

KIND: Final = "file"

_UPLOAD: Final = "/openai/v1/files"


@dataclass(frozen=True, slots=True)
class Naming:
    """A request that may name files. What is found of them is added to `sought`; `left` says that nobody waits any more."""

    surfaced: Surfaced
    caller: Caller
    decision_id: str
    left: Callable[[], bool]
    sought: list[Sought]


@dataclass(frozen=True, slots=True)
class Means:
    """What it is done with."""

    runtime: Runtime
    kept: KeptFiles
    memory: Memory
    remembering: Remembering
    journal: Journal
    entries: Entries
    metrics: Metrics
    pool: Pool
    files: Pool


class UnknownFiles:
    """Gets to know the files of requests. `most` is how many one may name, `at_a_time` how many of a tenant are got."""

    def __init__(self, means: Means, most: int, at_a_time: int) -> None:
        self._means = means
        self._most = most
        self._at_a_time = at_a_time
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._flights: Flights[KeptFile | NotGot] = Flights(means.remembering.in_flight)
        self._pace = Pace()
        self._upload = route("POST", _UPLOAD, means.runtime.catalogue)

    async def settled(self, naming: Naming) -> Surfaced | Screened:
        """The request, once the memory knows every file that it names and that may be known; the others have a reason.

        Where what a file holds may not pass it is the refusal, as of the upload of that file. Raises Unavailable, CallerLeft.
        """
        named = _files_in(naming.surfaced)
        if not named or len(named) > MAX_NAMES:  # with so many it is refused as a whole
            return naming.surfaced
        try:
            unknown = await self._unknown(naming.caller.tenant, named)
            if len(unknown) > self._most:
                return self._too_many(naming, named, unknown)
            others = await self._means.memory.others(naming.caller.tenant, _names(unknown)) if unknown else ()
        except MemoryUnavailable:
            return naming.surfaced  # nothing can be known, and so nothing that is named passes
        whys: dict[str, str] = {}
        for file in unknown:
            seek = self._foreign if (KIND, file) in others else self._known
            found = await seek(naming, file, named[file])
            if isinstance(found, Screened):
                return found
            whys[file] = found
        return _with_reasons(naming.surfaced, whys) if any(whys.values()) else naming.surfaced

    async def _unknown(self, tenant: str, files: Collection[str]) -> list[str]:
        past = await self._means.memory.recall(tenant, _names(files))
        return [file for file in files if (KIND, file) not in past.dossiers]

    def _too_many(self, naming: Naming, named: Mapping[str, Location], unknown: Sequence[str]) -> Surfaced:
        """None of them is asked for. The record has the first one."""
        naming.sought.append(Sought(named[unknown[0]], unknown[0], 0, Why.MANY))
        self._means.metrics.count("facegate_unknown_files_total", Why.MANY, by=len(unknown))
        return _with_reasons(naming.surfaced, dict.fromkeys(unknown, Why.MANY.words))

    async def _foreign(self, naming: Naming, file: str, place: Location) -> str:
        """Do as if the service had been asked for a file that there is not."""
        await self._pace.wait()
        return self._note(naming, Sought(place, file, 0, Why.OTHERS), Why.OTHERS.words)

    async def _known(self, naming: Naming, file: str, place: Location) -> str | Screened:
        """Get to know one file: why it stays unknown, in words for the caller (none once it is known), or the refusal."""
        begun = time.monotonic()
        get = partial(self._get, naming, file)
        async with self._flights.share((naming.caller.tenant, file), get) as got:
            if isinstance(got, KeptFile):
                return await self._examined(naming, Sought(place, file, len(got.data), "known"), got)
        if not got.told:
            self._pace.note(time.monotonic() - begun)
        return self._note(naming, Sought(place, file, 0, got.why), got.words)

    async def _get(self, naming: Naming, file: str, take: Take) -> KeptFile | NotGot:
        """The file, asked for when its turn has come and it is recorded who asks."""
        means, tenant = self._means, naming.caller.tenant
        turn = self._turns.setdefault(tenant, asyncio.Semaphore(self._at_a_time))
        end = asyncio.get_running_loop().time() + means.kept.limits.seconds
        try:
            async with asyncio.timeout_at(end):
                await turn.acquire()
        except TimeoutError:
            return NotGot(Why.TIMEOUT)
        try:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")  # noqa: TID251 - the shell owns the clock
            receipt = await means.journal.commit(means.entries.fetch(naming.decision_id, now, tenant, file))
            return await means.kept.get(Wanted(file, naming.surfaced.called, receipt, take, end))
        except JournalUnavailable as failure:
            raise Unavailable("what is asked of the service could not be recorded, so it was not asked") from failure
        finally:
            turn.release()

    # ---- what it holds

    async def _examined(self, naming: Naming, sought: Sought, file: KeptFile) -> str | Screened:
        try:
            screened = await self._screened(naming, sought.place, file)
        except (Unavailable, CallerLeft):
            raise
        except RequestError as mistake:
            return self._note(naming, structs.replace(sought, result="unreadable"), mistake.message)
        if not isinstance(screened.action, Forward):
            self._note(naming, structs.replace(sought, result="refused"), "")
            own = naming.surfaced
            content = structs.replace(screened.content, model=own.content.model, stream=own.content.stream)
            return structs.replace(screened, called=own.called, content=content)
        known = await self._remembered(naming.caller.tenant, sought.id, screened)
        return self._note(naming, sought if known else structs.replace(sought, result="lost"), "")

    async def _screened(self, naming: Naming, place: Location, file: KeptFile) -> Screened:
        means = self._means
        pool = means.files if file.purpose in LINE_READERS else means.pool
        read = partial(read_kept_file, file, place, self._upload, means.runtime.surface_limits)
        surfaced = await pool.run(read)

        async def judged(past: Past) -> Screened:
            lines = giving_way(surfaced.lines, naming.left) if surfaced.lines else ()
            work = structs.replace(surfaced, lines=lines)
            screening = timed(means.runtime.screening, means.metrics)
            return await pool.run(partial(screen, work, naming.caller, screening, naming.decision_id, past))

        return await means.remembering.judged(naming.caller.tenant, surfaced, judged)

    async def _remembered(self, tenant: str, file: str, screened: Screened) -> bool:
        """Remember what the file showed; whether it is known then: another tenant may have been first."""
        names = _names([file])
        try:
            await self._means.memory.remember(tenant, names, left_by(screened.evidence))
            return names[0] in (await self._means.memory.recall(tenant, names)).dossiers
        except MemoryUnavailable:
            return False

    def _note(self, naming: Naming, sought: Sought, words: str) -> str:
        naming.sought.append(sought)
        self._means.metrics.count("facegate_unknown_files_total", sought.result)
        return words


def _files_in(surfaced: Surfaced) -> Mapping[str, Location]:
    """The files that a request names, each with the first place where it does. What lines name is not among them."""
    named: dict[str, Location] = {}
    for part in surfaced.content.parts:
        if isinstance(part, Reference) and part.kind == KIND:
            named.setdefault(part.id, part.location)
    return named


def _names(files: Collection[str]) -> list[Name]:
    return [(KIND, file) for file in files]


def _with_reasons(surfaced: Surfaced, whys: Mapping[str, str]) -> Surfaced:
    parts = tuple([
        structs.replace(part, why=whys.get(part.id, "")) if isinstance(part, Reference) and part.kind == KIND else part
        for part in surfaced.content.parts
    ])  # fmt: skip
    return structs.replace(surfaced, content=structs.replace(surfaced.content, parts=parts))
