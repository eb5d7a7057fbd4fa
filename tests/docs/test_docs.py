"""What the documents say is there, and what is there they say."""

import base64
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML
from support.programs import run

from proxy.admit.register import AttributesEntry, DelegatesEntry
from proxy.caller import ATTRIBUTE_VALUES
from proxy.case import Case, Expected
from proxy.cli import cli
from proxy.decision import Outcome
from proxy.errors import FacegateError, RequestError, UpstreamError
from proxy.facts import CATALOGUE
from proxy.forward.headers import PASSED
from proxy.judge.load import PackEntry, RuleEntry, load_pack
from proxy.judge.policy import Rule
from proxy.record.entry import ALLOWED
from proxy.record.metrics import TABLE
from proxy.settings import Settings
from proxy.surface import load_catalogue

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
CONFIG = ROOT / "config"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.glob("*.md")])
PACK = CONFIG / "policies" / "ms-aoai-coc" / "2024-05-01"

NOT_OURS = frozenset({
    "journal.jsonl", "var/audit/journal.jsonl",  # the journal of a running proxy
    "config/policies/acme-ai/1/policy.yaml", "config/policies/acme-ai/1/tests.yaml",  # the worked example
    "proxy.py", "ruamel.yaml",  # PyPI's
    "../var/audit",  # a default
    "/etc/facegate/proxy.yaml",  # in the container
})  # fmt: skip
"""Names of files that the documents mention and the repository does not hold."""

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_NAMED = re.compile(r"`([\w./-]+(?:\.(?:py|yaml|md|toml|lock|jsonl?|jpg)|/))`")
_ANCHOR = re.compile(r"[^\w\- ]")


def read(name: str) -> str:
    """A page of docs/."""
    return (DOCS / name).read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def blocks(text: str, language: str) -> Iterator[str]:
    """The blocks of code of one language, without the indent of the list that they stand in."""
    for match in re.finditer(rf"^( *)```{language}\n(.*?)^ *```$", text, flags=re.DOTALL | re.MULTILINE):
        yield "\n".join(line.removeprefix(match[1]) for line in match[2].split("\n"))


def missing(names: Iterable[str], page: str) -> list[str]:
    """Which of `names` do not stand in a page as words of their own, marked as code."""
    text = read(page)
    return [name for name in names if not re.search(rf"`[^`\n]*(?<![\w.-]){re.escape(name)}(?![\w-])[^`\n]*`", text)]


def settings_of(model: Any, path: str = "") -> Iterator[str]:
    """The dotted names of all settings."""
    for name, inner in model.model_json_schema()["properties"].items():
        reference = json.dumps(inner)
        found = re.search(r"#/\$defs/(\w+)", reference)
        definitions = model.model_json_schema().get("$defs", {})
        if found is None:
            yield f"{path}{name}"
        else:
            yield from (f"{path}{name}.{one}" for one in definitions[found[1]]["properties"])


def errors_of(kind: type[FacegateError]) -> Iterator[str]:
    """The codes of all errors that callers see."""
    for one in kind.__subclasses__():
        yield from errors_of(one)
        if issubclass(one, (RequestError, UpstreamError)):
            yield one.code


def commands() -> Iterator[str]:
    """All commands, spelled out."""
    for name, one in cli.commands.items():
        yield f"facegate {name}"
        yield from (f"facegate {name} {inner}" for inner in getattr(one, "commands", ()))


def dependencies() -> Iterator[str]:
    """The names of all packages that pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = (one for group in project["dependency-groups"].values() for one in group if isinstance(one, str))
    for asked in (*project["project"]["dependencies"], *project["build-system"]["requires"], *groups):
        yield re.split(r"[<>=~!;\s\[]", asked, maxsplit=1)[0]


def logged() -> Iterator[str]:
    """The events of the operational log."""
    for path in (ROOT / "proxy").rglob("*.py"):
        yield from re.findall(r"\blog\.(?:info|warning|error)\(\s*\"(\w+)\"", path.read_text(encoding="utf-8"))


def alerts() -> Iterator[str]:
    """The names of all alerts."""
    path = ROOT / "dashboards" / "prometheus" / "alerts.yaml"
    document = YAML(typ="safe").load(path)
    yield from (rule["alert"] for group in document["groups"] for rule in group["rules"])


def rules() -> tuple[Rule, ...]:
    """The rules of the shipped pack."""
    return load_pack(PACK).rules


TOLD: Mapping[str, tuple[Callable[[], Iterable[str]], str]] = {
    "rules": (lambda: [rule.id for rule in rules()], "policy.md"),
    "outcomes that a rule may have": (lambda: [one.value for one in Outcome if one is not Outcome.REDACT], "policy.md"),
    "fields of a rule": (lambda: RuleEntry.model_fields, "policy.md"),
    "fields of a pack": (lambda: PackEntry.model_fields, "policy.md"),
    "fields of a case": (lambda: [*Case.model_fields, *Expected.model_fields], "policy.md"),
    "attributes": (lambda: [*AttributesEntry.model_fields, *DelegatesEntry.model_fields], "policy.md"),
    "values of attributes": (lambda: [value for values in ATTRIBUTE_VALUES.values() for value in values], "policy.md"),
    "packages": (dependencies, "architecture.md"),
    "alerts": (alerts, "operations.md"),
    "events of the log": (logged, "operations.md"),
    "facts": (lambda: CATALOGUE, "facts.md"),
    "settings": (lambda: settings_of(Settings), "settings.md"),
    "metrics": (lambda: [metric.name for metric in TABLE], "metrics.md"),
    "error codes": (lambda: {*errors_of(FacegateError), "prohibited_use", "review_required"}, "errors.md"),
    "commands": (commands, "cli.md"),
    "operations": (lambda: [one.name for one in load_catalogue().operations], "coverage.md"),
}
"""What names there are, and the page that is for them."""


@pytest.mark.parametrize("what", TOLD)
def test_what_is_there_is_told(what: str) -> None:
    """Every name of the code that users meet stands in the page that is for it."""
    names, page = TOLD[what]
    found = sorted(set(names()))
    assert found
    assert missing(found, page) == []


def test_clauses_are_told() -> None:
    """Each clause of the shipped pack has its row in the policy guide."""
    rows = [line for line in read("policy.md").splitlines() if line.startswith("| C")]
    told = {clause for line in rows for clause in re.findall(r"C\d\d", line.split("|")[1])}
    assert sorted({rule.clause for rule in rules()} - told) == []


def test_headers_are_told() -> None:
    """Each header that travels to the service, and each that Facegate adds to replies."""
    text = read("api.md").lower()
    ours = ("facegate-decision-id", "facegate-outcome", "facegate-policy-revision", "x-should-retry")
    assert [name for name in (*PASSED, *ours) if f"`{name}" not in text] == []


def test_the_journal_is_told_by_example() -> None:
    """The records shown hold exactly the fields that records may have: those of a request, and some more of a session and of
    files that were got.
    """
    fields: set[str] = set()
    for shown in (block for block in blocks(read("operations.md"), "json") if '"kind": "decision"' in block):
        first, end = json.JSONDecoder().raw_decode(shown)
        second = json.loads(shown[end:])
        assert (first["kind"], second["kind"]) in {("decision", "outcome"), ("fetch", "decision")}
        assert first.get("session_id", first["decision_id"]) == second["decision_id"]
        fields |= {*first, *second}
    assert sorted(fields) == sorted(ALLOWED)


def test_folders_of_the_package_are_told() -> None:
    """The tree in architecture.md names every package and every module at the top."""
    text = read("architecture.md")
    top = (path for path in (ROOT / "proxy").iterdir() if not path.name.startswith(("_", "py.typed")))
    names = [f"{path.name}/" if path.is_dir() else path.stem for path in top]
    assert [name for name in names if not re.search(rf"[├└│].*\b{re.escape(name)}", text)] == []


def slugs(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {_ANCHOR.sub("", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link is to a file that is there, and its anchor to a heading of that."""
    lost = []
    for link in _LINK.findall(prose(page)):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in slugs(target)):
            lost.append(link)
    assert lost == []


def there(name: str) -> bool:
    """Whether a file or folder is there by this name, from the root, from tests/, or by its end."""
    if any((folder / name).exists() for folder in (ROOT, ROOT / "tests", ROOT / "proxy", DOCS)):
        return True
    return any(True for folder in ("config", "proxy", "deploy") for _ in (ROOT / folder).rglob(name.lstrip("./")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_file_is_named_that_is_not_there(page: Path) -> None:
    """Names of files in prose are names of files."""
    named = set(_NAMED.findall(prose(page))) - NOT_OURS
    assert sorted(name for name in named if not there(name)) == []


def test_each_exception_is_needed() -> None:
    """A name that no page mentions any more is no exception."""
    everything = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in NOT_OURS if name not in everything] == []


def test_the_worked_example_works(tmp_path: Path) -> None:
    """The pack that the policy guide builds step by step passes `facegate test` as it is shown."""
    found = list(blocks(read("policy.md"), "yaml"))
    policy = next(block for block in found if "name: acme-ai" in block)
    cases = next(block for block in found if block.startswith("cases:"))
    (tmp_path / "policy.yaml").write_text(policy, encoding="utf-8")
    (tmp_path / "tests.yaml").write_text(cases, encoding="utf-8")
    ended = CliRunner().invoke(cli, ["test", str(tmp_path), "--config", str(CONFIG / "proxy.yaml")])
    assert (ended.output, ended.exit_code) == ("acme-ai@1: 8 cases, 1 rules: good\n", 0)


def spoken(text: str) -> str:
    """Text with one space wherever there are several, and with what differs from run to run made the same."""
    plain = re.sub(r"fgd_[0-9a-f]+", "fgd_", re.sub(r"policy [0-9a-f]{12}", "policy", text))
    return " ".join(plain.split())


def untold(block: str, said: str) -> list[str]:
    """Which pieces of a shortened output were not in fact said; `…` at a line's end stands for what is left out."""
    pieces = [piece for line in block.split("\n") for piece in line.rsplit(" …", 1)[:1]]
    whole = spoken(said)
    return [piece for piece in pieces if spoken(piece) not in whole]


def test_the_demonstration_prints_what_the_readme_says() -> None:
    """`facegate demo` is run, and every line of the README's extract is in what it prints."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = next(one for one in blocks(readme, "text") if one.startswith("1. "))
    status, said = run(Path(sys.executable), "-m", "proxy", "demo", "--config", CONFIG / "proxy.yaml")
    assert (status, untold(block, said)) == (0, [])


def test_offline_screening_prints_what_the_readme_says(tmp_path: Path) -> None:
    """The call that the README shows is made, and every line of its extract is in what it prints."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = next(one for one in blocks(readme, "text") if one.startswith("$ facegate screen"))
    command, extract = block.split("\n", 1)
    (tmp_path / "request.json").write_text(json.dumps(_question()), encoding="utf-8")
    words = re.findall(r'"([^"]*)"|(\S+)', command.removeprefix("$ facegate "))
    arguments = [quoted or plain for quoted, plain in words]
    arguments[-1] = str(tmp_path / "request.json")
    ended = CliRunner().invoke(cli, [*arguments, "--config", str(CONFIG / "proxy.yaml")])
    assert (ended.exit_code, untold(extract, ended.output)) == (3, [])


def _question() -> Mapping[str, Any]:
    picture = base64.b64encode((PACK / "fixtures" / "portrait.jpg").read_bytes()).decode("ascii")
    text = "Who is this? Check her face against the watch-list."
    parts = [
        {"type": "text", "text": text},
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{picture}"}},
    ]
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": parts}]}
