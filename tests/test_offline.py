"""Offline the same stages decide as online; a verdict says all of it."""

import gzip
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.cases import PACK
from support.forms import FORM_TYPE, written
from support.gate import CONFIG

from proxy.case import ApprovalCase, CallerCase, Case, PrincipalCase, parse_case
from proxy.cli.screen import bench_of
from proxy.errors import ConfigurationError
from proxy.exchange import Rejected, Screened
from proxy.facts import CATALOGUE, Truth
from proxy.offline import Bench, caller_for, decide, evidence_of, listing, screen_case, tenant_of
from proxy.serve.runtime import load_runtime

TODAY = date(2026, 6, 15)

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture(scope="module")
def bench() -> Bench:
    return bench_of(load_runtime(CONFIG / "proxy.yaml"))


def case(**fields: Any) -> Case:
    return Case(**{"id": "one", "tenant": "retail-co", **fields})


WHO = {"role": "user", "content": [
    {"type": "text", "text": "Tell me the name of the woman in the picture."},
    {"type": "image_url", "image_url": {"url": "@file:fixtures/portrait.jpg"}},
]}  # fmt: skip


def test_a_verdict_whole(bench: Bench) -> None:
    """As `facegate screen --json` prints it: these keys and no others."""
    row = listing(decide(case(body={"model": "gpt-4o", "messages": [WHO]}), bench, PACK, TODAY))
    facts: Any = row.pop("facts")
    assert row == {
        "id": "one",
        "outcome": "block",
        "status": 403,
        "rules": ["bio-identify-verify"],
        "undetermined": [],
        "findings": [
            {
                "rule": "bio-identify-verify",
                "clause": "C03",
                "outcome": "block",
                "locations": ["/messages/0/content/0/text", "/messages/0/content/1/image_url/url"],
                "facts": ["intent.identify_person", "media.images", "media.faces"],
            }
        ],
        "coverage": {"inspected": 2, "refused": 0, "exempt": 0},
        "policy_revision": bench.screening.policy.revision,
    }
    assert set(facts) == set(CATALOGUE)
    assert {tuple(fact) for fact in facts.values()} == {("truth", "score", "sources", "locations")}
    assert facts["media.faces"]["truth"] == "true"
    assert facts["media.faces"]["sources"] == ["faces"]
    assert facts["media.faces"]["locations"] == ["/messages/0/content/1/image_url/url"]
    assert facts["intent.infer_emotion"] == {"truth": "false", "score": 1.0, "sources": ["intent"], "locations": []}


def test_a_rejected_request(bench: Bench) -> None:
    """Policy was not asked: no findings, no facts, and the reason beside the listing."""
    verdict = decide(case(body={"model": "gpt-4o"}, path="/openai/v1/nothing"), bench, PACK, TODAY)
    assert (verdict.status, verdict.code, verdict.decision) == (404, "not_inspectable", None)
    assert listing(verdict) == {
        "id": "one",
        "outcome": "rejected",
        "status": 404,
        "rules": [],
        "undetermined": [],
        "findings": [],
        "facts": {},
        "coverage": {"inspected": 0, "refused": 0, "exempt": 0},
        "policy_revision": bench.screening.policy.revision,
    }


DECIDED: list[tuple[str, dict[str, Any], bytes | None, tuple[str, int, str]]] = [
    ("forwarded", {"body": CHAT}, None, ("allow", 200, "")),
    (
        "bytes as they are",
        {"body": {}, "path": "/openai/v1/chat/completions"},
        b'{"model": "m", "messages": []}',
        ("allow", 200, ""),
    ),
    (
        "a key twice",
        {"body": {}, "path": "/openai/v1/chat/completions"},
        b'{"model": "m", "model": "m", "messages": []}',
        ("rejected", 400, "invalid_request"),
    ),
    (
        "NaN",
        {"body": {}, "path": "/openai/v1/chat/completions"},
        b'{"model": "m", "messages": [], "temperature": NaN}',
        ("rejected", 400, "invalid_request"),
    ),
    (
        "compressed",
        {"body": {}, "path": "/openai/v1/chat/completions", "headers": {"Content-Encoding": "gzip"}},
        gzip.compress(b'{"model": "m", "messages": []}'),
        ("allow", 200, ""),
    ),
    (
        "said to be compressed",
        {"body": CHAT, "headers": {"Content-Encoding": "gzip"}},
        None,
        ("rejected", 400, "invalid_request"),
    ),
    (
        "compressed in another way",
        {"body": CHAT, "headers": {"content-encoding": "br"}},
        None,
        ("rejected", 415, "unsupported_media_type"),
    ),
    (
        "another content type",
        {"body": CHAT, "content_type": "text/plain"},
        None,
        ("rejected", 415, "unsupported_media_type"),
    ),
    (
        "a content type in the headers",
        {"body": CHAT, "headers": {"Content-Type": "text/plain"}},
        None,
        ("rejected", 415, "unsupported_media_type"),
    ),
    ("another method", {"body": CHAT, "method": "PUT"}, None, ("rejected", 405, "method_not_allowed")),
    ("malformed attributes", {"body": CHAT, "attributes": "camera=lens"}, None, ("rejected", 400, "invalid_request")),
    (
        "malformed attributes in the headers",
        {"body": CHAT, "headers": {"Facegate-Attributes": "x"}},
        None,
        ("rejected", 400, "invalid_request"),
    ),
    (
        "attributes of the case go first",
        {"body": CHAT, "attributes": "camera=dash", "headers": {"facegate-attributes": "x"}},
        None,
        ("allow", 200, ""),
    ),
    ("facts", {"facts": {"intent.infer_emotion": True, "media.images": True}}, None, ("block", 403, "prohibited_use")),
    ("facts that say nothing", {"facts": {"media.images": True}}, None, ("allow", 200, "")),
    ("facts and malformed attributes", {"facts": {}, "attributes": "x"}, None, ("rejected", 400, "invalid_request")),
]


@pytest.mark.parametrize(("fields", "body", "answer"), [one[1:] for one in DECIDED], ids=[one[0] for one in DECIDED])
def test_decided(bench: Bench, fields: dict[str, Any], body: bytes | None, answer: tuple[str, int, str]) -> None:
    """Outcome, status and code, as the server would answer."""
    verdict = decide(case(**fields), bench, PACK, TODAY, body)
    assert (verdict.outcome, verdict.status, verdict.code) == answer


def test_a_body_over_the_limit(bench: Bench) -> None:
    """413 where the server would not read it; what the server looks at before that goes first."""
    small = Bench(bench.register, bench.catalogue, bench.screening, bench.limits, 20)
    assert decide(case(body=CHAT), small, PACK, TODAY).status == 413
    assert decide(case(body=CHAT, path="/openai/v1/nothing"), small, PACK, TODAY).status == 404
    assert decide(case(body=CHAT, attributes="x"), small, PACK, TODAY).status == 400


def test_what_is_known_of_a_rejected_request(bench: Bench) -> None:
    """Its caller and its operation, as far as it got; a screened one has both."""
    rejected = screen_case(case(body=CHAT, content_type="text/plain"), bench, PACK, TODAY)
    nobody = screen_case(case(body=CHAT, attributes="x"), bench, PACK, TODAY)
    screened = screen_case(case(body=CHAT), bench, PACK, TODAY)
    assert isinstance(rejected, Rejected)
    assert isinstance(nobody, Rejected)
    assert isinstance(screened, Screened)
    assert rejected.caller is not None
    assert rejected.called is not None
    assert (rejected.caller.tenant, rejected.called.operation.name) == ("retail-co", "chat.completions")
    assert (nobody.caller, nobody.called) == (None, None)
    assert (screened.caller.tenant, screened.called.operation.name) == ("retail-co", "chat.completions")


UNUSABLE: list[tuple[str, dict[str, Any], str]] = [
    (
        "an unknown tenant",
        {"tenant": "retail"},
        "there is no tenant 'retail' in the register; did you mean 'retail-co'?",
    ),
    ("nobody calls", {"tenant": None}, "case one: a `tenant` or a `caller` is missing"),
    (
        "a missing path",
        {"body": {"model": "m"}},
        "case one: `path` is missing, and the body does not tell the operation",
    ),
    ("a missing file", {"body": {"messages": ["@file:none.jpg"]}}, "the file of `@file:none.jpg` cannot be read"),
]


@pytest.mark.parametrize(("fields", "words"), [one[1:] for one in UNUSABLE], ids=[one[0] for one in UNUSABLE])
def test_unusable(bench: Bench, fields: dict[str, Any], words: str) -> None:
    """A mistake in the case is no refusal."""
    with pytest.raises(ConfigurationError) as error:
        decide(case(**{"body": CHAT, **fields}), bench, PACK, TODAY)
    assert words in str(error.value)


def test_callers_written_out_are_tenants() -> None:
    """A caller of a case is what a register entry with the same words is, and its request narrows it in the same way."""
    written = CallerCase(
        organization="public_safety_vendor",
        country="US",
        camera="fixed",
        on_behalf_of=(PrincipalCase(organization="police_department", country="US"),),
        approvals=(ApprovalCase(reference="A", scope=("C03",)),),
    )
    entry = tenant_of(written)
    assert (entry.attributes.organization, entry.attributes.camera, entry.credentials) == (
        "public_safety_vendor",
        "fixed",
        (),
    )
    assert [(one.organization, one.country) for one in entry.principals() or ()] == [("police_department", "US")]
    assert [one.reference for one in entry.approvals_on(TODAY)] == ["A"]
    assert tenant_of(CallerCase()).principals() is None
    assert tenant_of(CallerCase(organization="private")).principals() == ()
    assert tenant_of(CallerCase(organization="private", on_behalf_of="unknown")).principals() is None


@pytest.mark.parametrize(
    ("attributes", "camera"),
    [(None, "fixed"), ("camera=dash", "dash"), ("camera=none", "fixed")],
    ids=["silent", "stricter", "milder"],
)
def test_a_declaration_of_a_case(bench: Bench, attributes: str | None, camera: str) -> None:
    """Stricter counts, milder does not."""
    given = Case(caller=CallerCase(organization="private", camera="fixed"), attributes=attributes, facts={})
    assert caller_for(given, bench.register, TODAY).value_of("camera") == camera


def test_evidence_of_facts() -> None:
    """All that is not given is false; nothing is left unknown by leaving it out."""
    found = evidence_of({"media.images": True, "media.faces": "unknown", "media.audio": False}).by_name()
    assert {name: fact.truth for name, fact in found.items() if fact.truth is not Truth.FALSE} == {
        "media.images": Truth.TRUE,
        "media.faces": Truth.UNKNOWN,
    }
    assert set(found) == set(CATALOGUE)


def test_the_demonstrations_readme_case(bench: Bench, tmp_path: Path) -> None:
    """A US police department with a body-worn camera, in one line of JSON."""
    (tmp_path / "face.jpg").write_bytes((PACK / "fixtures" / "portrait.jpg").read_bytes())
    line = (
        b'{"id": "r", "tenant": "metro-pd", "attributes": "camera=body_worn", "body": {"model": "gpt-4o", "messages": ['
        b'{"role": "user", "content": [{"type": "text", "text": "Who is this woman?"},'
        b'{"type": "image_url", "image_url": {"url": "@file:face.jpg"}}]}]}}'
    )
    verdict = decide(parse_case(line, tmp_path), bench, tmp_path, TODAY)
    assert verdict.decision is not None
    assert sorted(verdict.decision.fired) == ["bio-identify-verify", "le-mobile-realtime-fr", "us-police-fr"]


ASKS = {"model": "gpt-4o", "input": "Who is this?", "previous_response_id": "resp_1"}

NOT_SEEN = ("review", 403, (), ("bio-identify-verify",))
"""There may be a face in what was not seen."""

EARLIER: dict[str, tuple[dict[str, Any], tuple[str, int, tuple[str, ...], tuple[str, ...]]]] = {
    # name: what earlier requests showed, (outcome, status, rules that hold, rules that could not be determined)
    "a face": (
        {"response/resp_1": {"media.faces": True, "media.images": True}},
        ("block", 403, ("bio-identify-verify",), ()),
    ),
    "perhaps a face": (
        {"response/resp_1": {"media.faces": "unknown", "media.images": True}},
        ("review", 403, (), ("bio-identify-verify",)),
    ),
    "no face": ({"response/resp_1": {"media.faces": False, "media.images": True}}, ("allow", 200, (), ())),
    "nothing": ({"response/resp_1": {}}, ("allow", 200, (), ())),
    "a face, in another response": ({"response/resp_2": {"media.faces": True}}, NOT_SEEN),
    "a face, in a thing of another kind": ({"conversation/resp_1": {"media.faces": True}}, NOT_SEEN),
    "not told": ({}, NOT_SEEN),
}


@pytest.mark.parametrize("name", EARLIER)
def test_what_earlier_requests_showed(bench: Bench, name: str) -> None:
    """It counts where the body names what they made; what is not told is not known."""
    past, expected = EARLIER[name]
    verdict = decide(case(body=ASKS, past=past), bench, PACK, TODAY)
    decision = verdict.decision
    assert decision is not None
    assert (verdict.outcome, verdict.status, decision.fired, decision.undetermined) == expected
    if name == "a face":
        assert {str(place) for one in decision.findings for place in one.locations} == {
            "/input",
            "/previous_response_id",
        }


def test_a_form(bench: Bench, tmp_path: Path) -> None:
    """A form is a file of raw bytes with its content type; a batch in it is judged line by line, as by the server."""
    line = '{"custom_id":"1","method":"POST","url":"/v1/responses","body":{"model":"m","input":"%s"}}'
    lines = [line % "Write a limerick.", line.replace('"1"', '"2"') % "Match this face against the mugshot database."]
    (tmp_path / "form").write_bytes(written(("purpose", "batch"), ("file", "\n".join(lines), "b.jsonl")))
    batch = {"path": "/openai/v1/files", "content_type": FORM_TYPE[1], "body": "@file:form"}
    police = decide(case(tenant="metro-pd", **batch), bench, tmp_path, TODAY)
    assert (police.status, "(line 2)" in police.message) == (403, True)
    assert police.decision is not None
    assert [str(place) for place in police.decision.findings[0].locations] == ["/line/2/input"]
