"""The catalogue of operations, and finding the one that a request calls."""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from proxy import documents
from proxy.errors import BadRequest, MethodNotAllowed, NotFound, NotInspectable
from proxy.location import Location
from proxy.operation import Called, Disposition, Operation

FILE: Final = Path(__file__).with_name("catalogue.yaml")

MAX_TARGET: Final = 2048

_SEGMENT: Final = re.compile(r"[A-Za-z0-9_~@:-][A-Za-z0-9._~:@-]{0,255}")
"""A path segment in its raw form: no percent sign, so that nothing is encoded, and no dot in front."""

_QUERY_VALUE: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

_INCLUDE: Final = "include[]"
"""The one parameter that may stand there several times: what the reply is to tell besides. SDKs escape its brackets."""

_INCLUDABLE: Final = frozenset({
    "code_interpreter_call.outputs", "computer_call_output.output.image_url", "file_search_call.results",
    "message.input_image.image_url", "message.output_text.logprobs", "reasoning.encrypted_content",
    "step_details.tool_calls[*].file_search.results[*].content", "web_search_call.action.sources",
    "web_search_call.results",
})  # fmt: skip
"""What the SDK's `ResponseIncludable` and `RunStepInclude` list."""

_BRACKETS: Final[Mapping[str, str]] = {"%5b": "[", "%5d": "]", "%2a": "*"}

_BRACKET: Final = re.compile("|".join(_BRACKETS), re.IGNORECASE)

_DATED_VERSION: Final = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
_V1_VERSION: Final = re.compile(r"v1|preview|\d{4}-\d{2}-\d{2}(-preview)?")

_SECRET_PARAMETERS: Final = frozenset({"api-key", "subscription-key", "api_key", "key", "token", "code", "sig"})

PartKind = Literal["text", "image", "audio", "video", "document", "schema", "reference", "opaque"]
PartFate = Literal["inspected", "refused", "exempt", "inert"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._]*$")]
    methods: tuple[Literal["GET", "POST", "PUT", "PATCH", "DELETE"], ...]
    paths: tuple[Annotated[str, Field(pattern=r"^/openai/[a-z0-9_-]+(/[A-Za-z0-9_.:-]+|/\{[a-z_]+\})*$")], ...]
    disposition: Literal["screen", "refuse"]
    reader: str = ""
    bodies: tuple[Literal["json", "multipart", "none", "events"], ...] = ("json",)
    model: bool = False
    query: tuple[str, ...] = ("api-version",)
    why: str = ""
    permit: str = ""
    parts: Mapping[PartKind, PartFate] = Field(default_factory=dict)
    makes: Mapping[str, str | tuple[str, ...]] = Field(default_factory=dict)
    keeps: tuple[str, ...] = ()
    extends: tuple[str, ...] = ()
    lists: str = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    operations: tuple[_Entry, ...]


@dataclass(frozen=True, slots=True)
class _Route:
    operation: Operation
    template: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All operations. `routes` finds them by the shape of a path: its segments, with parameters as `{}`.

    `shapes` are those with parameters, by their number of segments and their second one, which is never a parameter.
    """

    operations: tuple[Operation, ...]
    routes: Mapping[tuple[str, ...], Mapping[str, _Route]]
    shapes: Mapping[tuple[int | str, ...], tuple[tuple[str, ...], ...]]
    called: dict[tuple[str, str], Called] = field(default_factory=dict, compare=False, repr=False)
    """Request lines that were found before; the first so many are remembered."""

    def find(self, segments: tuple[str, ...]) -> Mapping[str, _Route] | None:
        """The routes of a path by method; literal segments win over parameters. None for an unknown path."""
        exact = self.routes.get(segments)
        if exact is not None:
            return exact
        fitting = [
            shape
            for shape in self.shapes.get((len(segments), segments[1] if len(segments) > 1 else ""), ())
            if _fits(shape, segments)
        ]
        return self.routes[min(fitting, key=lambda shape: shape.count("{}"))] if fitting else None


def _fits(shape: tuple[str, ...], segments: tuple[str, ...]) -> bool:
    return all(part in ("{}", segment) for part, segment in zip(shape, segments, strict=True))


def load_catalogue() -> Catalogue:
    """The catalogue that is part of the package."""
    operations = tuple(
        Operation(
            name=entry.name,
            methods=entry.methods,
            paths=entry.paths,
            disposition=Disposition(entry.disposition),
            reader=entry.reader,
            bodies=entry.bodies,
            model=entry.model,
            query=entry.query,
            why=entry.why,
            permit=entry.permit,
            parts=tuple(entry.parts.items()),
            makes=tuple((kind, one) for kind, told in entry.makes.items() for one in _each(told)),
            keeps=entry.keeps,
            extends=entry.extends,
            lists=entry.lists,
        )
        for entry in documents.load(FILE, _File).operations
    )
    routes: dict[tuple[str, ...], dict[str, _Route]] = {}
    for operation in operations:
        for path in operation.paths:
            template = tuple(path[1:].split("/"))
            shape = tuple("{}" if part.startswith("{") else part for part in template)
            for method in operation.methods:
                routes.setdefault(shape, {})[method] = _Route(operation, template)
    shapes: dict[tuple[int | str, ...], list[tuple[str, ...]]] = {}
    for shape in routes:
        if "{}" in shape:
            shapes.setdefault((len(shape), shape[1]), []).append(shape)
    return Catalogue(operations, routes, {key: tuple(found) for key, found in shapes.items()})


def _each(told: str | tuple[str, ...]) -> tuple[str, ...]:
    return (told,) if isinstance(told, str) else told


def route(method: str, target: str, catalogue: Catalogue) -> Called:
    """The operation that a request line calls, with its path rebuilt from the template. Whether it is read, `readable` says.

    Raises NotFound for a path that is no operation's or is spelled in a way that two servers could read differently,
    MethodNotAllowed, BadRequest for the query.
    """
    known = catalogue.called.get((method, target))
    if known is None:
        known = _route(method, target, catalogue)
        if len(catalogue.called) < _MAX_CALLED:
            catalogue.called[method, target] = known
    return known


_MAX_CALLED: Final = 1024


def _route(method: str, target: str, catalogue: Catalogue) -> Called:
    path, _, query = target.partition("?")
    segments = _segments(path, len(target))
    routes = catalogue.find(segments)
    if routes is None:
        raise NotFound("no operation of the service is known by this path")
    found = routes.get(method)
    if found is None:
        raise MethodNotAllowed(f"this path answers to {', '.join(sorted(routes))} only")
    operation = found.operation
    if operation.disposition is Disposition.REFUSE and not operation.permit:
        return Called(operation, "/" + "/".join(found.template), (), method=method)
    named = [(part[1:-1], one) for part, one in zip(found.template, segments, strict=True) if part.startswith("{")]
    deployment = next((one for kind, one in named if kind == "deployment"), "")
    return Called(
        operation,
        "/" + "/".join(segments),
        _query(query, operation, v1=segments[1] == "v1"),
        deployment,
        method,
        tuple(one for one in named if one[0] not in _OPEN_KINDS),
        "/"
        + "/".join(one if part == "{deployment}" else part for part, one in zip(found.template, segments, strict=True)),
    )


_OPEN_KINDS: Final = frozenset({"deployment", "model"})
"""Names in paths that belong to no tenant."""


def readable(called: Called) -> None:
    """Raise NotInspectable for an operation that is known and not read."""
    operation = called.operation
    if operation.disposition is Disposition.REFUSE:
        raise NotInspectable(f"the operation {operation.name} is not forwarded: {operation.why}")


def _segments(path: str, length: int) -> tuple[str, ...]:
    if length > MAX_TARGET or not path.startswith("/"):
        raise NotFound("the request target is too long, or is not a plain path")
    segments = tuple(path[1:].split("/"))
    if not all(map(_SEGMENT.fullmatch, segments)):
        raise NotFound(
            "the path holds an encoded, empty or dot segment, or a character that no operation's path has; it is read as"
            " it stands, so send it in plain form"
        )
    return segments


def _query(query: str, operation: Operation, *, v1: bool) -> tuple[tuple[str, str], ...]:
    pairs: dict[str, str] = {}
    included: dict[str, None] = {}
    for piece in query.split("&") if query else ():
        name, _, value = piece.partition("=")
        if _bare(name) == _INCLUDE and _INCLUDE in operation.query:
            included[_includable(value, included)] = None
            continue
        place = Location(("query", name if name in operation.query else "?"))
        if name.lower() in _SECRET_PARAMETERS:
            raise BadRequest("a credential in the query is not read: it would land in logs; send it as a header", place)
        if name not in operation.query:
            valid = ", ".join(operation.query)
            raise BadRequest(f"the query parameter {name[:64]!r} is not forwarded; valid: {valid}", place)
        if name in pairs or not _QUERY_VALUE.fullmatch(value):
            raise BadRequest(f"the query parameter {name!r} is given twice, or is no plain word", place)
        pairs[name] = value
    _check_version(pairs.get("api-version"), v1=v1)
    return (*pairs.items(), *((quote(_INCLUDE, safe=""), quote(word, safe="")) for word in included))


def _includable(value: str, included: Container[str]) -> str:
    word = _bare(value)
    if word not in _INCLUDABLE or word in included:
        valid = ", ".join(sorted(_INCLUDABLE))
        raise BadRequest(
            f"the query parameter 'include[]' holds a word twice, or an unknown one; valid: {valid}", _INCLUDED
        )
    return word


_INCLUDED: Final = Location(("query", _INCLUDE))


def _bare(spelled: str) -> str:
    """A name or word with its brackets unescaped, and nothing else."""
    return _BRACKET.sub(lambda match: _BRACKETS[match[0].lower()], spelled)


def _check_version(version: str | None, *, v1: bool) -> None:
    place = Location(("query", "api-version"))
    if version is None and not v1:
        raise BadRequest("the query parameter 'api-version' is missing", place)
    if version is not None and not (_V1_VERSION if v1 else _DATED_VERSION).fullmatch(version):
        raise BadRequest("the query parameter 'api-version' is no version", place)
