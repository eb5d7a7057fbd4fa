"""The memory's database: one SQLite file, for one process and one thread."""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from blake3 import blake3

from proxy.facts import CATALOGUE
from proxy.past import LASTING, Dossier, Name, merged
from proxy.serve.memory_rows import digest_of, packed, seal, unpacked

DATABASE: Final = "memory.sqlite3"
KEY_FILE: Final = "key"

DAY_S: Final = 86_400

_FORMAT: Final = 1
_PAGE: Final = 4096
_LOCK_WAIT_S: Final = 1.0
"""Seconds to wait for another process to let go of the file."""

_PURGED: Final = 1000
"""Rows that are purged at a time, so that nobody waits long."""

_PASSING: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
"""Failures after which the open file is as good as before."""

_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE vocabulary (id INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE);
CREATE TABLE kept (
  digest BLOB PRIMARY KEY, tenant TEXT NOT NULL, facts BLOB NOT NULL,
  vocabulary INTEGER NOT NULL, expires INTEGER NOT NULL, seal BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX by_expiry ON kept (expires);
PRAGMA user_version = 1;
COMMIT;
"""

log = structlog.get_logger("facegate")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the memory lies and how long it lasts. `secret` is what its key is derived from; None: from a file beside it.

    `max_bytes` bounds the database file, `days` the time that a thing is remembered, from when it was last made or added to.
    """

    folder: Path
    secret: bytes | None = None
    days: float = 30.0
    max_bytes: int = 1024**3


class Kept(NamedTuple):
    """What is known of one thing, and when its time is over (seconds since 1970)."""

    dossier: Dossier
    expires: int


@dataclass(frozen=True, slots=True)
class _Opened:
    """The open file. `names` is the catalogue of facts that is looked for now, `vocabularies` those of earlier versions too."""

    database: sqlite3.Connection
    key: bytes
    vocabulary: int
    names: str
    vocabularies: Mapping[int, str]


class Store:
    """The database file. It is opened when it is first needed, and anew after a failure that is not one of room or locks.

    All in one thread. Methods raise sqlite3.Error or OSError, and have then done nothing. `now` is in seconds since 1970.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._opened: _Opened | None = None
        self.entries = 0
        """How many things are remembered."""

    def find(self, tenant: str, names: Iterable[Name], now: float) -> Mapping[Name, Kept]:
        """Those things of `tenant` that are remembered."""
        with self._use() as opened:
            return self._find(opened, tenant, names, now)

    def remember(self, tenant: str, names: Iterable[Name], dossier: Dossier, now: float) -> Mapping[Name, Kept]:
        """Merge `dossier` into what is known of each; what is known of them now, without those of another tenant."""
        with self._transaction() as opened:
            found: dict[Name, Kept] = {}
            for name in names:
                before = self._read(opened, tenant, name, now)
                if before and name[0] in LASTING:
                    found[name] = before
                    continue
                kept = self._write(opened, tenant, name, merged(before.dossier if before else Dossier(), dossier), now)
                if kept is not None:
                    found[name] = kept
            return found

    def extend(
        self, tenant: str, additions: Mapping[Name, Dossier], seen: Mapping[Name, Dossier], now: float
    ) -> Mapping[Name, Kept] | None:
        """Merge the additions if everything stands as `seen`: then None. Else how it stands now."""
        told = any(dossier.facts for dossier in additions.values())
        with self._transaction(durable=told) as opened:  # what the service holds must not be forgotten here
            standing = self._find(opened, tenant, additions, now)
            if {name: kept.dossier for name, kept in standing.items()} != {name: seen.get(name) for name in additions}:
                return standing
            for name, dossier in additions.items():
                self._write(opened, tenant, name, merged(standing[name].dossier, dossier), now)
            return None

    def forget(self, tenant: str, names: Iterable[Name]) -> None:
        """Drop what is known of these things of `tenant`."""
        with self._transaction() as opened:
            for name in names:
                digest = digest_of(name, opened.key)
                gone = opened.database.execute("DELETE FROM kept WHERE digest = ? AND tenant = ?", (digest, tenant))
                self.entries -= gone.rowcount

    def others(self, tenant: str, names: Iterable[Name], now: float) -> set[Name]:
        """Those that are remembered of other tenants than this one; whether their rows are damaged or not."""
        with self._use() as opened:
            owners = ((name, _owner(opened, digest_of(name, opened.key))) for name in names)
            return {name for name, owner in owners if owner is not None and owner[0] != tenant and owner[1] > now}

    def purge(self, now: float) -> bool:
        """Drop some of what is over; whether there may be more."""
        with self._transaction() as opened:
            gone = opened.database.execute(
                "DELETE FROM kept WHERE digest IN (SELECT digest FROM kept WHERE expires <= ? LIMIT ?)",
                (int(now), _PURGED),
            )
            self.entries -= gone.rowcount
            return gone.rowcount == _PURGED

    def _find(self, opened: _Opened, tenant: str, names: Iterable[Name], now: float) -> Mapping[Name, Kept]:
        found = ((name, self._read(opened, tenant, name, now)) for name in names)
        return {name: kept for name, kept in found if kept is not None}

    def _read(self, opened: _Opened, tenant: str, name: Name, now: float) -> Kept | None:
        digest = digest_of(name, opened.key)
        row = opened.database.execute(
            "SELECT facts, vocabulary, expires, seal FROM kept WHERE digest = ? AND tenant = ?", (digest, tenant)
        ).fetchone()
        if row is None:
            return None
        facts, vocabulary, expires, sealed = row
        names = opened.vocabularies.get(vocabulary, "")
        if sealed != seal(opened.key, digest, tenant, facts, names, expires):
            log.error("memory_damaged", kind=name[0], meaning="a row was changed on the disk; its thing is unknown now")
            return None
        return None if expires <= now else Kept(unpacked(facts, frozenset(names.split())), expires)

    def _write(self, opened: _Opened, tenant: str, name: Name, dossier: Dossier, now: float) -> Kept | None:
        """Write a row, unless it is another tenant's and not over."""
        digest, facts = digest_of(name, opened.key), packed(dossier)
        owner = _owner(opened, digest)
        if owner is not None and owner[0] != tenant and owner[1] > now:
            log.warning(
                "memory_owned", tenant=tenant, kind=name[0], meaning="a reply told an id that is another tenant's"
            )
            return None
        expires = int(now + self._place.days * DAY_S)
        opened.database.execute(
            "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?, ?)",
            (digest, tenant, facts, opened.vocabulary, expires,
             seal(opened.key, digest, tenant, facts, opened.names, expires)),
        )  # fmt: skip
        self.entries += owner is None
        return Kept(dossier, expires)

    # ---- the file

    @contextmanager
    def _use(self) -> Iterator[_Opened]:
        """The open database."""
        try:
            if self._opened is None:
                self._opened = self._open()
            yield self._opened
        except UnicodeDecodeError as damage:  # a name of a table, or what the file says is wrong with it
            self.close()
            raise sqlite3.DatabaseError("text in it is damaged") from damage
        except (sqlite3.Error, OSError) as failure:
            if getattr(failure, "sqlite_errorcode", None) not in _PASSING:
                self.close()
            raise

    @contextmanager
    def _transaction(self, *, durable: bool = False) -> Iterator[_Opened]:
        """The open database, in which everything within the block is done or nothing; on the disk before it ends if `durable`."""
        with self._use() as opened:
            before = self.entries
            opened.database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            opened.database.execute("BEGIN IMMEDIATE")
            try:
                yield opened
                opened.database.execute("COMMIT")
            except BaseException:
                self.entries = before
                with contextlib.suppress(sqlite3.Error):
                    opened.database.execute("ROLLBACK")
                raise

    def _open(self) -> _Opened:
        place = self._place
        place.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        path = place.folder / DATABASE
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        database = sqlite3.connect(path, timeout=_LOCK_WAIT_S, isolation_level=None)
        try:
            self._prepare(database)
            return self._read_in(database, self._key())
        except BaseException:
            database.close()
            raise

    def _prepare(self, database: sqlite3.Connection) -> None:
        for pragma in (
            "locking_mode = EXCLUSIVE",  # one process: what others would write, this one's recollections would not have
            "journal_mode = WAL",
            "cell_size_check = ON",
            "trusted_schema = OFF",
            "journal_size_limit = 16777216",
            f"max_page_count = {max(self._place.max_bytes // _PAGE, 16)}",
        ):
            database.execute(f"PRAGMA {pragma}").fetchall()
        found = database.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            database.executescript(_SCHEMA)
        elif found != _FORMAT:
            raise sqlite3.DatabaseError(f"its format is {found}, and {_FORMAT} is read here")

    def _read_in(self, database: sqlite3.Connection, key: bytes) -> _Opened:
        names = " ".join(sorted(CATALOGUE))
        vocabularies = dict(database.execute("SELECT id, names FROM vocabulary"))
        number = next((number for number, one in vocabularies.items() if one == names), None)
        if number is None:
            number = database.execute("INSERT INTO vocabulary (names) VALUES (?)", (names,)).lastrowid or 0
            vocabularies[number] = names
        self.entries = database.execute("SELECT count(*) FROM kept").fetchone()[0]
        return _Opened(database, key, number, names, vocabularies)

    def _key(self) -> bytes:
        """32 bytes, from the operator's secret or else from a file that is made once."""
        secret = self._place.secret
        if secret is None:
            path = self._place.folder / KEY_FILE
            if not path.exists():
                _write_secret(path)
            secret = path.read_bytes()
            if not secret:
                raise OSError(f"{path} is empty")
        return blake3(secret, derive_key_context="facegate 2026 the memory of what the service keeps").digest()

    def close(self) -> None:
        """Let go of the file."""
        opened, self._opened = self._opened, None
        if opened is not None:
            with contextlib.suppress(sqlite3.Error):
                opened.database.close()


def _owner(opened: _Opened, digest: bytes) -> tuple[str, int] | None:
    """Whose a thing is, and when its time is over; None where nothing is remembered of it."""
    row: tuple[str, int] | None = opened.database.execute(
        "SELECT tenant, CAST(expires AS INTEGER) FROM kept WHERE digest = ?", (digest,)
    ).fetchone()
    return row


def _write_secret(path: Path) -> None:
    """A new secret, on the disk whole or not at all, for nobody else to read."""
    draft = path.with_suffix(".new")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, secrets.token_bytes(32).hex().encode())
        os.fsync(file)
    finally:
        os.close(file)
    draft.replace(path)
