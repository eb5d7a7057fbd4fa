# ruff: noqa: INP001 - a script beside the pages that it writes
"""Writes the pages of this folder that tell what the code knows: `python docs/generate.py`, `--check` only to say whether
they are current.

A new page is a function that returns its text, and a line in PAGES.
"""

import ast
import copy
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from proxy.cli import cli
from proxy.decision import Decision, Finding, Outcome
from proxy.errors import FacegateError, NotInspectable, RequestError, UpstreamError
from proxy.evaluation import CONTEXTS as SETTINGS_OF_TEXTS
from proxy.evaluation import LABELS as LABELS_OF_TEXTS
from proxy.facts import CATALOGUE, Truth
from proxy.judge.load import POLICY_FILE, load_pack
from proxy.judge.policy import Pack, Rule
from proxy.operation import Disposition, Operation
from proxy.record.metrics import LABELS, TABLE, Metric, Metrics
from proxy.refusal import Wording, refuse_by_policy
from proxy.serve.runtime import load_runtime
from proxy.settings import Settings
from proxy.surface import load_catalogue

FOLDER: Final = Path(__file__).resolve().parent

CONFIG: Final = FOLDER.parent / "config"

_NOTE: Final = "<!-- Written by docs/generate.py; change what it reads, not this page. -->"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table. Cells may hold anything: what would end a cell is escaped."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def page(title: str, *paragraphs: str) -> str:
    """A page: its title and what stands below it, set apart by empty lines."""
    return "\n\n".join([f"# {title}", _NOTE, *paragraphs]) + "\n"


def metrics() -> str:
    """metrics.md"""
    return page(
        "Metrics",
        "Prometheus reads them at `/metrics` on the admin port. "
        "[`dashboards/prometheus`](../dashboards/prometheus) holds a configuration and alerts, "
        "[`dashboards/grafana`](../dashboards/grafana) the dashboards; every metric below is on one.",
        table(
            ("Metric", "Kind", "Labels", "Meaning"),
            ((f"`{one.name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels), one.help) for one in TABLE),
        ),
        "## Labels",
        "Their values come from closed sets, so that nobody who calls can make a series.",
        table(("Label", "Values"), ((f"`{name}`", values) for name, values in LABELS.items())),
        "## Buckets",
        "Upper bounds in seconds.",
        table(("Histogram", "Bounds"), ((f"`{one.name}`", _bounds(one)) for one in TABLE if one.buckets)),
        "## The process",
        "From Prometheus' Python client, as they are called everywhere.",
        table(("Metric", "Meaning"), _of_the_process()),
    )


def _bounds(metric: Metric) -> str:
    return ", ".join(f"{bound:g}" for bound in metric.buckets)


def _of_the_process() -> Iterable[tuple[str, str]]:
    ours = {metric.name for metric in TABLE}
    for family in Metrics().registry.collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        if name not in ours:
            yield f"`{name}`", family.documentation.rstrip(".")


# ---- settings.md


def settings() -> str:
    """settings.md"""
    return page(
        "Settings",
        "What `proxy.yaml` may hold. Paths are relative to the folder of that file. An unknown key, a repeated key or a value"
        " of the wrong type is a mistake that `facegate check` names with file and line. Settings are read at the start; a change"
        " needs a restart.",
        *_section(Settings, ""),
    )


def _section(model: type[BaseModel], path: str, given: BaseModel | None = None) -> Iterator[str]:
    """The settings of one section; `given` holds its defaults where those are not the model's own."""
    if path:
        yield f"## `{path}`"
    plain = {name: info for name, info in model.model_fields.items() if _model_of(info) is None}
    rows = (
        (f"`{_key(path, name)}`", _default(info, name, given), info.description or "") for name, info in plain.items()
    )
    yield table(("Setting", "Default", "Meaning"), rows)
    for name, info in model.model_fields.items():
        inner = _model_of(info)
        if inner is None:
            continue
        what, place = info.description or "", _key(path, name)
        if path:
            yield f"`{place}`: {what}. Default: {_default(info, name, given)}. One of:"
            fields = inner.model_fields.items()
            yield table(("Setting", "Meaning"), ((f"`{place}.{one}`", is_.description or "") for one, is_ in fields))
        else:
            default = info.default if isinstance(info.default, BaseModel) else None
            heading, *body = _section(inner, name, default)
            yield "\n\n".join([heading, f"{what[0].upper()}{what[1:]}.", *body])


def _model_of(info: FieldInfo) -> type[BaseModel] | None:
    kinds = (info.annotation, *get_args(info.annotation))
    return next((one for one in kinds if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _key(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


_MIB: Final = 1024 * 1024


def _default(info: FieldInfo, name: str, given: BaseModel | None) -> str:
    value: Any = info.default if given is None else getattr(given, name)
    if value is PydanticUndefined:
        return "must be given"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int) and value >= _MIB and value % _MIB == 0:
        return f"`{value}` ({value // _MIB} MiB)"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


# ---- facts.md and rules.md


def facts() -> str:
    """facts.md"""
    runtime = load_runtime(CONFIG / "proxy.yaml")
    sources = {name: one.name for one in runtime.screening.detectors for name in one.reports}
    asking = {name: [rule.id for rule in runtime.policy.rules if name in rule.facts] for name in CATALOGUE}
    rows = (
        (f"`{name}`", meaning, sources.get(name, "conflict"), ", ".join(f"`{one}`" for one in asking[name]) or "none")
        for name, meaning in CATALOGUE.items()
    )
    return page(
        "Facts",
        "What examination may find in a request, and what the rules of a policy are written over ([policy.md](policy.md))."
        " Each is true, false or unknown; several reports of one fact are joined, and the strongest counts (true over unknown"
        " over false). A fact that no detector reports is unknown.",
        table(("Fact", "True when", "From", "Asked about by"), rows),
    )


def rules() -> str:
    """rules.md"""
    packs = [load_pack(path.parent) for path in sorted(CONFIG.glob(f"policies/**/{POLICY_FILE}"))]
    return page(
        "Rules",
        "The rules of the packs that come with Facegate. What the columns mean, and what the clauses come to, is in"
        " [policy.md](policy.md).",
        *(paragraph for pack in packs for paragraph in _pack(pack)),
    )


def _pack(pack: Pack) -> Iterator[str]:
    yield f"## {pack.id}"
    yield f"{pack.title}. In force from {pack.effective_from}{f' to {pack.effective_to}' if pack.effective_to else ''}."
    yield table(
        ("Clause", "Rule", "Text", "Words", "Outcome", "Undetermined", "Lifted by", "Mode"),
        (
            (rule.clause, f"`{rule.id}`", rule.text, rule.text_status, rule.outcome.value, rule.undetermined.value,
             _lifts(rule), rule.mode.value)
            for rule in sorted(pack.rules, key=lambda rule: rule.clause)
        ),
    )  # fmt: skip


def _lifts(rule: Rule) -> str:
    found = {"approval": rule.lifts.approval, "consent": rule.lifts.consent}
    return ", ".join(f"{name}: to {outcome.value}" for name, outcome in found.items() if outcome) or "nothing"


# ---- errors.md


def errors() -> str:
    """errors.md"""
    found = [*_policy_errors(), *_raised(FacegateError)]
    return page(
        "Errors",
        "Every error that Facegate itself answers with. The envelope is the service's own: [api.md](api.md). Errors of the"
        " service pass through as they are.",
        table(("Status", "Code", "Type", "`innererror.code`", "When", "The SDKs retry"), sorted(found)),
    )


def _policy_errors() -> Iterator[tuple[str, ...]]:
    meanings = {
        Outcome.BLOCK: "Policy does not permit the request.",
        Outcome.REVIEW: "Policy holds the request until a person releases it, or could not rule out a prohibited use.",
    }
    for outcome, meaning in meanings.items():
        finding = Finding("rule", "C00", "", outcome, Truth.TRUE, "")
        for as_filter in (False, True):
            refuse = refuse_by_policy(Decision(outcome, (finding,)), "", Wording("", as_content_filter=as_filter))
            code, kind, inner = refuse.error["code"], refuse.error["type"], refuse.error["innererror"]
            assert isinstance(inner, Mapping)  # noqa: S101 - proxy.refusal makes it one
            style = " With `refusals.as_content_filter`." if as_filter else ""
            yield str(refuse.status), f"`{code}`", f"`{kind}`", f"`{inner['code']}`", meaning + style, "no"


def _raised(kind: type[FacegateError]) -> Iterator[tuple[str, ...]]:
    for one in kind.__subclasses__():
        yield from _raised(one)
        if one.__subclasses__() or not issubclass(one, (RequestError, UpstreamError)):
            continue
        name = "policy_violation" if one.code == NotInspectable.code else "invalid_request_error"
        if one.status >= 500:  # noqa: PLR2004 - the 5xx class
            name = "server_error"
        says = " ".join((inspect.getdoc(one) or "").split("\n\n", 1)[0].split())
        retried = "yes" if one.status >= 500 or one.status == 408 else "no"  # noqa: PLR2004 - as the SDKs do
        yield str(one.status), f"`{one.code}`", f"`{name}`", f"`{one.__name__}`", says, retried


# ---- cli.md


def command_line() -> str:
    """cli.md"""
    return page(
        "The command line",
        "Exit status: 0 done (`screen`: all forwarded); 1 checks or tests failed; 2 unusable input, or called wrongly; 3"
        " (`screen`) one or more refused.",
        *_help(cli, click.Context(cli, info_name="facegate", terminal_width=100, **cli.context_settings)),
        "## What `facegate screen --json` prints",
        "One object a line: `id`, `outcome`, `status` (200 where forwarded), `rules` (ids whose condition holds), `undetermined`"
        " (ids whose condition could not be determined), `findings` (`rule`, `clause`, `outcome`, `locations`, `facts`), `facts`"
        " (by name: `truth`, `score`, `sources`, `locations`), `coverage` (`inspected`, `refused`, `exempt`), `policy_revision`."
        " Why a case was rejected before any verdict is told on standard error.",
        "## What `facegate evaluate --json` prints",
        "One object: `any` (positive is what has any prohibited label, or should be refused), `by_clause`, `by_lang`, `by_kind`,"
        " each with `recall`, `precision`, `f1`, `false_positive_rate`, `n_positive`, `n_negative` and `ci95` (Wilson's 95 %"
        " intervals of recall and false positives; null where there is nothing to divide by); `cpu_ms` with `p50` and `p99` an"
        f" item. The labels of texts are {words_of(LABELS_OF_TEXTS)}, and for settings {words_of(SETTINGS_OF_TEXTS)}.",
    )


def words_of(names: Iterable[str]) -> str:
    """Names as a list in a sentence."""
    return ", ".join(f"`{name}`" for name in names)


def _help(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## `{context.command_path}`"
    fresh = copy.copy(command)
    fresh._help_option = None  # noqa: SLF001 - click keeps the first it made, whoever asked for it, with other names maybe
    yield f"```text\n{fresh.get_help(context)}\n```"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _help(inner, click.Context(inner, parent=context, info_name=name, terminal_width=100))


# ---- coverage.md


def coverage() -> str:
    """coverage.md"""
    operations = load_catalogue().operations
    screened = [one for one in operations if one.disposition is Disposition.SCREEN]
    refused = [one for one in operations if one.disposition is Disposition.REFUSE]
    return page(
        "Coverage",
        f"The {len(operations)} operations of the service that Facegate knows, as `facegate coverage` prints them. Any other path"
        " is refused with 404, another method with 405.",
        "## Screened",
        table(
            ("Operation", "Paths", "Parts"),
            (
                (f"`{one.name}`", _paths(one), ", ".join(f"{kind} {fate}" for kind, fate in one.parts))
                for one in screened
            ),
        ),
        "`inspected`: examined, and forwarded if policy allows. `exempt`: forwarded unexamined, as policy lets pass what nobody"
        " can examine; the words beside it and the attributes of the caller count all the same. `refused`: 422"
        " `not_inspectable`, with the place. A `reference` is inspected by what the requests showed that made the thing; one that"
        " your tenant did not make through this proxy is 422.",
        "## Refused",
        "With 422 `not_inspectable`.",
        table(("Operation", "Paths", "Why"), ((f"`{one.name}`", _paths(one), one.why) for one in refused)),
    )


def _paths(operation: Operation) -> str:
    methods = " ".join(operation.methods)
    return "<br>".join(f"{methods} `{path}`" for path in operation.paths)


# ---- modules.md


def modules() -> str:
    """modules.md"""
    source = FOLDER.parent / "proxy"
    found = sorted(source.rglob("*.py"), key=lambda path: path.relative_to(source).parts)
    rows = ((f"`proxy/{path.relative_to(source).as_posix()}`", _first_line(path)) for path in found)
    return page(
        "Modules",
        "All modules in the words of their own first lines. How they hang together is in [architecture.md](architecture.md).",
        table(("Module", "What it is for"), rows),
    )


def _first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n", 1)[0]


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "metrics.md": metrics,
    "settings.md": settings,
    "facts.md": facts,
    "rules.md": rules,
    "errors.md": errors,
    "cli.md": command_line,
    "coverage.md": coverage,
    "modules.md": modules,
}
"""What writes each page, by its file name."""


def stale(folder: Path) -> Mapping[str, str]:
    """The pages that are not as they ought to be in `folder`, as they ought to be."""
    wanted = {name: write() for name, write in PAGES.items()}
    return {
        name: text
        for name, text in wanted.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    }


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the pages are current.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=FOLDER)
def generate(folder: Path, *, check: bool) -> None:
    """Write the pages that tell what the code knows."""
    found = stale(folder)
    if check and found:
        raise click.ClickException(f"not current: {', '.join(found)}; run `python docs/generate.py`")
    for name, text in found.items():
        (folder / name).write_text(text, encoding="utf-8")
    click.echo(f"{folder}: {'written: ' + ', '.join(found) if found else 'current'}")


if __name__ == "__main__":
    generate()
