"""What is switched off, or caught wholesale and kept, has a reason, in words, on its line."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

import pytest
from support.tree import named, sources

BROAD = frozenset({"Exception", "BaseException"})

_SWITCH = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no|mypy:|ruff:|fmt:\s*off|pylint:)", re.IGNORECASE)

_REASONED = re.compile(
    r"# (?:(?:ruff: )?noqa: [A-Z]+[0-9]+(?:, [A-Z]+[0-9]+)* - |type: ignore\[[a-z-]+\] # )(?P<why>.*)"
)
"""How a check is switched off here: which, and why."""

_CAUGHT = re.compile(r"#(?: noqa: BLE001 -)? (?P<why>.*)")


def comments(source: str) -> dict[int, str]:
    """The comment of each line that has one."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def unreasoned(source: str) -> Iterator[int]:
    """Lines that switch a check off, or catch everything and keep it, without a reason in words behind it."""
    said = comments(source)
    for line, comment in said.items():
        if _SWITCH.search(comment) and not _has_reason(_REASONED.fullmatch(comment)):
            yield line
    for node in ast.walk(ast.parse(source)):
        if (line := _catches_all(node)) and not _has_reason(_CAUGHT.fullmatch(said.get(line, ""))):
            yield line


def _has_reason(match: re.Match[str] | None) -> bool:
    return match is not None and len(match["why"]) > 3


def _catches_all(node: ast.AST) -> int:
    """The line of a handler that keeps everything, or of `suppress` for everything; else 0."""
    match node:
        case ast.ExceptHandler(body=[*_, ast.Raise(exc=None)]):
            return 0  # it tidies up, and keeps nothing
        case ast.ExceptHandler(type=kind) if kind is None or _is_broad(kind):
            return node.lineno
        case ast.Call(func=ast.Attribute(attr="suppress") | ast.Name(id="suppress"), args=args) if any(
            map(_is_broad, args)
        ):
            return node.lineno
        case _:
            return 0


def _is_broad(kind: ast.expr) -> bool:
    return any(isinstance(one, ast.Name) and one.id in BROAD for one in ast.walk(kind))


def test_everything_switched_off_has_its_reason() -> None:
    """In the proxy, its tests and its tools."""
    found = [f"{named(path)}:{line}" for path in sources() for line in unreasoned(path.read_text(encoding="utf-8"))]
    assert found == []


LINES = {
    # a line of code, and whether it is told
    "x = 1  # noqa": True,
    "x = 1  # noqa: S105": True,
    "x = 1  # noqa: S105 -": True,
    "x = 1  # noqa: S105 - ok": True,
    "x = 1  # noqa: S105 - success": False,
    "x = 1  # noqa: S105 - no password": False,
    "x = 1  # noqa: S105, S106 - no password": False,
    "x = 1  # NOQA": True,
    "x = 1  # type: ignore": True,
    "x = 1  # type: ignore # it is untyped": True,
    "x = 1  # type: ignore[misc]": True,
    "x = 1  # type: ignore[misc] # it is frozen": False,
    "x = 1  # pragma: no cover": True,
    "x = 1  # pragma: no cover - never on Linux": True,
    "# ruff: noqa": True,
    "# ruff: noqa: S105": True,
    "# ruff: noqa: S105 - made-up keys": False,
    "# mypy: ignore-errors": True,
    "x = '# noqa'": False,
    "x = 1  # a comment": False,
    "try: ...\nexcept: ...": True,
    "try: ...\nexcept Exception: ...": True,
    "try: ...\nexcept Exception as error: raise ValueError from error": True,
    "try: ...\nexcept (OSError, Exception): ...": True,
    "try: ...\nexcept BaseException: ...  # noqa: BLE001": True,
    "try: ...\nexcept BaseException: ...  # cleaned up": False,
    "try: ...\nexcept Exception: ...  # noqa: BLE001 - whatever it was": False,
    "try: ...\nexcept OSError: ...": False,
    "try: ...\nexcept BaseException:\n    clean()\n    raise": False,
    "try: ...\nexcept BaseException:\n    if x:\n        raise": True,
    "try: ...\nexcept:\n    raise": False,
    "with suppress(Exception): ...": True,
    "with contextlib.suppress(OSError, BaseException): ...": True,
    "with contextlib.suppress(Exception): ...  # it goes anyway": False,
    "with contextlib.suppress(OSError): ...": False,
}


@pytest.mark.parametrize("source", LINES)
def test_what_is_noticed(source: str) -> None:
    """Every way in which something is switched off or caught, with a reason and without."""
    assert bool(list(unreasoned(source))) is LINES[source]
