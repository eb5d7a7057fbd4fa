"""What is public says what it promises."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from support.tree import modules, named

Definition: TypeAlias = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def silent(tree: ast.Module) -> Iterator[str]:
    """The names of public classes, functions and methods without a docstring, and `module` where that has none.

    What a dataclass generates stands nowhere in the source, so it is not asked for one; neither is what is private, nor
    anything inside it, nor a function inside a function.
    """
    if ast.get_docstring(tree) is None and tree.body:
        yield "module"
    yield from _silent(tree, "")


def _silent(owner: ast.Module | ast.ClassDef, prefix: str) -> Iterator[str]:
    for one in owner.body:
        if not isinstance(one, Definition) or one.name.startswith("_"):
            continue
        name = prefix + one.name
        if ast.get_docstring(one) is None:
            yield name
        if isinstance(one, ast.ClassDef):
            yield from _silent(one, f"{name}.")


def repeating(tree: ast.Module) -> Iterator[str]:
    """Public definitions whose docstring says their name again, and nothing else."""
    for one in ast.walk(tree):
        if isinstance(one, Definition) and not one.name.startswith("_"):
            said = (ast.get_docstring(one) or "").lower().rstrip(".")
            if said and said.removeprefix("the ").replace(" ", "_") == one.name.lower():
                yield one.name


def parsed(path: Path) -> ast.Module:
    """A file as a tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def test_everything_public_has_a_docstring() -> None:
    """Modules, classes, functions and methods of proxy/."""
    assert [f"{named(path)}: {name}" for path in modules() for name in silent(parsed(path))] == []


def test_no_docstring_is_its_name_again() -> None:
    """`read_body`: "Read body." would be no promise."""
    assert [f"{named(path)}: {name}" for path in modules() for name in repeating(parsed(path))] == []


SOURCE = '''
class Spoken:
    """Says something."""

    a: int = 0

    def __init__(self): ...
    def said(self): """Says something."""
    def unsaid(self): ...
    async def unsaid_later(self): ...
    def _private(self): ...
    class Inner:
        def unsaid(self): ...

class Unspoken:
    a: int = 0

class _Private:
    def whatever(self): ...

def said():
    """Said."""
    def inner(): ...

def unsaid(): ...
def _private(): ...
def read_body():
    """Read body."""
'''


def test_what_is_noticed() -> None:
    """Each kind of definition, with and without."""
    tree = ast.parse(SOURCE)
    assert list(silent(tree)) == [
        "module",
        "Spoken.unsaid",
        "Spoken.unsaid_later",
        "Spoken.Inner",
        "Spoken.Inner.unsaid",
        "Unspoken",
        "unsaid",
    ]
    assert list(repeating(tree)) == ["said", "read_body"]
    assert list(silent(ast.parse(""))) == []
