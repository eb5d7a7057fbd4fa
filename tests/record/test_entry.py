"""Records: an allow-list of fields compared whole, keyed digests in place of content, and no word of the caller's anywhere."""

import string
from typing import Any

import orjson
import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from support.bodies import CATALOGUE, LIMITS, PICTURE, PICTURE_URI, TARGETS, inbound
from support.cases import evidence

from proxy.caller import Approval, Attribute, Caller, Principal, Provenance
from proxy.content import Content, Document, Image, Inline, Opaque, Reference, Remote, Role, Schema, SchemaKind, Text
from proxy.decision import Decision, Finding, Outcome
from proxy.exchange import Conclusion, Forward, Inspected, Refuse, Rejected, Screened
from proxy.facts import CATALOGUE as FACTS
from proxy.facts import Evidence, Fact, Truth
from proxy.judge.policy import Policy
from proxy.location import Location
from proxy.operation import Called, Disposition, Operation
from proxy.record.entry import ALLOWED, MAX_PARTS, MAX_PLACES, Ending, Entries, Seen, Sought, Talk, outcome_of
from proxy.refusal import Wording
from proxy.screen import Screening, screen, unexamined
from proxy.screen import _coverage as coverage_of
from proxy.surface import FIELD_NAMES, surface

KEY = bytes(range(32))
ENTRIES = Entries(KEY, FIELD_NAMES)
CALLER = Caller("retail-co", "key-1", {}, (), ())
CHAT = Called(
    Operation("chat.completions", ("POST",), ("/openai/v1/chat/completions",), Disposition.SCREEN),
    "/openai/v1/chat/completions",
    (),
)
SEEN = Seen("fgd_1", "2026-01-02T03:04:05.678+00:00", "POST", 15, "d1", {"admit": 0.1, "judge": 0.25})
WHERE = Location(("messages", 0, "content"))


def digest(data: bytes, key: bytes = KEY) -> str:
    """The keyed digest as records have it."""
    return blake3(data, key=key).hexdigest(length=16)


def foreign(name: str) -> str:
    """A name of the caller's own in a location."""
    return "?" + blake3(name.encode("utf-8", "surrogatepass"), key=KEY).hexdigest(length=4)


def screened(
    parts: tuple[Any, ...] = (),
    facts: Evidence | None = None,
    decision: Decision | None = None,
    refuse: Refuse | None = None,
    caller: Caller = CALLER,
) -> Screened:
    """A screened request."""
    content = Content(parts, (), "gpt-4o", stream=True)
    found = facts or evidence()
    gaps = unexamined(content, found)
    action = refuse or Forward(CHAT, Inspected("application/json", (b"{}",)))
    decided = decision or Decision(Outcome.ALLOW, revision="abc")
    return Screened(caller, CHAT, content, found, decided, action, coverage_of(content, gaps, frozenset()), gaps)


BASE = {
    "schema": 1,
    "kind": "decision",
    "time": "2026-01-02T03:04:05.678+00:00",
    "decision_id": "fgd_1",
    "method": "POST",
    "body_bytes": 15,
    "body_digest": "d1",
    "stages_ms": {"admit": 0.1, "judge": 0.25},
}

IDENTIFY = Finding(
    "no-identification",
    "C03",
    "a citation that stays in the policy",
    Outcome.BLOCK,
    Truth.TRUE,
    "a message that stays in the policy",
    ("intent.identify_person", "media.faces"),
    (WHERE, Location(("metadata", "Ann Other"))),
    "an alternative",
)
LIVE = Finding("no-live", "C01", "", Outcome.REVIEW, Truth.UNKNOWN, "", ("context.live_feed",), (), "", "A-17")


def test_a_forwarded_request() -> None:
    """The whole record: who, what, each part with size and digest, what is true or unknown, what policy said."""
    tenant = Caller(
        "metro-pd",
        "key-2",
        {
            "organization": Attribute("organization", "police_department", Provenance.ATTESTED),
            "camera": Attribute("camera", "dash", Provenance.DECLARED),
            "timing": Attribute("timing", "real_time", Provenance.ASSUMED),
        },
        (Principal("private", "US"), Principal("", "")),
        (Approval("A-17", ("C01",), "2027-01-01"),),
    )
    parts = (
        Text(WHERE, Role.USER, "Wer ist das? ☃"),
        Image(Location(("messages", 0, "content", 1)), Inline("image/png", b"pixels")),
        Image(Location(("input", 0)), Remote("https://pictures.example/ann.png")),
        Schema(Location(("tools", 0)), SchemaKind.TOOL, {"name": "find"}),
        Reference(Location(("previous_response_id",)), "response", "resp_1"),
        Opaque(Location(("Ann Other", "~/")), "why"),
    )
    facts = Evidence(
        (
            Fact("media.faces", Truth.TRUE, "faces", 0.98765, (WHERE,), 2),
            Fact("media.images", Truth.TRUE, "media", 1.0, (), 1),
            Fact("intent.track_person", Truth.UNKNOWN, "intent", 0.0, (), 0, "not told"),
            Fact("intent.infer_emotion", Truth.FALSE, "intent", 0.0),
        )
    )
    decision = Decision(Outcome.FLAG, (LIVE,), (IDENTIFY,), "rev-1")
    record = ENTRIES.decision(screened(parts, facts, decision, caller=tenant), SEEN)
    assert (record.kind, record.decision_id) == ("decision", "fgd_1")
    assert orjson.loads(orjson.dumps(record.fields)) == {
        **BASE,
        "tenant": "metro-pd",
        "credential": "key-2",
        "attributes": {
            "organization": {"value": "police_department", "provenance": "attested"},
            "camera": {"value": "dash", "provenance": "declared"},
            "timing": {"value": "real_time", "provenance": "assumed"},
        },
        "on_behalf_of": [{"organization": "private", "country": "US"}, {"organization": "", "country": ""}],
        "approvals": ["A-17"],
        "operation": "chat.completions",
        "path": "/openai/v1/chat/completions",
        "model": "gpt-4o",
        "stream": True,
        "parts": [
            {
                "kind": "text",
                "location": "/messages/0/content",
                "bytes": 16,
                "digest": digest("Wer ist das? ☃".encode()),
            },
            {"kind": "image", "location": "/messages/0/content/1", "bytes": 6, "digest": digest(b"pixels")},
            {
                "kind": "image",
                "location": "/input/0",
                "bytes": 32,
                "digest": digest(b"https://pictures.example/ann.png"),
            },
            {"kind": "schema", "location": "/tools/0", "bytes": 15, "digest": digest(b'{"name":"find"}')},
            {"kind": "reference", "location": "/previous_response_id", "bytes": 6, "digest": digest(b"resp_1")},
            {"kind": "opaque", "location": f"/{foreign('Ann Other')}/{foreign('~/')}", "bytes": 0, "digest": None},
        ],
        "parts_left_out": 0,
        "coverage": {"inspected": 3, "refused": 3, "exempt": 0},
        "facts": {
            "media.faces": {
                "truth": "true",
                "score": 0.988,
                "source": "faces",
                "count": 2,
                "locations": ["/messages/0/content"],
            },
            "media.images": {"truth": "true", "score": 1.0, "source": "media", "count": 1, "locations": []},
            "intent.track_person": {"truth": "unknown", "score": 0.0, "source": "intent", "count": 0, "locations": []},
        },
        "unreported": sorted(
            set(FACTS) - {"media.faces", "media.images", "intent.track_person", "intent.infer_emotion"}
        ),
        "outcome": "flag",
        "rules": [],
        "undetermined": ["no-live"],
        "findings": [
            {
                "rule": "no-live",
                "clause": "C01",
                "outcome": "review",
                "truth": "unknown",
                "facts": ["context.live_feed"],
                "locations": [],
                "lifted_by": "A-17",
            }
        ],
        "shadow": [
            {
                "rule": "no-identification",
                "clause": "C03",
                "outcome": "block",
                "truth": "true",
                "facts": ["intent.identify_person", "media.faces"],
                "locations": ["/messages/0/content", f"/metadata/{foreign('Ann Other')}"],
                "lifted_by": None,
            }
        ],
        "policy_revision": "rev-1",
        "status": None,
        "code": None,
    }


def test_a_refused_request() -> None:
    """As a forwarded one, with status and code of the refusal; of the error object nothing else."""
    refuse = Refuse(403, "prohibited_use", {"message": "words for the caller"})
    record = ENTRIES.decision(screened(decision=Decision(Outcome.BLOCK, (IDENTIFY,)), refuse=refuse), SEEN)
    assert orjson.loads(orjson.dumps(record.fields)) == {
        **BASE,
        "tenant": "retail-co",
        "credential": "key-1",
        "attributes": {},
        "on_behalf_of": [],
        "approvals": [],
        "operation": "chat.completions",
        "path": "/openai/v1/chat/completions",
        "model": "gpt-4o",
        "stream": True,
        "parts": [],
        "parts_left_out": 0,
        "coverage": {"inspected": 0, "refused": 0, "exempt": 0},
        "facts": {},
        "unreported": [],
        "outcome": "block",
        "rules": ["no-identification"],
        "undetermined": [],
        "findings": [
            {
                "rule": "no-identification",
                "clause": "C03",
                "outcome": "block",
                "truth": "true",
                "facts": ["intent.identify_person", "media.faces"],
                "locations": ["/messages/0/content", f"/metadata/{foreign('Ann Other')}"],
                "lifted_by": None,
            }
        ],
        "shadow": [],
        "policy_revision": "",
        "status": 403,
        "code": "prohibited_use",
    }


REJECTED: dict[str, tuple[Rejected, dict[str, Any]]] = {
    "nobody we know": (
        Rejected(Refuse(401, "invalid_api_key", {"message": "not kept"})),
        {"tenant": None, "operation": None, "outcome": "rejected", "status": 401, "code": "invalid_api_key"},
    ),
    "an operation that nobody knows": (
        Rejected(Refuse(404, "not_inspectable", {}), Caller("retail-co", "key-1", {}, None)),
        {"tenant": "retail-co", "credential": "key-1", "attributes": {}, "on_behalf_of": None, "approvals": [],
         "operation": None, "outcome": "rejected", "status": 404, "code": "not_inspectable"},
    ),
    "a body that is too large": (
        Rejected(Refuse(413, "too_large", {}), CALLER, CHAT),
        {"tenant": "retail-co", "credential": "key-1", "attributes": {}, "on_behalf_of": [], "approvals": [],
         "operation": "chat.completions", "path": "/openai/v1/chat/completions",
         "outcome": "rejected", "status": 413, "code": "too_large"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REJECTED)
def test_a_rejected_request(name: str) -> None:
    """What was known by then, and no field that pretends to more."""
    rejected, expected = REJECTED[name]
    assert orjson.loads(orjson.dumps(ENTRIES.decision(rejected, SEEN).fields)) == {**BASE, **expected}


def test_an_outcome() -> None:
    """How it ended, joined by the id; nothing of zero length is claimed of a service that never answered."""
    record = ENTRIES.outcome(SEEN, Ending("complete", 200, 200, "apim-1", 1234, 12.34567, 45.6789))
    assert (record.kind, record.decision_id) == ("outcome", "fgd_1")
    assert record.fields == {
        "schema": 1,
        "kind": "outcome",
        "time": SEEN.time,
        "decision_id": "fgd_1",
        "ended": "complete",
        "status": 200,
        "upstream_status": 200,
        "upstream_request_id": "apim-1",
        "bytes_out": 1234,
        "first_byte_ms": 12.346,
        "duration_ms": 45.679,
    }
    silent = ENTRIES.outcome(SEEN, Ending("refused", 403)).fields
    assert (silent["upstream_status"], silent["upstream_request_id"], silent["bytes_out"]) == (None, None, 0)


EVENT = structs.replace(SEEN, decision_id="fgd_2", session_id="fgd_1", event="response.create")


def test_an_event_of_a_session() -> None:
    """Its record is that of a request, with the decision that opened the session and the event's type, where there is one."""
    event, request = ENTRIES.decision(screened(), EVENT).fields, ENTRIES.decision(screened(), SEEN).fields
    own = {"decision_id": "fgd_2", "session_id": "fgd_1", "event": "response.create"}
    assert event == {**request, **own}
    assert not {"session_id", "event"} & request.keys()


SOUGHT = Sought(Location(("messages", 0, "content", 1, "file", "file_id")), "file-1", 77, "known")


def test_a_file_that_was_sought() -> None:
    """Where it is named, whose digest its id has, how large it is, and what became of it; of other requests nothing."""
    request = ENTRIES.decision(screened(), SEEN).fields
    found = {
        "location": "/messages/0/content/1/file/file_id",
        "reference": digest(b"file-1"),
        "bytes": 77,
        "result": "known",
    }
    assert ENTRIES.decision(screened(), structs.replace(SEEN, sought=[SOUGHT])).fields == {
        **request,
        "fetched": [found],
    }
    assert "fetched" not in request


def test_a_file_that_is_about_to_be_asked_for() -> None:
    """Who asks for it, and for which decision."""
    record = ENTRIES.fetch("fgd_1", SEEN.time, "retail-co", "file-1")
    assert (record.kind, record.decision_id) == ("fetch", "fgd_1")
    assert record.fields == {
        "schema": 1,
        "kind": "fetch",
        "time": SEEN.time,
        "decision_id": "fgd_1",
        "tenant": "retail-co",
        "operation": "files.content",
        "reference": digest(b"file-1"),
    }


def test_the_outcome_of_a_session() -> None:
    """What went over its sockets, beside what every outcome tells; of a request there is nothing of the kind."""
    talk = Talk(7, 12, 2, 3, 4567, 1000)
    told, plain = (ENTRIES.outcome(SEEN, Ending("complete", 101, talk=one)).fields for one in (talk, None))
    assert told == {
        **plain,
        "events_in": 7,
        "events_out": 12,
        "events_refused": 2,
        "audio_events": 3,
        "bytes_in": 4567,
        "close_code": 1000,
    }


def test_every_allowed_field_is_used_and_no_other() -> None:
    """The allow-list is what the kinds of records hold, to the field."""
    records = [
        ENTRIES.decision(screened(), SEEN),
        *(ENTRIES.decision(rejected, SEEN) for rejected, _ in REJECTED.values()),
        ENTRIES.decision(screened(), EVENT),
        ENTRIES.decision(screened(), structs.replace(SEEN, sought=[SOUGHT])),
        ENTRIES.fetch("fgd_1", SEEN.time, "retail-co", "file-1"),
        ENTRIES.outcome(SEEN, Ending("complete", 200, talk=Talk())),
    ]
    assert {name for record in records for name in record.fields} == ALLOWED


FORWARDS = (Outcome.ALLOW, Outcome.ADVISE, Outcome.FLAG)
OUTCOMES: dict[str, tuple[Conclusion, str]] = {
    **{f"forwarded, {one.value}": (screened(decision=Decision(one)), one.value) for one in FORWARDS},
    **{
        f"unexamined, {one.value}": (
            screened(decision=Decision(one), refuse=Refuse(422, "not_inspectable", {})),
            "block",
        )
        for one in FORWARDS
    },
    **{
        f"refused, {one.value}": (screened(decision=Decision(one), refuse=Refuse(403, "x", {})), one.value)
        for one in (Outcome.REDACT, Outcome.REVIEW, Outcome.BLOCK)
    },
    "rejected": (Rejected(Refuse(503, "examination_unavailable", {})), "rejected"),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_outcome_of_a_conclusion(name: str) -> None:
    """Policy's word, unless a part that nobody examined stood in the way, or there was no verdict."""
    conclusion, expected = OUTCOMES[name]
    assert outcome_of(conclusion) == expected


def test_digests_are_keyed() -> None:
    """The same bytes have the same digest under one key only; nothing has none."""
    other = Entries(bytes(32), FIELD_NAMES)
    assert (
        ENTRIES.digest(b"who is this?") == Entries(KEY, frozenset()).digest(b"who is this?") == digest(b"who is this?")
    )
    assert other.digest(b"who is this?") == digest(b"who is this?", bytes(32)) != ENTRIES.digest(b"who is this?")
    assert ENTRIES.digest(b"who is that?") != ENTRIES.digest(b"who is this?")
    assert ENTRIES.digest(b"") is None
    assert blake3(b"who is this?").hexdigest(length=16) != ENTRIES.digest(b"who is this?")


PLACES = {
    (): "",
    ("messages", 3, "content", 0, "text"): "/messages/3/content/0/text",
    ("metadata", "content"): "/metadata/content",
    ("metadata", "Ann"): f"/metadata/{foreign('Ann')}",
    ("Messages",): f"/{foreign('Messages')}",
    ("3",): f"/{foreign('3')}",
    ("a/b~c",): f"/{foreign('a/b~c')}",
    ("",): f"/{foreign('')}",
    ("\ud800",): f"/{foreign(chr(0xD800))}",
    ("tools", 0, "function", "suspect"): f"/tools/0/function/{foreign('suspect')}",
}


@pytest.mark.parametrize("steps", PLACES, ids=lambda steps: ascii("/".join(map(str, steps))))
def test_places(steps: tuple[str | int, ...]) -> None:
    """Names of the API and indexes as they are; every other name is the caller's own word, and digested. Twice the same."""
    for _ in range(2):
        record = ENTRIES.decision(screened((Text(Location(steps), Role.USER, "x"),)), SEEN)
        assert record.fields["parts"][0]["location"] == PLACES[steps]


def test_what_is_remembered_of_places_is_bounded_and_holds_no_word_of_a_caller() -> None:
    """Thousands of different places leave no more than the limit behind; names of callers leave nothing."""
    entries = Entries(KEY, FIELD_NAMES)
    for number in range(MAX_PLACES + 10):
        known, own = Location(("messages", number)), Location(("metadata", f"Ann {number}"))
        entries.decision(screened((Text(known, Role.USER, "x"), Text(own, Role.FIELD, "x"))), SEEN)
    assert len(entries._places_known) == MAX_PLACES
    assert not [place for place in entries._places_known.values() if "?" in place]


def test_of_many_parts_the_first_are_listed() -> None:
    """The rest is a number; so are places beyond the limit cut off."""
    many = tuple(Text(Location(("input", number)), Role.USER, "x") for number in range(MAX_PARTS + 7))
    places = tuple(part.location for part in many)
    facts = Evidence((Fact("intent.track_person", Truth.TRUE, "intent", 1.0, places, len(places)),))
    finding = Finding("r", "C01", "", Outcome.FLAG, Truth.TRUE, "", (), places)
    fields = ENTRIES.decision(screened(many, facts, Decision(Outcome.FLAG, (finding,))), SEEN).fields
    assert (len(fields["parts"]), fields["parts_left_out"]) == (MAX_PARTS, 7)
    assert fields["parts"][-1]["location"] == f"/input/{MAX_PARTS - 1}"
    assert len(fields["facts"]["intent.track_person"]["locations"]) == MAX_PARTS
    assert fields["facts"]["intent.track_person"]["count"] == MAX_PARTS + 7
    assert len(fields["findings"][0]["locations"]) == MAX_PARTS
    assert fields["coverage"] == {"inspected": MAX_PARTS + 7, "refused": 0, "exempt": 0}


def test_a_file_name_is_not_kept() -> None:
    """Of a document its bytes count; what it is called is in no field."""
    part = Document(Location(("input", 0)), Inline("application/pdf", b"%PDF"), "ann-other.pdf")
    record = ENTRIES.decision(screened((part,)), SEEN)
    assert record.fields["parts"] == [
        {"kind": "document", "location": "/input/0", "bytes": 4, "digest": digest(b"%PDF")}
    ]
    assert b"ann-other" not in orjson.dumps(record.fields)


# ---- the property: nothing of the body in the record

WORDS = st.text(string.ascii_uppercase[6:] + "ÄÖÜßéñ漢字かな☃ '!", min_size=6, max_size=40)
"""What callers say: letters that no digest, time or name of ours is made of."""

SAID = WORDS | st.sampled_from(["Who is this person?", "content", "no-identification", PICTURE_URI])
TREES = st.recursive(
    SAID | st.none() | st.booleans() | st.integers(-9, 9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.sampled_from(["name", "type"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PARTS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, SAID),
    st.builds(lambda url: {"type": "image_url", "image_url": {"url": url}}, SAID),
    st.builds(lambda kind, rest: {"type": kind, "x": rest}, WORDS, TREES),
)
MESSAGES = st.builds(
    lambda role, content, rest: {"role": role, "content": content, **rest},
    st.sampled_from(["system", "user", "assistant", "developer"]) | WORDS,
    SAID | st.lists(PARTS, min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(["name", "tool_call_id", "refusal"]) | WORDS, TREES, max_size=2),
)
TOOLS = st.builds(
    lambda name, tree: {"type": "function", "function": {"name": name, "parameters": {"properties": tree}}},
    WORDS,
    TREES,
)
BODIES = st.builds(
    lambda messages, tools, rest: {**rest, "model": "gpt-4o", "messages": messages, "tools": tools},
    st.lists(MESSAGES, min_size=1, max_size=3),
    st.lists(TOOLS, max_size=2),
    st.dictionaries(st.sampled_from(["user", "metadata", "stop", "response_format"]) | WORDS, TREES, max_size=3),
)


class Everything:
    """A detector that reports every fact at every place, so that all places come into the record."""

    name = "everything"
    reports = frozenset(FACTS)

    def examine(self, content: Content, caller: Caller) -> Evidence:
        """Each fact, everywhere."""
        del caller
        places = tuple(part.location for part in content.parts)
        return Evidence(
            tuple(Fact(name, Truth.TRUE, self.name, 1.0, places, len(places), "why") for name in sorted(FACTS)),
            tuple((place, "nobody reads it") for place in places),
        )


def strings(tree: Any) -> set[str]:
    """All strings of a tree, names of members too."""
    match tree:
        case str():
            return {tree}
        case dict():
            return {found for key, value in tree.items() for found in strings(key) | strings(value)}
        case list():
            return {found for value in tree for found in strings(value)}
        case _:
            return set()


@given(BODIES)
def test_no_string_of_the_body_is_in_the_record(body: dict[str, Any]) -> None:
    """Whatever a chat request says, wherever it says it: no string of six characters or more of it stands in the record,
    other than the words of the API and the model's name. (Words that Facegate itself has are no evidence, so they are left out.)
    """
    asked = inbound(body, TARGETS["chat"])
    found = surface(asked, CATALOGUE, LIMITS)
    conclusion = screen(found, CALLER, Screening(Policy((), ""), (Everything(),), Wording("")), "fgd_1")
    record = ENTRIES.decision(conclusion, Seen("fgd_1", SEEN.time, "POST", len(asked.body), ENTRIES.digest(asked.body)))
    rendered = orjson.dumps(record.fields).decode()
    told = {said for said in strings(body) if len(said) >= 6} - FIELD_NAMES - {"gpt-4o", "no-identification"}
    assert not [said for said in told if said in rendered or orjson.dumps(said).decode()[1:-1] in rendered]
    assert PICTURE[:64].hex() not in rendered


def test_the_property_would_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that kept names as they are would be caught: the property is not true of anything."""
    monkeypatch.setattr(Entries, "_step", lambda _, step: step)
    entries = Entries(KEY, FIELD_NAMES)
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello", "HHHHHHH": "x"}]}
    found = surface(inbound(body, TARGETS["chat"]), CATALOGUE, LIMITS)
    conclusion = screen(found, CALLER, Screening(Policy((), ""), (Everything(),), Wording("")), "fgd_1")
    assert b"HHHHHHH" in orjson.dumps(entries.decision(conclusion, SEEN).fields)
