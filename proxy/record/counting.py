"""What one conclusion adds to the metrics."""

from collections.abc import Mapping, Sequence

from proxy.decision import Finding
from proxy.exchange import Conclusion, Refuse, Screened
from proxy.facts import Truth
from proxy.past import HISTORY
from proxy.record.entry import outcome_of
from proxy.record.metrics import Metrics


def count_conclusion(metrics: Metrics, conclusion: Conclusion, operation: str, stages: Mapping[str, float]) -> None:
    """Count a conclusion. `stages` are milliseconds by stage.

    Label values come from closed sets: the register, the catalogue, the packs.
    """
    tenant = conclusion.caller.tenant if conclusion.caller else "none"
    metrics.count("facegate_requests_total", tenant, operation, outcome_of(conclusion), _status(conclusion))
    metrics.observe_each("facegate_request_stage_seconds", stages)
    if isinstance(conclusion, Screened):
        _count_screened(metrics, conclusion, tenant, operation)


def _status(conclusion: Conclusion) -> str:
    if isinstance(conclusion, Screened):
        return str(conclusion.action.status) if isinstance(conclusion.action, Refuse) else "forwarded"
    return str(conclusion.refuse.status)


def _count_screened(metrics: Metrics, screened: Screened, tenant: str, operation: str) -> None:
    for (kind, disposition), number in screened.coverage.kinds.items():
        metrics.count("facegate_parts_total", operation, kind, disposition, by=number)
    _count_findings(metrics, screened.decision.findings, tenant, "enforce")
    _count_findings(metrics, screened.decision.shadow, tenant, "shadow")
    faces = sum(
        [fact.count for fact in screened.evidence.facts if fact.name == "media.faces" and fact.source != HISTORY]
    )
    if faces:
        metrics.count("facegate_faces_found_total", by=faces)


def _count_findings(metrics: Metrics, findings: Sequence[Finding], tenant: str, mode: str) -> None:
    for finding in findings:
        if finding.truth is Truth.TRUE:
            metrics.count("facegate_findings_total", tenant, finding.rule, finding.outcome.value, mode)
        else:
            metrics.count("facegate_undetermined_total", finding.rule, mode)
