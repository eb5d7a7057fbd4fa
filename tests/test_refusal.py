"""Refusals as callers see them: whole error objects, and what the real SDK makes of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import openai
import orjson
import pytest
from openai import AzureOpenAI, OpenAI

from proxy.decision import Decision, Finding, Outcome
from proxy.errors import (
    BadRequest,
    MethodNotAllowed,
    NotFound,
    NotInspectable,
    RequestError,
    TooLarge,
    TooSlow,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from proxy.exchange import Refuse
from proxy.facts import Truth
from proxy.location import WHOLE, Location
from proxy.refusal import Wording, refuse_by_policy, refuse_error, refuse_unexamined

WORDING = Wording("the platform team")
PLACE = Location(("messages", 0, "content", 1))


def finding(
    rule: str = "bio-identify-verify",
    clause: str = "C03",
    outcome: Outcome = Outcome.BLOCK,
    truth: Truth = Truth.TRUE,
    alternative: str = "",
    locations: tuple[Location, ...] = (PLACE,),
) -> Finding:
    return Finding(
        rule=rule,
        clause=clause,
        citation=f"where {clause} stands",
        outcome=outcome,
        truth=truth,
        message=f"{clause} forbids it",
        facts=("intent.identify_person",),
        locations=locations,
        alternative=alternative,
    )


def listed(rule: str, clause: str, outcome: str, alternative: str | None = None, **more: Any) -> Mapping[str, Any]:
    return {
        "id": rule,
        "clause": clause,
        "citation": f"where {clause} stands",
        "outcome": outcome,
        "undetermined": False,
        "locations": ["/messages/0/content/1"],
        "alternative": alternative,
        **more,
    }


BLOCKED = Refuse(
    403,
    "prohibited_use",
    {
        "message": "This request is not permitted: C03 forbids it (rule bio-identify-verify, clause C03; decision d-1;"
        " to appeal: the platform team)",
        "type": "policy_violation",
        "code": "prohibited_use",
        "param": "/messages/0/content/1",
        "innererror": {
            "code": "ProhibitedUsePolicyViolation",
            "decision_id": "d-1",
            "rules": [listed("bio-identify-verify", "C03", "block")],
            "appeal": "the platform team",
            "alternative": None,
        },
    },
)


def test_a_blocked_request() -> None:
    """Rule, clause, citation, place, decision, appeal: the whole object."""
    assert refuse_by_policy(Decision(Outcome.BLOCK, (finding(),)), "d-1", WORDING) == BLOCKED


def test_a_request_held_for_review() -> None:
    """It says that a person can release it, and why it is not certain."""
    held = finding(outcome=Outcome.REVIEW, truth=Truth.UNKNOWN, alternative="describe clothes", locations=())
    refuse = refuse_by_policy(Decision(Outcome.REVIEW, (held,)), "d-2", WORDING)
    assert refuse == Refuse(
        403,
        "review_required",
        {
            "message": "This request needs a person's release, because it could not be ruled out that it is a prohibited use:"
            " C03 forbids it (rule bio-identify-verify, clause C03; decision d-2; to appeal: the platform team)",
            "type": "policy_violation",
            "code": "review_required",
            "param": None,
            "innererror": {
                "code": "ProhibitedUsePolicyViolation",
                "decision_id": "d-2",
                "rules": [
                    listed("bio-identify-verify", "C03", "review", "describe clothes", undetermined=True, locations=[])
                ],
                "appeal": "the platform team",
                "alternative": "describe clothes",
            },
        },
    )


LEADS: list[tuple[str, Sequence[Finding], list[str], str | None]] = [
    (
        "the narrowest clause leads",
        [finding(alternative="b"), finding("us-police-fr", "C01", alternative="a")],
        ["us-police-fr", "bio-identify-verify"],
        "a",
    ),
    (
        "the strictest leads",
        [finding("held", "C01", Outcome.REVIEW, alternative="a"), finding(alternative="b")],
        ["bio-identify-verify", "held"],
        "b",
    ),
    (
        "the certain leads",
        [finding("may", "C01", truth=Truth.UNKNOWN), finding()],
        ["bio-identify-verify", "may"],
        None,
    ),
    (
        "the first that has an alternative gives it",
        [finding("us-police-fr", "C01"), finding(alternative="b")],
        ["us-police-fr", "bio-identify-verify"],
        "b",
    ),
    (
        "advice and flags are no reasons",
        [finding("advice", "C12", Outcome.ADVISE), finding("flag", "C02", Outcome.FLAG), finding()],
        ["bio-identify-verify"],
        None,
    ),
]


@pytest.mark.parametrize(
    ("findings", "rules", "alternative"), [case[1:] for case in LEADS], ids=[case[0] for case in LEADS]
)
def test_which_reason_leads(findings: Sequence[Finding], rules: list[str], alternative: str | None) -> None:
    """Reasons in the order in which a person should read them; in whatever order they were found."""
    for order in (findings, list(reversed(findings))):
        error: Any = refuse_by_policy(Decision(Outcome.BLOCK, tuple(order)), "d", WORDING).error
        assert [rule["id"] for rule in error["innererror"]["rules"]] == rules
        assert f"rule {rules[0]}" in error["message"]
        assert error["innererror"]["alternative"] == alternative


def test_what_nobody_could_examine() -> None:
    """The first place with its reason; how many more there are."""
    gaps = [(PLACE, "it cannot be decoded"), (WHOLE, "why not")]
    assert refuse_unexamined(gaps, "d-3", WORDING) == Refuse(
        422,
        "not_inspectable",
        {
            "message": "/messages/0/content/1 cannot be inspected: it cannot be decoded (and 1 more) (decision d-3)",
            "type": "policy_violation",
            "code": "not_inspectable",
            "param": "/messages/0/content/1",
            "innererror": {"code": "NotInspectable", "decision_id": "d-3", "appeal": "the platform team"},
        },
    )
    whole: Any = refuse_unexamined(gaps[1:], "d-3", WORDING).error
    assert (whole["message"], whole["param"]) == ("the body cannot be inspected: why not (decision d-3)", None)


ERRORS: list[tuple[RequestError, int, str, str]] = [
    (BadRequest("m"), 400, "invalid_request", "invalid_request_error"),
    (Unauthenticated("m", "unknown"), 401, "invalid_api_key", "invalid_request_error"),
    (NotFound("m"), 404, "not_inspectable", "policy_violation"),
    (MethodNotAllowed("m"), 405, "method_not_allowed", "invalid_request_error"),
    (TooSlow("m"), 408, "request_timeout", "invalid_request_error"),
    (TooLarge("m"), 413, "too_large", "invalid_request_error"),
    (UnsupportedMedia("m"), 415, "unsupported_media_type", "invalid_request_error"),
    (NotInspectable("m"), 422, "not_inspectable", "policy_violation"),
    (Unavailable("m"), 503, "examination_unavailable", "server_error"),
]


@pytest.mark.parametrize(
    ("error", "status", "code", "kind"), ERRORS, ids=[type(error).__name__ for error, *_ in ERRORS]
)
@pytest.mark.parametrize("location", [WHOLE, PLACE], ids=["whole body", "a place"])
def test_errors(error: RequestError, status: int, code: str, kind: str, location: Location) -> None:
    """Every error's whole object. Only what policy might see otherwise can be appealed."""
    error.location = location
    appeal = {"appeal": "the platform team"} if kind == "policy_violation" else {}
    assert refuse_error(error, "d-4", WORDING) == Refuse(
        status,
        code,
        {
            "message": "m (decision d-4)",
            "type": kind,
            "code": code,
            "param": str(location) or None,
            "innererror": {"code": type(error).__name__, "decision_id": "d-4", **appeal},
        },
    )


# ---- in the style of the service's content filter


FILTERING = Wording("the platform team", as_content_filter=True)


def test_as_the_content_filter() -> None:
    """400, the codes and the result that its clients look at, and everything that the plain refusal says."""
    plain: Any = BLOCKED.error
    assert refuse_by_policy(Decision(Outcome.BLOCK, (finding(),)), "d-1", FILTERING) == Refuse(
        400,
        "prohibited_use",
        {
            **plain,
            "code": "content_filter",
            "status": 400,
            "innererror": {
                **plain["innererror"],
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_result": {"prohibited_use": {"filtered": True, "detected": True}},
                "reason": "prohibited_use",
            },
        },
    )


def test_the_switch_changes_verdicts_only() -> None:
    """What is malformed, unknown or cannot be examined is no matter of a content filter."""
    assert refuse_error(BadRequest("m"), "d", FILTERING) == refuse_error(BadRequest("m"), "d", WORDING)
    gaps = [(PLACE, "why")]
    assert refuse_unexamined(gaps, "d", FILTERING) == refuse_unexamined(gaps, "d", WORDING)


# ---- what the SDK makes of them


def raised_by_the_sdk(refuse: Refuse, client: type[OpenAI | AzureOpenAI]) -> openai.APIStatusError:
    """The error that the real SDK raises when it is answered with a refusal."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        del request
        return httpx2.Response(
            refuse.status, content=orjson.dumps({"error": refuse.error}), headers={"content-type": "application/json"}
        )

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    asked = (
        AzureOpenAI(azure_endpoint="http://gate", api_key="k", api_version="v", http_client=http, max_retries=0)
        if client is AzureOpenAI
        else OpenAI(base_url="http://gate", api_key="k", http_client=http, max_retries=0)
    )
    with asked, pytest.raises(openai.APIStatusError) as error:
        asked.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
    return error.value


SDK_ERRORS: list[tuple[str, Refuse, type[openai.APIStatusError], str, str]] = [
    ("blocked", BLOCKED, openai.PermissionDeniedError, "prohibited_use", "clause C03; decision d-1; to appeal"),
    (
        "content filter",
        refuse_by_policy(Decision(Outcome.BLOCK, (finding(),)), "d-1", FILTERING),
        openai.BadRequestError,
        "content_filter",
        "clause C03; decision d-1; to appeal",
    ),
    (
        "not examined",
        refuse_unexamined([(PLACE, "why")], "d", WORDING),
        openai.UnprocessableEntityError,
        "not_inspectable",
        "/messages/0/content/1 cannot be inspected: why",
    ),
    (
        "nobody we know",
        refuse_error(Unauthenticated("the credential is not one of this proxy's keys", "unknown"), "d", WORDING),
        openai.AuthenticationError,
        "invalid_api_key",
        "the credential is not one of this proxy's keys (decision d)",
    ),
    (
        "unavailable",
        refuse_error(Unavailable("try again"), "d", WORDING),
        openai.InternalServerError,
        "examination_unavailable",
        "try again (decision d)",
    ),
]


@pytest.mark.parametrize("client", [OpenAI, AzureOpenAI], ids=["OpenAI", "AzureOpenAI"])
@pytest.mark.parametrize(
    ("refuse", "kind", "code", "words"), [case[1:] for case in SDK_ERRORS], ids=[case[0] for case in SDK_ERRORS]
)
def test_the_sdk_understands(
    refuse: Refuse, kind: type[openai.APIStatusError], code: str, words: str, client: type[OpenAI | AzureOpenAI]
) -> None:
    """Its error class, its `code`, `param` and `type`, and a message that a person can act on."""
    error = raised_by_the_sdk(refuse, client)
    assert (type(error), error.code, error.param, error.type) == (
        kind,
        code,
        refuse.error["param"],
        refuse.error["type"],
    )
    assert words in str(error)
    assert error.body == refuse.error
