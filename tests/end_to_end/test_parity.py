"""Offline and online decide alike: every whole request among the pack's cases, screened both ways, record against verdict."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.cases import request_cases, tenant_for
from support.gate import gate

from proxy.admit.credentials import digest_of, new_key
from proxy.admit.register import CredentialEntry, RegisterFile
from proxy.case import body_of, path_of
from proxy.offline import Bench, decide, past_of


async def test_every_case_is_decided_alike(tmp_path: Path) -> None:
    """Outcome, status, rules, undetermined rules, facts that are not false, and coverage; what came before is remembered."""
    cases = [(f"case-{number}", new_key(), case, folder) for number, (case, folder) in enumerate(request_cases())]
    tenants = tuple(
        tenant_for(case, name).model_copy(update={"credentials": (CredentialEntry(id="key", digest=digest_of(key)),)})
        for name, key, case, _ in cases
    )
    today = datetime.now(UTC).date()
    offline: dict[str, Any] = {}
    online: dict[str, Any] = {}
    async with gate(tmp_path, RegisterFile(tenants=tenants)) as proxy:
        runtime = proxy.runtime
        bench = Bench(
            runtime.register,
            runtime.catalogue,
            runtime.screening,
            runtime.surface_limits,
            runtime.settings.limits.body_bytes,
        )
        for name, key, case, folder in cases:
            verdict = decide(case.model_copy(update={"tenant": name, "caller": None}), bench, folder, today)
            decision = verdict.decision
            offline[case.id] = (
                verdict.outcome,
                verdict.status,
                sorted(decision.fired if decision else ()),
                sorted(decision.undetermined if decision else ()),
                {one: fact.truth.name.lower() for one, fact in verdict.facts.items() if fact.truth},
                (verdict.coverage.inspected, verdict.coverage.refused),
            )
            headers = {name.replace("-", "_"): value for name, value in case.headers.items()}
            if case.attributes is not None:
                headers["facegate_attributes"] = case.attributes
            memory = proxy.facegate.shell.remembering.memory
            before = past_of(case).dossiers
            for thing, dossier in before.items():
                await memory.remember(name, [thing], dossier)
            status, _, _ = await proxy.post(
                body_of(case, folder),
                path=path_of(case),
                **{**headers, "api_key": key, "content_type": case.content_type},
            )
            await memory.forget(name, before)
            record = (await proxy.records("decision"))[-1]
            online[case.id] = (
                record["outcome"],
                status,
                sorted(record.get("rules", ())),
                sorted(record.get("undetermined", ())),
                {one: fact["truth"] for one, fact in record.get("facts", {}).items()},
                tuple(record.get("coverage", {}).get(kind, 0) for kind in ("inspected", "refused")),
            )
    assert len(offline) > 50
    assert online == offline
