"""The memory's file: it survives what happens to files, and whatever is wrong with it makes things unknown, never milder."""

import itertools
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.facts import CATALOGUE, Fact, Truth
from proxy.past import HISTORY, Dossier, Name
from proxy.serve.memory_store import DATABASE, DAY_S, KEY_FILE, Place, Store

NOW = 1_790_000_000.0
FACE = Dossier((Fact("media.faces", Truth.TRUE, HISTORY, 0.9, (), 1),))
WHO = Dossier((Fact("intent.identify_depicted", Truth.TRUE, HISTORY, 1.0),))
ONE: Name = ("conversation", "conv_1")
TWO: Name = ("conversation", "conv_2")


@contextmanager
def opened(folder: Path, secret: bytes | None = None, max_bytes: int = 1024**3) -> Iterator[Store]:
    """A store that is closed again."""
    store = Store(Place(folder, secret, 30.0, max_bytes))
    try:
        yield store
    finally:
        store.close()


def known(store: Store, *names: Name, tenant: str = "a", now: float = NOW) -> dict[Name, Dossier]:
    """What the store knows, without when it ends."""
    return {name: kept.dossier for name, kept in store.find(tenant, names, now).items()}


def rows(folder: Path) -> list[tuple[object, ...]]:
    """All that lies in the file, while nobody has it open."""
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        return database.execute("SELECT * FROM kept").fetchall()


def everything(folder: Path) -> bytes:
    """The bytes of all files of the memory."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


# ---- what lies there


def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    """With what was added; also the number of things is known at once."""
    with opened(tmp_path) as store:
        store.remember("a", [ONE, TWO], FACE, NOW)
        assert store.extend("a", {ONE: WHO}, {ONE: FACE}, NOW) is None
    with opened(tmp_path) as store:
        assert known(store, ONE, TWO) == {ONE: Dossier((*WHO.facts, *FACE.facts)), TWO: FACE}
        assert store.entries == 2


def test_it_is_there_after_a_kill(tmp_path: Path) -> None:
    """A process that ends without a goodbye loses nothing that it had been told was done."""
    program = (
        "import os, pathlib, signal, sys\n"
        "from proxy.past import Dossier\n"
        "from proxy.serve.memory_store import Place, Store\n"
        "store = Store(Place(pathlib.Path(sys.argv[1])))\n"
        f"store.remember('a', [('file', 'f_1')], Dossier(), {NOW})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)  # noqa: S603 - our own program
    assert ended.returncode == -signal.SIGKILL
    with opened(tmp_path) as store:
        assert known(store, ("file", "f_1")) == {("file", "f_1"): Dossier()}


def test_no_id_lies_there(tmp_path: Path) -> None:
    """Digests stand for ids; tenants and facts are in clear."""
    with opened(tmp_path) as store:
        store.remember("tenant-a", [("response", "resp_4711secret")], FACE, NOW)
    held = everything(tmp_path)
    assert (b"4711" in held, b"tenant-a" in held, b"media.faces" in held) == (False, True, True)


@pytest.mark.parametrize("secret", [None, b"of the operator"])
def test_nobody_else_may_read_it(tmp_path: Path, secret: bytes | None) -> None:
    """Neither the database nor the key, which is a file only where the operator gives none."""
    folder = tmp_path / "deep" / "memory"
    with opened(folder, secret) as store:
        store.remember("a", [ONE], FACE, NOW)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes.pop(KEY_FILE, None) == (None if secret else 0o600)
    assert set(modes) >= {DATABASE}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) & 0o007 == 0


def test_with_another_key_everything_is_unknown(tmp_path: Path) -> None:
    """A key that is lost or changed loses what was remembered; with the old one it is there again."""
    with opened(tmp_path, b"one") as store:
        store.remember("a", [ONE], FACE, NOW)
    with opened(tmp_path, b"other") as store:
        assert known(store, ONE) == {}
        store.remember("b", [ONE], WHO, NOW)
    with opened(tmp_path) as store:
        assert known(store, ONE) == {}
        store.remember("a", [TWO], FACE, NOW)
    with opened(tmp_path, b"one") as store:
        assert known(store, ONE, TWO) == {ONE: FACE}
    (tmp_path / KEY_FILE).unlink()
    with opened(tmp_path) as store:
        assert known(store, ONE, TWO) == {}


def test_facts_of_a_later_version_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an earlier version did not look for is unknown of what it saw, and known of what this one sees."""
    fewer = {name: what for name, what in CATALOGUE.items() if name != "media.faces"}
    with monkeypatch.context() as earlier:
        for module in ("memory_store", "memory_rows"):
            earlier.setattr(f"proxy.serve.{module}.CATALOGUE", fewer)
        with opened(tmp_path) as store:
            store.remember("a", [ONE], WHO, NOW)
    with opened(tmp_path) as store:
        store.remember("a", [TWO], WHO, NOW)
        found = known(store, ONE, TWO)
        assert [(fact.name, fact.truth) for fact in found[ONE].facts] == [
            ("intent.identify_depicted", Truth.TRUE),
            ("media.faces", Truth.UNKNOWN),
        ]
        assert found[TWO] == WHO


# ---- time


def test_what_is_over_is_purged(tmp_path: Path) -> None:
    """Some at a time, so that nobody waits for all of it."""
    with opened(tmp_path) as store:
        names = [("file", f"f_{number}") for number in range(2500)]
        store.remember("a", names, Dossier(), NOW)
        store.remember("a", [ONE], FACE, NOW + DAY_S)
        later = NOW + 30 * DAY_S
        assert (store.entries, store.purge(later - 1), store.entries) == (2501, False, 2501)
        assert [store.purge(later) for _ in range(4)] == [True, True, False, False]
        assert (store.entries, known(store, ONE, now=later)) == (1, {ONE: FACE})
    assert len(rows(tmp_path)) == 1


# ---- what goes wrong


def test_a_row_that_was_changed_is_unknown(tmp_path: Path) -> None:
    """A face taken out, another owner, another end, another row's facts: each is seen."""
    changes = (
        "UPDATE kept SET facts = CAST('[]' AS BLOB)",
        "UPDATE kept SET tenant = 'a'",
        "UPDATE kept SET expires = expires + 1",
        "UPDATE kept SET vocabulary = vocabulary + 1",
        "UPDATE kept SET (facts, seal) = (SELECT facts, seal FROM kept WHERE tenant = 'b')",
    )
    for number, change in enumerate(changes):
        folder = tmp_path / str(number)
        with opened(folder) as store:
            store.remember("a", [ONE], FACE, NOW)
            store.remember("b", [TWO], Dossier(), NOW)
        with closing(sqlite3.connect(folder / DATABASE)) as database:
            database.execute(change)
            database.commit()
        with opened(folder) as store:
            assert (known(store, ONE), known(store, TWO)) in (({}, {}), ({ONE: FACE}, {})), change


@settings(max_examples=60)
@example([(0.19556377790381688, 128)])  # a name of a table that is no UTF-8
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=30))
def test_a_damaged_file_makes_nothing_milder(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[float, int]]
) -> None:
    """Whatever bytes are flipped: what is known is what was written, the rest is unknown or fails."""
    folder = tmp_path_factory.mktemp("memory")
    names: list[Name] = [("conversation", f"conv_{number}") for number in range(40)]
    with opened(folder, b"key") as store:
        store.remember("a", names, FACE, NOW)
    path = folder / DATABASE
    data = bytearray(path.read_bytes())
    for place, bits in flips:
        data[int(place * len(data))] ^= bits
    path.write_bytes(data)
    with opened(folder, b"key") as store:
        try:
            found = known(store, *names)
        except (sqlite3.Error, OSError):
            return
        assert set(map(repr, found.values())) <= {repr(FACE)}


@pytest.mark.parametrize(
    "content", [b"no database" * 1000, b"SQLite format 3\0" + bytes(5000)], ids=["text", "empty pages"]
)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    """It fails, each time; once the file is gone it works again, in a new one."""
    (tmp_path / DATABASE).write_bytes(content)
    with opened(tmp_path) as store:
        for _ in range(2):
            with pytest.raises(sqlite3.Error):
                store.remember("a", [ONE], FACE, NOW)
        assert (tmp_path / DATABASE).read_bytes() == content
        (tmp_path / DATABASE).unlink()
        store.remember("a", [ONE], FACE, NOW)
        assert known(store, ONE) == {ONE: FACE}


def test_a_format_of_a_later_version(tmp_path: Path) -> None:
    """It is not touched."""
    with closing(sqlite3.connect(tmp_path / DATABASE)) as database:
        database.execute("PRAGMA user_version = 2")
    with opened(tmp_path) as store, pytest.raises(sqlite3.Error, match="its format is 2"):
        store.find("a", [ONE], NOW)


def test_two_processes_do_not_share_it(tmp_path: Path) -> None:
    """The second would not see what the first has at hand; it gets its turn when the first is gone."""
    with opened(tmp_path) as second:
        with opened(tmp_path) as first:
            first.remember("a", [ONE], FACE, NOW)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                second.find("a", [ONE], NOW)
        assert known(second, ONE) == {ONE: FACE}


def until_full(store: Store) -> int:
    """Remember two things at a time until there is no room for two more; how often there was."""
    for number in itertools.count():
        try:
            store.remember("a", [("file", f"f_{number}"), ("file", f"g_{number}")], FACE, NOW)
        except sqlite3.OperationalError as failure:
            assert "full" in str(failure)  # noqa: PT017 - only the last of many calls fails
            return number
    raise AssertionError("unreachable")


def test_a_database_that_is_full(tmp_path: Path) -> None:
    """What is known stays known, nothing is half remembered, things can be forgotten; purged, there is room again."""
    with opened(tmp_path, max_bytes=1) as store:  # the smallest there is
        number = until_full(store)
        assert store.entries == 2 * number > 100
        everybody = [("file", f"{kind}_{one}") for kind in "fg" for one in range(number + 1)]
        assert len(known(store, *everybody)) == 2 * number
        with pytest.raises(sqlite3.OperationalError, match="full"):
            store.remember("a", [("file", f"h_{one}") for one in range(100)], FACE, NOW)
        assert store.entries == 2 * number
        store.forget("a", [("file", "f_0")])
        assert store.entries == 2 * number - 1
        while store.purge(NOW + 31 * DAY_S):
            pass
        store.remember("a", [ONE], FACE, NOW)
        assert (store.entries, known(store, ONE)) == (1, {ONE: FACE})


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file of this process may grow past `size`: what a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("open_already", [True, False])
def test_a_disk_that_is_full(tmp_path: Path, open_already: bool) -> None:  # noqa: FBT001 - a case of the table
    """Writing fails and is not half done, also where the file must be opened first; afterwards it goes on."""
    with opened(tmp_path) as store:
        store.remember("a", [ONE], FACE, NOW)
        if not open_already:
            store.close()
        with files_up_to(0):
            with pytest.raises((sqlite3.Error, OSError)):
                store.remember("a", [TWO], FACE, NOW)
            with pytest.raises((sqlite3.Error, OSError)):
                store.extend("a", {ONE: WHO}, {ONE: FACE}, NOW)
        assert known(store, ONE, TWO) == {ONE: FACE}
        store.remember("a", [TWO], FACE, NOW)
        assert (known(store, ONE, TWO), store.entries) == ({ONE: FACE, TWO: FACE}, 2)


@pytest.mark.parametrize("folder", ["/proc/self/memory", "file/memory"])
def test_a_folder_that_cannot_be(tmp_path: Path, folder: str) -> None:
    """A place where nobody can write, or that is a file."""
    (tmp_path / "file").write_bytes(b"")
    with opened(tmp_path / folder) as store, pytest.raises(OSError):  # noqa: PT011 - of the system
        store.find("a", [ONE], NOW)


def test_an_empty_key_is_no_key(tmp_path: Path) -> None:
    """A key file that was cut short is not taken for one."""
    (tmp_path / KEY_FILE).write_bytes(b"")
    with opened(tmp_path) as store, pytest.raises(OSError, match="is empty"):
        store.find("a", [ONE], NOW)
