"""Callers, facts and the shipped pack, in few words; and the pack's own cases for whoever runs them elsewhere."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from support.gate import CONFIG

from proxy.admit.register import TenantEntry
from proxy.caller import Approval, Attribute, Caller, OnBehalfOf, Provenance
from proxy.case import Case, load_cases
from proxy.facts import CATALOGUE, Evidence, Fact, Truth
from proxy.judge.policy import Facts
from proxy.offline import tenant_of

PACK = CONFIG / "policies" / "ms-aoai-coc" / "2024-05-01"


def caller(on_behalf_of: OnBehalfOf = (), approvals: Sequence[Approval] = (), /, **attributes: str) -> Caller:
    """A caller of whom these attributes are attested."""
    known = {name: Attribute(name, value, Provenance.ATTESTED) for name, value in attributes.items()}
    return Caller("tenant", "key", known, on_behalf_of, tuple(approvals))


def facts(truths: Mapping[str, Truth] | None = None, **more: Truth) -> Facts:
    """Every fact of the catalogue, FALSE unless given. In names given as keywords, `__` stands for the dot."""
    given = {**(truths or {}), **{name.replace("__", "."): truth for name, truth in more.items()}}
    return {name: Fact(name, given.get(name, Truth.FALSE), "test", 1.0, (), 1) for name in CATALOGUE}


def evidence(truths: Mapping[str, Truth] | None = None, **more: Truth) -> Evidence:
    """`facts` as evidence."""
    return Evidence(tuple(facts(truths, **more).values()))


def request_cases() -> Sequence[tuple[Case, Path]]:
    """The cases of the shipped pack that are whole requests, each with the folder of its files."""
    return [(case, PACK) for case in load_cases(PACK / "tests.yaml") if case.facts is None]


def tenant_for(case: Case, tenant_id: str) -> TenantEntry:
    """The register entry, without keys, whose calls are those of a case's `caller`."""
    assert case.caller is not None
    return tenant_of(case.caller).model_copy(update={"id": tenant_id, "name": tenant_id})
