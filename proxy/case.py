"""One case, everywhere: policy tests, offline screening, evaluation and replay read the same objects."""

import base64
import json
import math
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NoReturn

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from proxy import documents
from proxy.caller import Camera, Consent, Environment, Organization, Timing
from proxy.documents import nearest
from proxy.errors import ConfigurationError
from proxy.facts import CATALOGUE

FILE_PREFIX: Final = "@file:"
MAX_FILE: Final = 64 * 1024 * 1024

YAML_SUFFIXES: Final = (".yaml", ".yml")

_PATHS: Final[Mapping[str, str]] = {
    "messages": "/openai/v1/chat/completions",
    "input": "/openai/v1/responses",
    "prompt": "/openai/v1/completions",
}

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


FactsCase = Mapping[str, bool | Literal["unknown"]]
"""Facts by name: true, false, or unknown."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PrincipalCase(_Entry):
    """Somebody that the caller acts for."""

    organization: Organization
    country: Country


class ApprovalCase(_Entry):
    """An approval in force."""

    reference: str = Field("approval on file", min_length=1)
    scope: Annotated[tuple[str, ...], Field(min_length=1)]


class CallerCase(_Entry):
    """A caller written out, in place of a tenant of the register; what is left out is what it is there: unknown."""

    organization: Organization | None = None
    country: Country | None = None
    camera: Camera | None = None
    environment: Environment | None = None
    timing: Timing | None = None
    consent: Consent | None = None
    use_case: str | None = None
    on_behalf_of: tuple[PrincipalCase, ...] | Literal["unknown"] | None = None
    approvals: tuple[ApprovalCase, ...] = ()


class Expected(_Entry):
    """What a case should come to; what is left out is not compared."""

    outcome: Literal["allow", "advise", "flag", "review", "block", "rejected"]
    rules: tuple[str, ...] | None = Field(None, description="rules whose condition holds")
    undetermined: tuple[str, ...] | None = Field(None, description="rules whose condition could not be determined")
    shadow: tuple[str, ...] | None = Field(None, description="rules in shadow mode that speak")
    status: int | None = Field(None, description="the HTTP status of the answer; 200 where forwarded")


class Case(_Entry):
    """A request (`body`), or facts in its place, from a `tenant` of the register or a `caller` written out."""

    id: str = ""
    rule: str = Field("", description="the rule that the case is about, where it keeps silent")
    tenant: str | None = Field(None, description="a tenant of the register")
    caller: CallerCase | None = None
    attributes: str | None = Field(None, description="the request's Facegate-Attributes header")
    method: str = "POST"
    path: str = Field("", description="the request target; chats, responses and completions are told by their body")
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: Any = Field(None, description="the JSON body; a string `@file:PATH` in it stands for that file as data URI")
    content_type: str = "application/json"
    facts: FactsCase | None = Field(
        None, description="what is true or unknown in place of a request; all other facts are false"
    )
    past: Mapping[str, FactsCase] = Field(
        default_factory=dict,
        description="what earlier requests of the same tenant showed, by the KIND/ID of what they made, as in response/resp_1;"
        " what the body names and is not here is unknown",
    )
    expect: Expected | None = None

    @field_validator("facts")
    @classmethod
    def _known_facts(cls, facts: FactsCase | None) -> FactsCase | None:
        for name in facts or ():
            if name not in CATALOGUE:
                raise ValueError(f"unknown fact {name!r}; {nearest(name, CATALOGUE)}")
        return facts

    @field_validator("past")
    @classmethod
    def _named_things(cls, past: Mapping[str, FactsCase]) -> Mapping[str, FactsCase]:
        for thing, facts in past.items():
            kind, _, name = thing.partition("/")
            if not kind or not name:
                raise ValueError(f"{thing!r} names no thing; it is called KIND/ID, as in response/resp_1")
            cls._known_facts(facts)
        return past

    @field_validator("headers")
    @classmethod
    def _headers_once(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        if len({name.lower() for name in headers}) != len(headers):
            raise ValueError("a header is given twice")
        return headers

    @model_validator(mode="after")
    def _one_content(self) -> "Case":
        if (self.body is None) == (self.facts is None):
            raise ValueError("a case has either a `body` or `facts`")
        if self.facts is not None and self.past:
            raise ValueError("a case with `facts` names nothing that `past` could tell of")
        if self.caller is not None and self.tenant is not None:
            raise ValueError("a case has either a `tenant` or a `caller`")
        return self


class CaseFile(_Entry):
    """A tests.yaml: cases beside the policy that they prove."""

    cases: Annotated[tuple[Case, ...], Field(min_length=1)]


def load_cases(path: Path) -> Sequence[Case]:
    """Read a tests.yaml, or a .jsonl with one case a line. Raises ConfigurationError with every mistake in it."""
    if path.suffix in YAML_SUFFIXES:
        return documents.load(path, CaseFile).cases
    found = list(cases_in(read_file(path), path))
    problems = [problem for one in found if isinstance(one, ConfigurationError) for problem in one.problems]
    if problems:
        raise ConfigurationError(*problems)
    return [one for one in found if isinstance(one, Case)]


def cases_in(data: bytes, path: Path) -> Iterator[Case | ConfigurationError]:
    """The cases of a .jsonl, one a line; for a line that is none, its mistakes. A case without id is called by its line."""
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            case = parse_case(line, path, number)
        except ConfigurationError as mistake:
            yield mistake
        else:
            yield case if case.id else case.model_copy(update={"id": f"{path.name}:{number}"})


def parse_case(data: bytes, path: Path, line: int = 1) -> Case:
    """One case from JSON. Raises ConfigurationError naming file and line."""
    found = _strictly(data, path, line)
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path}:{line}: a JSON object is expected")
    return case_of(found, path, line)


def case_of(found: Mapping[str, Any], path: Path, line: int = 1) -> Case:
    """A case from a parsed object; one that is no case but the body of a call is taken as that call's body."""
    whole = found if _is_case(found) else {"body": found}
    try:
        return Case.model_validate_json(orjson.dumps(whole))
    except ValidationError as error:
        problems = [f"{path}:{line}: {problem}" for problem in documents.problems_of(error, Case)]
        raise ConfigurationError(*problems) from error


def request_of(data: bytes, path: Path, target: str = "") -> tuple[Case, bytes | None]:
    """A request file: a case, or the body of a call. A body is given back as it is, beside a case that stands for it.

    `target` is the request target where the user gave it. Raises ConfigurationError when the file is neither.
    """
    try:
        found: Any = _LENIENT.decode(data.decode("utf-8"))
    except (ValueError, RecursionError):
        found = None  # for the server to say what is wrong with it
    if isinstance(found, dict) and _is_case(found):
        return parse_case(data, path), None
    if not target and not isinstance(found, dict):
        _strictly(data, path, 1)
        raise ConfigurationError(f"{path}:1: a JSON object is expected")
    return Case(body={}, path=target or _path_by(found or {}, str(path))), data


def read_file(path: Path) -> bytes:
    """The bytes of a file. Raises ConfigurationError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as failure:
        raise ConfigurationError(f"{path}:1: the file cannot be read: {failure.strerror or failure}") from failure


def body_of(case: Case, folder: Path) -> bytes:
    """The body as bytes: JSON with files put in, or the raw bytes of one file where it is the whole body.

    Raises ConfigurationError when a file cannot be read.
    """
    if isinstance(case.body, str) and case.body.startswith(FILE_PREFIX):
        return _read(case.body, folder)
    return orjson.dumps(_filled(case.body, folder))


def path_of(case: Case) -> str:
    """The request target: the case's own, or that of the operation whose body this looks like.

    Raises ConfigurationError when neither is there.
    """
    if case.path:
        return case.path
    keys = case.body if isinstance(case.body, Mapping) else {}
    return _path_by(keys, f"case {case.id or '(without id)'}")


def _path_by(keys: Mapping[str, Any], where: str) -> str:
    for key, path in _PATHS.items():
        if key in keys:
            return path
    raise ConfigurationError(f"{where}: `path` is missing, and the body does not tell the operation")


def _is_case(found: Mapping[str, Any]) -> bool:
    return not {"body", "facts"}.isdisjoint(found) and set(_PATHS).isdisjoint(found)


def _filled(value: Any, folder: Path) -> Any:
    if isinstance(value, str) and value.startswith(FILE_PREFIX):
        kind = mimetypes.guess_type(value)[0] or "application/octet-stream"
        return f"data:{kind};base64,{base64.b64encode(_read(value, folder)).decode('ascii')}"
    if isinstance(value, Mapping):
        return {key: _filled(one, folder) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(one, folder) for one in value]
    return value


def _read(reference: str, folder: Path) -> bytes:
    path = folder / reference.removeprefix(FILE_PREFIX)
    try:
        if path.stat().st_size > MAX_FILE:
            raise ConfigurationError(f"{path}: larger than {MAX_FILE} bytes")
        return path.read_bytes()
    except (OSError, ValueError) as failure:  # ValueError: a NUL in the name
        why = getattr(failure, "strerror", None) or failure
        raise ConfigurationError(f"{path}: the file of `{reference}` cannot be read: {why}") from failure


def _strictly(data: bytes, path: Path, line: int) -> Any:
    """JSON that reads one way only. Raises ConfigurationError naming file and line (`line` is that of the first byte)."""
    try:
        found = _STRICT.decode(data.decode("utf-8"))
        orjson.dumps(found)  # no integer beyond 64 bits, no nesting that a server would not read
    except json.JSONDecodeError as mistake:
        where = f"{path}:{line + mistake.lineno - 1}"
        raise ConfigurationError(f"{where}: not JSON: {mistake.msg} (column {mistake.colno})") from mistake
    except (ValueError, TypeError, RecursionError) as mistake:
        why = "nested too deeply" if isinstance(mistake, RecursionError) else str(mistake)
        raise ConfigurationError(f"{path}:{line}: not JSON: {why}") from mistake
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in pairs:
        if key in plain:
            raise ValueError(
                f"the key {key!r} is given twice in one object; a body that is to have it twice is a file: @file:"
            )
        plain[key] = value
    return plain


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits} is beyond double precision")
    return number


_STRICT: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_constant, parse_float=_float)

_LENIENT: Final = json.JSONDecoder()
"""Only to tell a case from a body; what a body comes to is for the server's own reader to say."""
