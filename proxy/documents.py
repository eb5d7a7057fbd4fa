"""The operator's files: YAML 1.2 read strictly, with the line of every mistake.

A repeated key, an alias, a tag, a directive, a key or value of the wrong type and an unknown key are mistakes. All mistakes
of a file are reported together, in line order, each as `file:line: where: what is wrong and what is valid`. Sequences arrive
as tuples.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from proxy.errors import ConfigurationError

M = TypeVar("M", bound=BaseModel)

Path_ = tuple[str | int, ...]

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 100

_DIRECTIVE: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*%")


@dataclass(frozen=True, slots=True)
class Located(Generic[M]):
    """A validated document that knows on which line each of its values stands."""

    path: Path
    value: M
    lines: Mapping[Path_, int]

    def problem(self, where: Path_, message: str) -> str:
        """`message` with the file and line of `where` in front."""
        return f"{self.path}:{line_of(self.lines, where)}: {_where(where)}{message}"


def load(path: Path, model: type[M]) -> M:
    """Read and validate a YAML file. Raises ConfigurationError with every mistake in it."""
    return load_located(path, model).value


def load_located(path: Path, model: type[M]) -> Located[M]:
    """As `load`, with the lines kept for checks that the model cannot make."""
    node = _compose(_text(path), path)
    problems: list[tuple[int, str]] = []
    lines: dict[Path_, int] = {}
    plain = _plain(node, (), lines, problems)
    if not problems and not isinstance(plain, dict):
        problems.append((1, "a mapping (`name: value` lines) is expected"))
    if not problems:
        try:
            return Located(path, model.model_validate(plain), lines)
        except ValidationError as error:
            problems = [_problem(detail, model, lines) for detail in _details(error)]
    ordered = dict.fromkeys(f"{path}:{line}: {message}" for line, message in sorted(problems))
    raise ConfigurationError(*ordered)


def line_of(lines: Mapping[Path_, int], where: Path_) -> int:
    """The line of `where`, or of the nearest thing around it that has one."""
    for depth in range(len(where), -1, -1):
        if where[:depth] in lines:
            return lines[where[:depth]]
    return 1


def nearest(name: str, valid: Iterable[str]) -> str:
    """What to say of an unknown name: the nearest valid one, or all of them where none is near."""
    known = sorted(valid)
    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f"did you mean {near[0]!r}?" if near else f"valid: {', '.join(known)}"


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as failure:
        raise ConfigurationError(f"{path}:1: the file cannot be read: {failure.strerror or failure}") from failure
    if len(data) > MAX_BYTES:
        raise ConfigurationError(f"{path}:1: the file is larger than {MAX_BYTES} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as failure:
        line = data.count(b"\n", 0, failure.start) + 1
        raise ConfigurationError(f"{path}:{line}: the file is not UTF-8") from failure


def _compose(text: str, path: Path) -> Node:
    directive = _DIRECTIVE.match(text)
    if directive:
        line = text.count("\n", 0, directive.end()) + 1
        raise ConfigurationError(f"{path}:{line}: directives are not read; the file is YAML 1.2")
    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        line = mark.line + 1 if mark else 1
        what = ": ".join(part for part in (failure.context, failure.problem) if part)
        raise ConfigurationError(f"{path}:{line}: not YAML: {what}") from failure
    except ReaderError as failure:
        line = text.count("\n", 0, failure.position) + 1
        raise ConfigurationError(f"{path}:{line}: not YAML: a character that must not stand in it") from failure
    except RecursionError as failure:
        raise ConfigurationError(f"{path}:1: nested deeper than {MAX_DEPTH} levels") from failure
    if node is None:
        raise ConfigurationError(f"{path}:1: the file is empty")
    return node


def _plain(node: Node, where: Path_, lines: dict[Path_, int], problems: list[tuple[int, str]]) -> Any:
    line = lines.setdefault(where, node.start_mark.line + 1)
    if len(where) > MAX_DEPTH:
        problems.append((line, f"nested deeper than {MAX_DEPTH} levels"))
        return None
    if node.anchor is not None:
        problems.append((line, f"{_where(where)}anchors and aliases are not read; write the value out"))
        return None
    return _value(node, where, lines, problems)


def _value(node: Node, where: Path_, lines: dict[Path_, int], problems: list[tuple[int, str]]) -> Any:
    tag = str(node.tag).removeprefix("tag:yaml.org,2002:")
    match node:
        case MappingNode() if tag == "map":
            return _mapping(node, where, lines, problems)
        case SequenceNode() if tag == "seq":
            return tuple(_plain(item, (*where, index), lines, problems) for index, item in enumerate(node.value))
        case ScalarNode() if tag in _SCALARS:
            try:
                return _scalar(node, tag)
            except (ValueError, KeyError):
                problem = f"{node.value!r} is no {tag}"
        case ScalarNode() if tag in ("merge", "value"):
            return node.value
        case _:
            problem = f"the tag {node.tag} is not read"
    problems.append((lines[where], f"{_where(where)}{problem}"))
    return None


def _mapping(
    node: MappingNode, where: Path_, lines: dict[Path_, int], problems: list[tuple[int, str]]
) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            problems.append((line, f"{_where(where)}a key must be a plain word"))
            continue
        key = str(key_node.value)
        if key in plain:
            first = lines[(*where, key)]
            problems.append((line, f"{_where((*where, key))}given twice, first on line {first}"))
            continue
        lines[(*where, key)] = line
        plain[key] = _plain(value_node, (*where, key), lines, problems)
    return plain


_SCALARS: Final = ("str", "timestamp", "null", "bool", "int", "float")


_CONSTRUCTOR: Final = YAML(typ="safe", pure=True).constructor


def _scalar(node: ScalarNode, tag: str) -> Any:
    match tag:
        case "null":
            return None
        case "bool":
            return {"true": True, "false": False}[str(node.value).lower()]
        case "int":
            return _CONSTRUCTOR.construct_yaml_int(node)
        case "float":
            return _CONSTRUCTOR.construct_yaml_float(node)
        case _:
            return node.value  # pydantic reads dates from their words


def problems_of(error: ValidationError, model: type[BaseModel]) -> Sequence[str]:
    """The mistakes that `error` of `model` holds, in the words that a file's mistakes are told in; for JSON read elsewhere."""
    return [message for _, message in (_problem(detail, model, {}) for detail in _details(error))]


def _details(error: ValidationError) -> Sequence[Any]:
    """The mistakes, without those of a list that is too short only because items of it are mistaken."""
    found = error.errors(include_url=False)
    return [
        detail
        for detail in found
        if detail["type"] != "too_short"
        or not any(_inside(other["loc"], detail["loc"]) for other in found if other is not detail)
    ]


def _inside(place: Path_, around: Path_) -> bool:
    return len(place) > len(around) and place[: len(around)] == around


def _problem(detail: Any, model: type[BaseModel], lines: Mapping[Path_, int]) -> tuple[int, str]:
    where = tuple(detail["loc"])
    line = line_of(lines, where)
    kind, message = detail["type"], str(detail["msg"])
    if kind == "extra_forbidden":
        valid = _fields_at(model, where[:-1])
        hint = f"; {nearest(str(where[-1]), valid)}" if valid else ""
        return line, f"{_where(where[:-1])}unknown key {str(where[-1])!r}{hint}"
    if kind == "missing":
        return line, f"{_where(where[:-1])}{where[-1]!r} is missing"
    if kind == "literal_error":
        given = detail.get("input")
        valid = [word.strip().strip("'") for word in detail["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return line, f"{_where(where)}unknown value {given!r}; {nearest(str(given), valid)}"
    return line, f"{_where(where)}{message.removeprefix('Value error, ')}"


def _fields_at(model: type[BaseModel], where: Path_) -> Sequence[str]:
    """The field names that are valid at `where`; empty where that cannot be told (a union, a free mapping)."""
    kinds: list[type[BaseModel]] = [model]
    for step in where:
        if isinstance(step, int):
            continue  # what stands in a list is of the list's kind
        following = [
            found
            for kind in kinds
            for name, field in kind.model_fields.items()
            if step in (name, field.alias)
            for found in _models_in(field.annotation)
        ]
        kinds = following or kinds
    names = [field.alias or name for kind in kinds for name, field in kind.model_fields.items()]
    return sorted(set(names))


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def _where(where: Path_) -> str:
    """A path in words, `tenants[2].attributes: `; empty for the whole document."""
    text = ""
    for step in where:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return f"{text}: " if text else ""
