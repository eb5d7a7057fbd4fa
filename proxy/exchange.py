"""The values that pass between the stages of one exchange: inbound, inspected, forward, refuse, screened, rejected."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct, field

from proxy.caller import Caller
from proxy.content import Content, Coverage, Json
from proxy.decision import Decision
from proxy.facts import Evidence
from proxy.location import WHOLE, Location
from proxy.operation import Called


class Inbound(Struct, frozen=True, eq=False):
    """A request as it came in.

    `target` is the raw request target (path and query, not decoded). `headers` are (name, value) pairs in order, names
    in lower case. `body` is complete and within the body limit; content codings are not yet undone.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    _index: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        """The value of the first header called `name` (lower case), or None."""
        return next(iter(self.header_values(name)), None)

    def header_values(self, name: str) -> tuple[str, ...]:
        """All values of the headers called `name` (lower case)."""
        index = self._index
        if not index:
            for key, value in self.headers:
                index[key] = (*index[key], value) if key in index else (value,)
        return index.get(name, ())

    def with_body(self, body: bytes) -> "Inbound":
        """The same request, with its body."""
        return Inbound(self.method, self.target, self.headers, body, self._index)


class Inspected(Struct, frozen=True):
    """A body that was read whole and written again from its parsed form: the only form in which bytes are sent.

    Made by `proxy.surface` alone. `chunks` joined are the body; large inline data stay a chunk of their own, so that they are
    not copied once more.
    """

    content_type: str
    chunks: tuple[bytes | memoryview, ...]

    @property
    def size(self) -> int:
        """Bytes of the whole body."""
        return sum(map(len, self.chunks))


class Line(Struct, frozen=True):
    """One line of a file whose lines are requests, examples or items. `number` counts the lines of the file from 1.

    `file` is the place of the file, where that is not the request itself.
    """

    number: int
    content: Content
    file: Location = WHOLE

    @property
    def place(self) -> Location:
        """Where the line stands."""
        return self.file.at("line", self.number)


class Surfaced(Struct, frozen=True):
    """What `surface` makes of an inbound request. `tree` is the body as parsed, where it is JSON; it is never changed.

    `lines` are those of a file that is examined line by line; each walk over them cuts them into parts anew. `kept` are bytes
    that do not go with this request: a slice of a file that is not whole yet, or the whole file that goes before it.
    """

    called: Called
    content: Content
    inspected: Inspected
    tree: Mapping[str, Any] = field(default_factory=dict)
    lines: Iterable[Line] = ()
    kept: bytes = b""


class Forward(Struct, frozen=True):
    """Permission to send `inspected` to the operation that `called` names."""

    called: Called
    inspected: Inspected


class Refuse(Struct, frozen=True):
    """A refusal as the caller will see it: HTTP status and the members of the error object."""

    status: int
    code: str
    error: Mapping[str, Json]


class Screened(Struct, frozen=True):
    """A request that was read, examined and judged. `gaps` are the places that nobody could examine, with the reasons."""

    caller: Caller
    called: Called
    content: Content
    evidence: Evidence
    decision: Decision
    action: Forward | Refuse
    coverage: Coverage
    gaps: Sequence[tuple[Location, str]] = ()


class Rejected(Struct, frozen=True):
    """A request that did not get as far as a verdict; what is known of it by then."""

    refuse: Refuse
    caller: Caller | None = None
    called: Called | None = None


Conclusion: TypeAlias = Screened | Rejected


class Receipt(Struct, frozen=True):
    """Proof that the decision record is in the journal; made by `proxy.record.journal` alone, asked for by `forward`."""

    decision_id: str
