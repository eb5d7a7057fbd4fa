"""The core: policy speaks first, and what it lets pass is still refused while any part of it was not examined."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec import structs
from support.cases import caller

from proxy.caller import Caller
from proxy.content import (
    Audio,
    Content,
    Coverage,
    Document,
    Image,
    Inline,
    Opaque,
    Part,
    Reference,
    Remote,
    Role,
    Schema,
    SchemaKind,
    Text,
    Unfolded,
    Video,
)
from proxy.decision import Decision, Outcome
from proxy.examine.media import Media
from proxy.exchange import Forward, Inspected, Line, Refuse, Surfaced
from proxy.facts import CATALOGUE, Evidence, Fact, Truth
from proxy.judge.policy import FactIs, Pack, Policy, Rule, fact_names, needs
from proxy.location import WHOLE, Location
from proxy.operation import Called, Disposition, Operation
from proxy.refusal import Wording
from proxy.screen import LIGHT_TEXT, MAX_DOCUMENTS, MAX_UNFOLDED, Screening, light, screen, unexamined

OPERATION = Operation("chat.completions", ("POST",), ("/x",), Disposition.SCREEN, "chat")
CALLED = Called(OPERATION, "/x", ())
INSPECTED = Inspected("application/json", (b"{}",))


def at(*steps: str | int) -> Location:
    return Location(steps)


HELLO = Text(at("messages", 0), Role.USER, "hello")


class Says:
    """A detector that reports one fact, and what it could not examine."""

    name = "says"

    def __init__(self, truth: Truth, *gaps: tuple[Location, str]) -> None:
        self.reports = frozenset(CATALOGUE)
        self._evidence = Evidence(
            tuple(Fact(name, truth if name == "media.images" else Truth.FALSE, "says") for name in CATALOGUE), gaps
        )

    def examine(self, content: Content, caller: Caller) -> Evidence:
        del content, caller
        return self._evidence


class Fails:
    """A detector that fails."""

    name = "fails"
    reports = frozenset({"media.images"})

    def examine(self, content: Content, caller: Caller) -> Evidence:
        raise ZeroDivisionError(content, caller)


def screening(
    *detectors: Says | Fails, outcome: Outcome = Outcome.BLOCK, undetermined: Outcome = Outcome.REVIEW
) -> Screening:
    when = FactIs("media.images")
    rule = Rule(
        "a-rule",
        "C03",
        "",
        "",
        "verbatim",
        when,
        outcome,
        undetermined,
        "why",
        needs=needs(when),
        facts=fact_names(when),
    )
    return Screening(Policy((Pack("p", "1", "", (rule,)),), "r"), detectors, Wording("somebody"))


def surfaced(*parts: Part) -> Surfaced:
    return Surfaced(CALLED, Content(parts, (), "m"), INSPECTED)


def test_forwarded() -> None:
    """What is allowed and was examined is sent as it was inspected."""
    screened = screen(surfaced(HELLO), caller(), screening(Says(Truth.FALSE)), "d")
    assert screened.action == Forward(CALLED, INSPECTED)
    assert screened.decision == Decision(Outcome.ALLOW, (), (), "r")
    assert (screened.coverage, screened.gaps) == (Coverage(1, 0, 0, {("text", "inspected"): 1}), [])


REFUSED = [
    ("prohibited", Says(Truth.TRUE), Outcome.BLOCK, 403, "prohibited_use"),
    ("held", Says(Truth.TRUE), Outcome.REVIEW, 403, "review_required"),
    ("undetermined", Says(Truth.UNKNOWN), Outcome.BLOCK, 403, "review_required"),
    ("prohibited and not examined", Says(Truth.TRUE, (at("messages"), "why")), Outcome.BLOCK, 403, "prohibited_use"),
    ("flagged and not examined", Says(Truth.TRUE, (at("messages"), "why")), Outcome.FLAG, 422, "not_inspectable"),
    ("allowed and not examined", Says(Truth.FALSE, (at("messages"), "why")), Outcome.BLOCK, 422, "not_inspectable"),
    ("what cannot be redacted", Says(Truth.TRUE), Outcome.REDACT, 403, "prohibited_use"),
]


@pytest.mark.parametrize(
    ("detector", "outcome", "status", "code"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED]
)
def test_refused(detector: Says, outcome: Outcome, status: int, code: str) -> None:
    """Policy first; then whatever was not examined."""
    action = screen(surfaced(HELLO), caller(), screening(detector, outcome=outcome), "d").action
    assert isinstance(action, Refuse)
    assert (action.status, action.code) == (status, code)


@pytest.mark.parametrize("undetermined", [Outcome.ALLOW, Outcome.FLAG, Outcome.REVIEW], ids=lambda one: one.value)
def test_a_detector_that_fails_lets_nothing_pass(undetermined: Outcome) -> None:
    """Its facts are unknown, whatever a rule says of that: what it was to examine counts as not examined."""
    screened = screen(surfaced(HELLO), caller(), screening(Fails(), undetermined=undetermined), "d")
    assert isinstance(screened.action, Refuse)
    assert screened.gaps == [(WHOLE, "the fails detector failed")]
    assert screened.coverage == Coverage(0, 1, 0, {("text", "refused"): 1})


PARTS: list[tuple[str, Part, str]] = [
    ("text", HELLO, ""),
    ("schema", Schema(at("tools"), SchemaKind.TOOL, {}), ""),
    ("inline picture", Image(at("a"), Inline("image/png", b"")), ""),
    (
        "remote picture",
        Image(at("a"), Remote("https://a")),
        "a picture behind an address; send it inline as a data URI",
    ),
    (
        "remote picture that was tried",
        Image(at("a"), Remote("https://a", "it took too long")),
        "the picture at its address could not be fetched: it took too long",
    ),
    ("recording", Audio(at("a"), Inline("audio/wav", b"")), "content of kind audio is not examined yet"),
    ("remote recording", Audio(at("a"), Remote("https://a")), "content of kind audio is not examined yet"),
    ("moving picture", Video(at("a"), Inline("video/mp4", b"")), "content of kind video is not examined yet"),
    ("file", Document(at("a"), Inline("application/pdf", b"")), "content of kind document is not examined yet"),
    ("file that is opened", Document(at("a"), Inline("application/pdf", b""), opened=True), ""),
    (
        "remote file",
        Document(at("a"), Remote("https://a")),
        "a file behind an address; what the service would fetch was not seen here",
    ),
    (
        "reference",
        Reference(at("a"), "file", "f-1"),
        "the file is kept by the service; what it holds was not seen here",
    ),
    ("opaque", Opaque(at("a"), "it is strange"), "it is strange"),
]


@pytest.mark.parametrize(("part", "why"), [one[1:] for one in PARTS], ids=[one[0] for one in PARTS])
def test_what_no_reader_reads(part: Part, why: str) -> None:
    """Each kind of part is examined, or is in the way with its reason."""
    gaps = unexamined(Content((part,), (), "m"), Evidence())
    assert gaps == ([(part.location, why)] if why else [])
    screened = screen(surfaced(part), caller(), screening(Says(Truth.FALSE)), "d")
    assert isinstance(screened.action, Refuse if why else Forward)


def test_a_place_is_told_once() -> None:
    """What no reader reads and a detector gave up too has the first reason."""
    strange = Opaque(at("a"), "it is strange")
    seen = Evidence((), ((at("a"), "given up"), (at("b"), "given up")))
    assert unexamined(Content((strange,), (), "m"), seen) == [(at("a"), "it is strange"), (at("b"), "given up")]


def test_coverage_adds_up() -> None:
    """Parts inside a place that was not examined count as refused; inspected and refused make all of them."""
    parts = (
        HELLO,
        Text(at("messages", 1, "content"), Role.USER, "x"),
        Image(at("messages", 1, "picture"), Inline("image/png", b"")),
        Opaque(at("tools"), "why"),
    )
    found = screen(surfaced(*parts), caller(), screening(Says(Truth.FALSE, (at("messages", 1), "why"))), "d").coverage
    assert found == Coverage(
        1,
        3,
        0,
        {("text", "inspected"): 1, ("text", "refused"): 1, ("image", "refused"): 1, ("opaque", "refused"): 1},
    )


LIGHT: list[tuple[str, tuple[Part, ...], bool]] = [
    ("nothing", (), True),
    ("some words", (HELLO,), True),
    ("words to the limit", (Text(at("a"), Role.USER, "x" * LIGHT_TEXT),), True),
    ("one more", (Text(at("a"), Role.USER, "x" * LIGHT_TEXT), Text(at("b"), Role.USER, "x")), False),
    ("a reference", (Reference(at("a"), "file", "f"), Opaque(at("b"), "why")), True),
    ("words beside a reference", (HELLO, Reference(at("a"), "file", "f")), False),
    ("words beside what nobody reads", (Opaque(at("b"), "why"), HELLO), False),
    ("a schema", (Schema(at("a"), SchemaKind.TOOL, {}),), True),
    ("many schemas", tuple(Schema(at(n), SchemaKind.TOOL, {}) for n in range(5)), False),
    ("a picture", (Image(at("a"), Inline("image/png", b"")),), False),
]


@pytest.mark.parametrize(("parts", "quick"), [one[1:] for one in LIGHT], ids=[one[0] for one in LIGHT])
def test_what_is_light(parts: tuple[Part, ...], quick: bool) -> None:  # noqa: FBT001 - a table
    """Few words, no media."""
    assert light(Content(parts, (), "m")) is quick


PDF = Inline("application/pdf", b"%PDF")


def file(name: str, source: Inline | Remote = PDF) -> Document:
    """A file in a request."""
    return Document(at(name), source)


def inside(document: Document) -> Unfolded:
    """A file that holds a word."""
    return Unfolded((Text(document.location.at("page"), Role.USER, "a word"),), ())


def damaged(document: Document) -> Unfolded:
    """A file of which a page cannot be read."""
    return Unfolded(inside(document).parts, ((document.location.at(1), "a page that cannot be read"),))


def broken(document: Document) -> Unfolded:
    """Nothing opens it."""
    raise ZeroDivisionError(document)


STAYED = "the file was not opened: the request has others that stay closed, or too many of them"

OPENED: dict[str, tuple[Callable[[Document], Unfolded], tuple[Part, ...], list[tuple[str, str]], list[str]]] = {
    # how files are opened, parts; gaps, words that were examined
    "a file": (inside, (HELLO, file("a")), [], ["hello", "a word"]),
    "two": (inside, (file("a"), HELLO, file("b")), [], ["a word", "hello", "a word"]),
    "one with a gap": (damaged, (file("a"),), [("/a/1", "a page that cannot be read")], ["a word"]),
    "after one with a gap": (
        damaged, (file("a"), file("b")), [("/a/1", "a page that cannot be read"), ("/b", STAYED)], ["a word"],
    ),
    "one that breaks what opens it": (
        broken, (HELLO, file("a")), [("/a", "opening the file failed: ZeroDivisionError")], ["hello"],
    ),
    "one that was opened": (broken, (structs.replace(file("a"), opened=True),), [], []),
    "one behind an address": (broken, (file("a", Remote("https://x.example/a.pdf")),), [("/a", "*")], []),
    "more than are opened": (
        inside, tuple(file(str(number)) for number in range(MAX_DOCUMENTS + 2)),
        [(f"/{number}", STAYED) for number in (MAX_DOCUMENTS, MAX_DOCUMENTS + 1)], ["a word"] * MAX_DOCUMENTS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OPENED)
def test_files_are_opened(name: str) -> None:
    """What a file holds is examined as parts of its own; what stays closed is a gap, and nothing with a gap is forwarded."""
    unfold, parts, gaps, words = OPENED[name]
    looking = replace(screening(Says(Truth.FALSE)), unfold=unfold)
    screened = screen(surfaced(*parts), caller(), looking, "d")
    told = [
        (str(place), why if expected != "*" else "*")
        for (place, why), (_, expected) in zip(screened.gaps, gaps, strict=True)
    ]
    assert told == gaps
    assert [part.text for part in screened.content.parts if isinstance(part, Text)] == words
    assert isinstance(screened.action, Forward) is (not gaps)


def test_a_file_that_nobody_opens() -> None:
    """Without anything that opens files each of them is a gap."""
    screened = screen(surfaced(file("a")), caller(), screening(Says(Truth.FALSE)), "d")
    assert screened.gaps == [(at("a"), "content of kind document is not examined yet")]
    assert isinstance(screened.action, Refuse)


@pytest.mark.parametrize(("fate", "passes"), [("exempt", True), ("inspected", False), ("refused", False)])
def test_kinds_that_are_exempt(fate: str, passes: bool) -> None:  # noqa: FBT001 - a table
    """Only where operator and catalogue both say so, and then the file is not even opened; it is counted as exempt."""
    called = replace(CALLED, operation=replace(OPERATION, parts=(("document", fate),)))
    looking = replace(screening(Says(Truth.FALSE)), unfold=broken, exempt=frozenset({"document"}))
    screened = screen(structs.replace(surfaced(file("a")), called=called), caller(), looking, "d")
    assert isinstance(screened.action, Forward) is passes
    assert (screened.coverage.exempt, screened.coverage.refused > 0) == (int(passes), not passes)


def test_a_file_of_lines() -> None:
    """Each line is examined and judged with what it holds, files too; one that is prohibited is enough, and is told."""

    class Sees(Says):
        """A picture is shown where the word is said."""

        def examine(self, content: Content, caller: Caller) -> Evidence:
            said = any(isinstance(part, Text) and part.text == "a word" for part in content.parts)
            return Says(Truth.TRUE if said else Truth.FALSE).examine(content, caller)

    lines = [Line(number, Content((part,), (), "m")) for number, part in ((1, HELLO), (3, file("a")))]
    looking = replace(screening(Sees(Truth.FALSE)), unfold=inside)
    for told, outcome in ((lines, Outcome.BLOCK), (lines[:1], Outcome.ALLOW)):
        screened = screen(structs.replace(surfaced(HELLO), lines=told), caller(), looking, "d")
        assert screened.decision.outcome is outcome
    assert screen(structs.replace(surfaced(HELLO), lines=lines), caller(), looking, "d").gaps == []


# ---- files


def pdf(*steps: str | int) -> Document:
    return Document(at(*steps), Inline("application/pdf", b"%PDF"), "a.pdf")


class Opens:
    """Opens files to what it is told, and counts them."""

    def __init__(self, *told: Unfolded | Exception) -> None:
        self.told = list(told)
        self.asked: list[Document] = []

    def __call__(self, document: Document) -> Unfolded:
        self.asked.append(document)
        found = self.told.pop(0) if self.told else Unfolded(())
        if isinstance(found, Exception):
            raise found
        return found


def test_files_become_parts() -> None:
    """What a file holds follows it, and counts as any part does; the file itself stays."""
    inside = Image(at("file", "page", 1), Inline("image/jpeg", b"x"))
    opener = Opens(Unfolded((inside,)))
    opening = replace(screening(Says(Truth.FALSE)), unfold=opener)
    screened = screen(surfaced(HELLO, pdf("file")), caller(), opening, "d")
    assert screened.content.parts == (HELLO, structs.replace(pdf("file"), opened=True), inside)
    assert isinstance(screened.action, Forward)
    kinds = {("text", "inspected"): 1, ("document", "inspected"): 1, ("image", "inspected"): 1}
    assert (screened.coverage, screened.gaps) == (Coverage(3, 0, 0, kinds), [])
    assert opener.asked == [pdf("file")]


FAILURES: list[tuple[str, Unfolded | Exception, str]] = [
    ("a gap", Unfolded((), ((at("file"), "it is strange"),)), "it is strange"),
    ("a failure", RuntimeError("its words are not told"), "opening the file failed: RuntimeError"),
    ("no memory", MemoryError(), "opening the file failed: MemoryError"),
]


@pytest.mark.parametrize(("found", "why"), [one[1:] for one in FAILURES], ids=[one[0] for one in FAILURES])
def test_a_file_that_stays_closed_is_in_the_way(found: Unfolded | Exception, why: str) -> None:
    """Its gaps are opaque parts, to detectors too; the reason is told; files after it are not even tried."""
    opener = Opens(found)
    opening = replace(screening(Says(Truth.FALSE)), unfold=opener)
    screened = screen(surfaced(pdf("file"), pdf("other")), caller(), opening, "d")
    assert isinstance(screened.action, Refuse)
    assert (screened.action.status, screened.action.code) == (422, "not_inspectable")
    assert screened.gaps[0] == (at("file"), why)
    assert [place for place, _ in screened.gaps] == [at("file"), at("other")]
    assert [type(part).__name__ for part in screened.content.parts] == ["Document", "Opaque"] * 2
    assert (screened.coverage.inspected, screened.coverage.refused) == (0, 4)
    assert len(opener.asked) == 1


def test_what_was_found_before_a_gap_is_judged() -> None:
    """Policy speaks of the parts that came out, whatever stays closed."""
    inside = Image(at("file", "page", 1), Inline("image/jpeg", b"x"))
    opening = replace(
        screening(Media(), outcome=Outcome.BLOCK), unfold=Opens(Unfolded((inside,), ((at("file"), "why"),)))
    )
    action = screen(surfaced(pdf("file")), caller(), opening, "d").action
    assert isinstance(action, Refuse)
    assert (action.status, action.code) == (403, "prohibited_use")


def test_without_an_opener_files_stay_closed() -> None:
    """That is the default."""
    screened = screen(surfaced(pdf("file")), caller(), screening(Says(Truth.FALSE)), "d")
    assert screened.gaps == [(at("file"), "content of kind document is not examined yet")]


def test_the_files_of_a_request_are_counted() -> None:
    """More than the limit are refused; each has a time limit of its own."""
    opener = Opens()
    opening = replace(screening(Says(Truth.FALSE)), unfold=opener)
    few = screen(surfaced(*map(pdf, range(MAX_DOCUMENTS))), caller(), opening, "d")
    many = screen(surfaced(*map(pdf, range(MAX_DOCUMENTS + 1))), caller(), opening, "d")
    assert (isinstance(few.action, Forward), isinstance(many.action, Refuse)) == (True, True)
    assert [place for place, _ in many.gaps] == [at(MAX_DOCUMENTS)]
    assert len(opener.asked) == 2 * MAX_DOCUMENTS


def test_what_comes_out_of_files_is_counted() -> None:
    """Once it is more than may be held at a time, no further file is opened."""
    much = Image(at(0, "page", 1), Inline("image/jpeg", bytes(MAX_UNFOLDED)))
    opener = Opens(Unfolded((much,)))
    opening = replace(screening(Says(Truth.FALSE)), unfold=opener)
    screened = screen(surfaced(pdf(0), pdf(1)), caller(), opening, "d")
    assert ([place for place, _ in screened.gaps], len(opener.asked)) == ([at(1)], 1)


def test_what_is_not_inline_is_not_opened() -> None:
    """An address stays one."""
    opener = Opens()
    remote = Document(at("file"), Remote("https://a"))
    opening = replace(screening(Says(Truth.FALSE)), unfold=opener)
    screened = screen(surfaced(remote), caller(), opening, "d")
    assert (screened.content.parts, opener.asked) == ((remote,), [])
    assert isinstance(screened.action, Refuse)
