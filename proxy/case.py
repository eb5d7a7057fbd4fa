"""One case, everywhere: policy tests, offline screening, evaluation and replay read the same objects."""

import base64
import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from proxy import documents
from proxy.content import Json
from proxy.errors import ConfigurationError

FILE_PREFIX: Final = "@file:"
MAX_FILE: Final = 64 * 1024 * 1024

_PATHS: Final[Mapping[str, str]] = {
    "messages": "/openai/v1/chat/completions",
    "input": "/openai/v1/responses",
    "prompt": "/openai/v1/completions",
}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PrincipalCase(_Entry):
    """Somebody that the caller acts for."""

    organization: str = ""
    country: str = ""


class ApprovalCase(_Entry):
    """An approval in force."""

    reference: str = "approval on file"
    scope: tuple[str, ...]


class CallerCase(_Entry):
    """A caller written out, in place of a tenant of the register."""

    organization: str | None = None
    country: str | None = None
    camera: str | None = None
    environment: str | None = None
    timing: str | None = None
    consent: str | None = None
    use_case: str | None = None
    on_behalf_of: tuple[PrincipalCase, ...] | Literal["unknown"] = ()
    approvals: tuple[ApprovalCase, ...] = ()


class Expected(_Entry):
    """What a case should come to; what is left out is not compared."""

    outcome: str
    rules: tuple[str, ...] | None = None
    undetermined: tuple[str, ...] | None = None
    status: int | None = None


class Case(_Entry):
    """A request (`body`), or facts in its place, from a `tenant` of the register or a `caller` written out.

    `facts` names what is true or unknown; all other facts are false. `attributes` is the Facegate-Attributes header.
    """

    id: str = ""
    tenant: str | None = None
    caller: CallerCase | None = None
    attributes: str | None = None
    method: str = "POST"
    path: str = ""
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: Any = None
    content_type: str = "application/json"
    facts: Mapping[str, bool | Literal["unknown"]] | None = None
    expect: Expected | None = None

    @model_validator(mode="after")
    def _one_content(self) -> "Case":
        if (self.body is None) == (self.facts is None):
            raise ValueError("a case has either a `body` or `facts`")
        if self.facts is not None and self.caller is None:
            raise ValueError("a case of `facts` needs a `caller`")
        return self


class CaseFile(_Entry):
    """A tests.yaml: cases beside the policy that they prove."""

    cases: Annotated[tuple[Case, ...], Field(min_length=1)]


def load_cases(path: Path) -> Sequence[Case]:
    """Read a tests.yaml, or a .jsonl with one case a line. Raises ConfigurationError naming file and line."""
    if path.suffix == ".yaml":
        return documents.load(path, CaseFile).cases
    try:
        lines = path.read_bytes().splitlines()
    except OSError as failure:
        raise ConfigurationError(f"{path}:1: the file cannot be read: {failure.strerror or failure}") from failure
    return [parse_case(line, path, number) for number, line in enumerate(lines, 1) if line.strip()]


def parse_case(data: bytes, path: Path, line: int = 1) -> Case:
    """One case from JSON. Raises ConfigurationError naming file and line."""
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as mistake:
        raise ConfigurationError(f"{path}:{line}: not JSON: {mistake}") from mistake
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path}:{line}: a JSON object is expected")
    return case_of(found, path, line)


def case_of(found: Mapping[str, Any], path: Path, line: int = 1) -> Case:
    """A case from a parsed object; one that is no case but the body of a call is taken as that call's body."""
    whole = found if {"body", "facts"} & set(found) else {"body": found}
    try:
        return Case.model_validate_json(orjson.dumps(whole))
    except ValidationError as error:
        problems = [
            f"{path}:{line}: {'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        ]
        raise ConfigurationError(*problems) from error


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
    for key, path in _PATHS.items():
        if key in keys:
            return path
    raise ConfigurationError(
        f"case {case.id or '(without id)'}: `path` is missing, and the body does not tell the operation"
    )


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
    except OSError as failure:
        raise ConfigurationError(f"{path}: the file of `{reference}` cannot be read: {failure.strerror}") from failure


def as_json(case: Case) -> Json:
    """A case as plain JSON, for messages."""
    dumped: Json = case.model_dump(mode="json", exclude_defaults=True)
    return dumped
