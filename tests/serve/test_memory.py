"""What is asked of a memory, whatever it lies in: own things are known, all others are not, and nothing is lost on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.facts import Fact, Truth
from proxy.past import HISTORY, LASTING, Dossier, Name, Past
from proxy.record.metrics import Metrics
from proxy.serve.memory import Memory
from proxy.serve.memory_sqlite import SqliteMemory
from proxy.serve.memory_store import DAY_S, Place

DAYS = 30


class Clock:
    """Seconds since 1970, as a test says."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def sqlite(folder: Path, clock: Clock, recent: int) -> AsyncIterator[Memory]:
    """A memory in a file."""
    memory = SqliteMemory(Place(folder, days=DAYS), Metrics(), recent, clock)
    try:
        yield memory
    finally:
        await memory.close()


@pytest.fixture
def clock() -> Clock:
    """The clock of the memory."""
    return Clock()


@pytest.fixture(params=[1, 1000], ids=["little at hand", "all at hand"])
async def memory(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Memory]:
    """An empty memory; each test runs where nearly everything comes from the disk, and where nothing does."""
    async with sqlite(tmp_path, clock, request.param) as made:
        yield made


def fact(name: str, truth: Truth = Truth.TRUE, count: int = 0, why: str = "", score: float = 0.5) -> Fact:
    """A fact of a dossier."""
    return Fact(name, truth, HISTORY, score, (), count, why)


FACE = Dossier((fact("media.faces", count=1),))
WHO = Dossier((fact("intent.identify_depicted"),))
BOTH = Dossier((fact("intent.identify_depicted"), fact("media.faces", count=1)))
ONE: Name = ("response", "resp_1")
TWO: Name = ("response", "resp_2")
TALK: Name = ("conversation", "conv_1")


async def test_own_things_are_known(memory: Memory) -> None:
    """By kind and id, with what they showed; what showed nothing is known as well."""
    await memory.remember("a", [ONE, TALK], FACE)
    await memory.remember("a", [TWO], Dossier())
    asked = [ONE, TWO, TALK, ("file", "resp_1"), ("response", "resp_3")]
    assert await memory.recall("a", asked) == Past({ONE: FACE, TWO: Dossier(), TALK: FACE})
    assert await memory.recall("a", asked) == Past({ONE: FACE, TWO: Dossier(), TALK: FACE})
    assert await memory.recall("a", []) == Past()
    assert memory.failure is None


async def test_a_foreign_thing_is_as_unknown_as_one_that_nobody_made(memory: Memory) -> None:
    """To recall, to extend, to lists; and it stays its owner's, whatever the other does."""
    await memory.remember("a", [ONE, TALK], FACE)
    for unknown in (TALK, ("conversation", "conv_9")):
        assert await memory.recall("b", [unknown]) == Past()
        assert await memory.extend("b", {unknown: WHO}, Past()) == Past()
        assert await memory.extend("b", {unknown: WHO}, Past({unknown: FACE})) == Past()
        assert await memory.owned("b", "conversation", [unknown[1]]) == set()
        await memory.forget("b", [unknown])
    await memory.remember("b", [ONE, TALK], WHO)
    assert await memory.recall("b", [ONE, TALK]) == Past()
    assert await memory.recall("a", [ONE, TALK]) == Past({ONE: FACE, TALK: FACE})


async def test_whose_things_are(memory: Memory, clock: Clock) -> None:
    """What is another tenant's, as long as it is remembered; by kind and id."""
    await memory.remember("a", [ONE, TALK], FACE)
    await memory.remember("b", [TWO], FACE)
    asked = [ONE, TWO, TALK, ("file", "resp_1"), ("response", "resp_3")]
    assert await memory.others("a", asked) == {TWO}
    assert await memory.others("b", asked) == {ONE, TALK}
    assert await memory.others("c", asked) == {ONE, TWO, TALK}
    assert await memory.others("c", []) == set()
    await memory.forget("a", [ONE])
    assert await memory.others("c", asked) == {TWO, TALK}
    clock.now += DAYS * DAY_S
    assert await memory.others("c", asked) == set()


async def test_what_changes_gathers_what_it_is_told(memory: Memory) -> None:
    """The strongest truth of each fact, counts added; a thing that lasts keeps what its maker's request showed."""
    unsure = Dossier((fact("media.faces", Truth.UNKNOWN, 0, "truncated", 0.0),))
    for told, known in ((unsure, unsure), (FACE, FACE), (unsure, FACE), (WHO, BOTH)):
        await memory.remember("a", [TALK], told)
        assert await memory.recall("a", [TALK]) == Past({TALK: known})
    twice = Dossier((fact("intent.identify_depicted"), fact("media.faces", count=2)))
    await memory.remember("a", [TALK], FACE)
    assert await memory.recall("a", [TALK]) == Past({TALK: twice})
    for kind in sorted(LASTING):
        await memory.remember("a", [(kind, "x")], FACE)
        await memory.remember("a", [(kind, "x")], WHO)
        assert await memory.recall("a", [(kind, "x")]) == Past({(kind, "x"): FACE})


async def test_a_thing_is_extended_as_it_was_seen(memory: Memory) -> None:
    """Merged if it stands as seen; else nothing is, and the answer is how it stands."""
    await memory.remember("a", [TALK], FACE)
    seen = await memory.recall("a", [TALK])
    assert await memory.extend("a", {TALK: WHO}, seen) is None
    assert await memory.recall("a", [TALK]) == Past({TALK: BOTH})
    assert await memory.extend("a", {TALK: WHO}, seen) == Past({TALK: BOTH})
    assert await memory.recall("a", [TALK]) == Past({TALK: BOTH})
    assert await memory.extend("a", {TALK: Dossier()}, Past({TALK: BOTH})) is None


async def test_several_things_are_extended_together_or_not_at_all(memory: Memory) -> None:
    """One that was changed or is unknown keeps the others from being merged."""
    box: Name = ("container", "cntr_1")
    await memory.remember("a", [TALK, box], Dossier())
    assert await memory.extend("a", {TALK: WHO, box: WHO}, Past({TALK: Dossier()})) == Past(
        {TALK: Dossier(), box: Dossier()}
    )
    assert await memory.extend("a", {TALK: WHO, ("container", "x"): WHO}, Past({TALK: Dossier()})) == Past(
        {TALK: Dossier()}
    )
    assert await memory.recall("a", [TALK, box]) == Past({TALK: Dossier(), box: Dossier()})


async def test_of_two_that_add_at_once_one_is_told(memory: Memory) -> None:
    """Each sees the other, or is seen by it: never do both add to what neither saw changed."""
    names: list[Name] = [("conversation", f"conv_{number}") for number in range(20)]
    await memory.remember("a", names, Dossier())
    seen = await memory.recall("a", names)

    async def both(name: Name) -> list[Past | None]:
        return await asyncio.gather(memory.extend("a", {name: FACE}, seen), memory.extend("a", {name: WHO}, seen))

    for first, second in await asyncio.gather(*map(both, names)):
        assert [one for one in (first, second) if one is None] == [None]


async def test_many_at_once_lose_nothing(memory: Memory) -> None:
    """Fifty that add a face each, trying again when they are told of another's."""

    async def add() -> None:
        seen: Past | None = await memory.recall("a", [TALK])
        while seen is not None:
            seen = await memory.extend("a", {TALK: FACE}, seen)

    await memory.remember("a", [TALK], FACE)
    await asyncio.gather(*(add() for _ in range(50)))
    assert await memory.recall("a", [TALK]) == Past({TALK: Dossier((fact("media.faces", count=51),))})


async def test_what_is_forgotten_is_unknown(memory: Memory) -> None:
    """To its own tenant alone it is known before; afterwards anybody may make it."""
    await memory.remember("a", [ONE, TWO], FACE)
    await memory.forget("a", [ONE, ("response", "never")])
    assert await memory.recall("a", [ONE, TWO]) == Past({TWO: FACE})
    await memory.remember("b", [ONE], WHO)
    assert await memory.recall("b", [ONE]) == Past({ONE: WHO})


async def test_time_ends(memory: Memory, clock: Clock) -> None:
    """After so many days a thing is unknown, to lists too; what was added to in between lives longer."""
    await memory.remember("a", [ONE, TALK], FACE)
    clock.now += (DAYS - 1) * DAY_S
    assert await memory.recall("a", [ONE, TALK]) == Past({ONE: FACE, TALK: FACE})
    assert await memory.extend("a", {TALK: Dossier()}, Past({TALK: FACE})) is None
    clock.now += DAY_S - 1
    assert await memory.owned("a", "response", ["resp_1"]) == {"resp_1"}
    clock.now += 1
    assert await memory.recall("a", [ONE, TALK]) == Past({TALK: FACE})
    assert await memory.owned("a", "response", ["resp_1"]) == set()
    clock.now += DAYS * DAY_S
    assert await memory.recall("a", [ONE, TALK]) == Past()
    assert await memory.extend("a", {TALK: WHO}, Past({TALK: FACE})) == Past()
    await memory.remember("b", [ONE], WHO)
    assert await memory.recall("b", [ONE]) == Past({ONE: WHO})


async def test_whose_things_are_listed(memory: Memory) -> None:
    """Any number of them."""
    ids = [f"file-{number}" for number in range(1200)]
    await memory.remember("a", [("file", one) for one in ids[::2]], Dossier())
    await memory.remember("b", [("file", one) for one in ids[1::2]], Dossier())
    assert await memory.owned("a", "file", ids) == set(ids[::2])
    assert await memory.owned("b", "file", ids) == set(ids[1::2])
    assert await memory.owned("c", "file", ids) == set()
    assert await memory.owned("a", "batch", ids) == set()


@pytest.mark.parametrize("thing", ["", "x" * 200_000, "a\0b", "ünï", "\ud800", "' OR 1=1 --"], ids=range(6))
async def test_any_id_is_an_id(memory: Memory, thing: str) -> None:
    """Sealed content is as long as it likes; nothing in an id means anything."""
    await memory.remember("a", [("sealed", thing)], FACE)
    assert await memory.recall("a", [("sealed", thing), ("sealed", thing + "x")]) == Past({("sealed", thing): FACE})
    assert await memory.recall("a", [("sealed\0", thing)]) == Past()
