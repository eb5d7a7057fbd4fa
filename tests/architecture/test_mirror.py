"""Each module of proxy/ has its mirror test: proxy/<package>/<module>.py is tested in tests/<package>/test_<module>.py."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from support.tree import PACKAGE, ROOT, modules, named

EXCEPTIONS: Mapping[str, str] = {
    "proxy/__init__.py": "a version, which tests/container/test_dockerfile.py compares with the image's",
    "proxy/__main__.py": "one call, made by every test that runs `python -m proxy`",
    "proxy/examine/detector.py": "a protocol; tests/examine/test_examine.py holds what is asked of detectors",
}
"""Modules with code and without a mirror test, and why."""


def mirror(module: Path, package: Path = PACKAGE, tests: Path = ROOT / "tests") -> Path:
    """Where the test of a module stands; that of a package's `__init__` is called for the package."""
    inside = module.relative_to(package)
    name = inside.parent.name if inside.name == "__init__.py" else inside.stem
    return tests / inside.parent / f"test_{name}.py"


def has_code(module: Path) -> bool:
    """Whether a module holds anything but its docstring."""
    body = ast.parse(module.read_text(encoding="utf-8")).body
    return len(body) > 1 or (len(body) == 1 and not isinstance(body[0], ast.Expr))


def has_tests(mirrored: Path) -> bool:
    """Whether a file is there and holds tests."""
    return mirrored.is_file() and "def test_" in mirrored.read_text(encoding="utf-8")


def untested(package: Path, tests: Path) -> Iterator[str]:
    """The modules with code and without a mirror test."""
    for module in modules(package):
        if has_code(module) and not has_tests(mirror(module, package, tests)):
            yield module.relative_to(package.parent).as_posix()


def test_each_module_has_its_mirror_test() -> None:
    """All but the exceptions; and an exception goes when its module is gone, is empty, or is tested after all."""
    assert list(untested(PACKAGE, ROOT / "tests")) == sorted(EXCEPTIONS)


def test_each_exception_has_its_reason() -> None:
    """A sentence, and a test file that it names is there."""
    for name, why in EXCEPTIONS.items():
        assert len(why.split()) > 3, name
        assert [word for word in why.split() if word.startswith("tests/") and not (ROOT / word).is_file()] == []


def test_a_missing_mirror_is_noticed(tmp_path: Path) -> None:
    """Modules of all kinds: tested, untested, with a mirror that is empty, markers of packages, tested under another name."""
    made = {
        "proxy/__init__.py": '"""A marker."""\n',
        "proxy/one.py": "A = 1\n",
        "proxy/two.py": "A = 1\n",
        "proxy/inner/__init__.py": "A = 1\n",
        "proxy/inner/three.py": "A = 1\n",
        "proxy/inner/four.py": "A = 1\n",
        "proxy/inner/five.py": "",
        "tests/test_one.py": "def test_one(): ...\n",
        "tests/test_three.py": "def test_three(): ...\n",
        "tests/inner/test_four.py": '"""Nothing yet."""\n',
    }
    for name, text in made.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(untested(tmp_path / "proxy", tmp_path / "tests")) == [
        "proxy/inner/__init__.py",
        "proxy/inner/four.py",
        "proxy/inner/three.py",
        "proxy/two.py",
    ]


def test_the_mirror_of_a_package_is_called_for_it() -> None:
    """Two examples, as files that are there."""
    assert named(mirror(PACKAGE / "judge" / "__init__.py")) == "tests/judge/test_judge.py"
    assert named(mirror(PACKAGE / "surface" / "readers" / "chat.py")) == "tests/surface/readers/test_chat.py"
