"""Refusals as the caller sees them: the service's own error envelope, with what a person needs to act on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proxy.content import Json
from proxy.decision import Decision, Finding, Outcome
from proxy.errors import NotFound, NotInspectable, RequestError
from proxy.exchange import Refuse
from proxy.facts import Truth
from proxy.location import Location


@dataclass(frozen=True, slots=True)
class Wording:
    """How refusals are worded: whom to turn to, and whether to answer as the service's own content filter does."""

    appeal: str
    as_content_filter: bool = False


def refuse_by_policy(decision: Decision, decision_id: str, wording: Wording) -> Refuse:
    """The refusal of a request that policy blocks or holds for review; 403, or 400 in content-filter style."""
    counted = _counted(decision.findings)
    chief = counted[0]
    review = decision.outcome is Outcome.REVIEW
    code = "review_required" if review else "prohibited_use"
    lead = "This request needs a person's release" if review else "This request is not permitted"
    if chief.truth is Truth.UNKNOWN:
        lead += ", because it could not be ruled out that it is a prohibited use"
    error: dict[str, Json] = {
        "message": f"{lead}: {chief.message} (rule {chief.rule}, clause {chief.clause}; decision {decision_id};"
        f" to appeal: {wording.appeal})",
        "type": "policy_violation",
        "code": code,
        "param": str(chief.locations[0]) if chief.locations else None,
        "innererror": {
            "code": "ProhibitedUsePolicyViolation",
            "decision_id": decision_id,
            "rules": [_rule(finding) for finding in counted],
            "appeal": wording.appeal,
            "alternative": next((finding.alternative for finding in counted if finding.alternative), None),
        },
    }
    if wording.as_content_filter:
        return Refuse(400, code, _as_content_filter(error, code))
    return Refuse(403, code, error)


def _as_content_filter(error: Mapping[str, Json], code: str) -> Mapping[str, Json]:
    """`error` with what clients of the service's content filter look at: the two codes, and a category that was filtered.

    All else stays, so that the caller is told the same; `reason` is the code that the refusal has without the switch.
    """
    inner = error["innererror"]
    assert isinstance(inner, Mapping)  # noqa: S101 - made above
    return {
        **error,
        "code": "content_filter",
        "status": 400,
        "innererror": {
            **inner,
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"prohibited_use": {"filtered": True, "detected": True}},
            "reason": code,
        },
    }


def refuse_unexamined(places: Sequence[tuple[Location, str]], decision_id: str, wording: Wording) -> Refuse:
    """The refusal of a request that holds something nobody could read or examine; `places` is not empty."""
    location, why = places[0]
    more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
    return _refuse(
        NotInspectable(f"{str(location) or 'the body'} cannot be inspected: {why}{more}", location),
        decision_id,
        wording,
    )


def refuse_error(error: RequestError, decision_id: str, wording: Wording) -> Refuse:
    """The refusal that an error of reading or admitting a request stands for."""
    return _refuse(error, decision_id, wording)


def _refuse(error: RequestError, decision_id: str, wording: Wording) -> Refuse:
    inner: dict[str, Json] = {"code": type(error).__name__, "decision_id": decision_id}
    if isinstance(error, (NotInspectable, NotFound)):
        inner["appeal"] = wording.appeal
    body: dict[str, Json] = {
        "message": f"{error.message} (decision {decision_id})",
        "type": _type(error),
        "code": error.code,
        "param": str(error.location) or None,
        "innererror": inner,
    }
    return Refuse(error.status, error.code, body)


def _type(error: RequestError) -> str:
    if error.code == NotInspectable.code:
        return "policy_violation"
    return "server_error" if error.status >= 500 else "invalid_request_error"  # noqa: PLR2004 - the 5xx class


def _counted(findings: Sequence[Finding]) -> Sequence[Finding]:
    """The findings that refuse, strictest first, certain before undetermined, then by clause (the narrowest clauses have
    the lowest numbers, and the first finding's alternative is the one shown); never empty for a refused decision.
    """
    refusing = [finding for finding in findings if not finding.outcome.forwards]
    return sorted(
        refusing, key=lambda finding: (-finding.outcome.severity, -finding.truth, finding.clause, finding.rule)
    )


def _rule(finding: Finding) -> Json:
    return {
        "id": finding.rule,
        "clause": finding.clause,
        "citation": finding.citation,
        "outcome": finding.outcome.value,
        "undetermined": finding.truth is Truth.UNKNOWN,
        "locations": [str(location) for location in finding.locations],
        "alternative": finding.alternative or None,
    }
