"""Who calls: the key decides the tenant, the register says what is known of it, and nobody else gets in."""

from datetime import date

import pytest

from proxy.admit import attributed, authenticate, caller_of, worst_case
from proxy.admit.credentials import digest_of
from proxy.admit.register import (
    ApprovalEntry,
    AttributesEntry,
    CredentialEntry,
    DelegatesEntry,
    PrincipalEntry,
    Register,
    RegisterFile,
    TenantEntry,
    build_register,
)
from proxy.caller import SOMEBODY, Approval, Attribute, Caller, OnBehalfOf, Principal, Provenance
from proxy.errors import BadRequest, Unauthenticated
from proxy.exchange import Inbound

TODAY = date(2026, 6, 15)

KEY, SECOND, EXPIRING, OTHER = "fg_key", "fg_second", "fg_expiring", "fg_other"

RETAIL = TenantEntry(
    id="retail",
    name="Retail",
    credentials=(
        CredentialEntry(id="first", digest=digest_of(KEY)),
        CredentialEntry(id="second", digest=digest_of(SECOND)),
        CredentialEntry(id="expiring", digest=digest_of(EXPIRING), expires=TODAY),
    ),
    attributes=AttributesEntry(organization="private", country="US"),
    approvals=(
        ApprovalEntry(reference="current", scope=("C03",), expires=TODAY),
        ApprovalEntry(reference="past", scope=("C03",), expires=date(2026, 6, 14)),
    ),
)
POLICE = TenantEntry(
    id="police",
    name="Police",
    credentials=(CredentialEntry(id="only", digest=digest_of(OTHER)),),
    attributes=AttributesEntry(organization="police_department", country="US"),
    delegates=DelegatesEntry(camera=("fixed",), environment=("controlled",), timing=("post_event",)),
)


def register() -> Register:
    return build_register(RegisterFile(tenants=(RETAIL, POLICE)))


def inbound(*headers: tuple[str, str]) -> Inbound:
    return Inbound("POST", "/openai/v1/chat/completions", headers, b"")


def assumed(**values: str) -> dict[str, Attribute]:
    return {name: Attribute(name, value, Provenance.ASSUMED) for name, value in values.items()}


def attested(**values: str) -> dict[str, Attribute]:
    return {name: Attribute(name, value, Provenance.ATTESTED) for name, value in values.items()}


WORST = assumed(camera="body_worn", environment="uncontrolled", timing="real_time")


def test_a_caller_whole() -> None:
    """What the register attests, under the name of the key that was used, with the approvals in force today."""
    assert authenticate(register(), inbound(("api-key", SECOND)), TODAY) == Caller(
        "retail",
        "second",
        attested(organization="private", country="US"),
        (),
        (Approval("current", ("C03",), "2026-06-15"),),
    )


ADMITTED: list[tuple[str, list[tuple[str, str]], tuple[str, str]]] = [
    ("api-key", [("api-key", KEY)], ("retail", "first")),
    ("bearer", [("authorization", f"Bearer {OTHER}")], ("police", "only")),
    ("both the same", [("api-key", KEY), ("authorization", f"bearer {KEY}")], ("retail", "first")),
    ("two keys of one tenant", [("authorization", f"Bearer {SECOND}"), ("api-key", KEY)], ("retail", "first")),
    ("on its last day", [("api-key", EXPIRING)], ("retail", "expiring")),
    ("beside another scheme", [("api-key", KEY), ("authorization", "Basic abc")], ("retail", "first")),
]


@pytest.mark.parametrize(("headers", "who"), [case[1:] for case in ADMITTED], ids=[case[0] for case in ADMITTED])
def test_admitted(headers: list[tuple[str, str]], who: tuple[str, str]) -> None:
    """A key that the register knows, in either header or in both."""
    caller = authenticate(register(), inbound(*headers), TODAY)
    assert (caller.tenant, caller.credential) == who


TURNED_AWAY: list[tuple[str, list[tuple[str, str]], date, str]] = [
    ("no credential", [], TODAY, "missing"),
    ("an empty key", [("api-key", "")], TODAY, "missing"),
    ("another scheme", [("authorization", f"Basic {KEY}")], TODAY, "missing"),
    ("a key without its scheme", [("authorization", KEY)], TODAY, "missing"),
    ("an unknown key", [("api-key", "fg_nobody")], TODAY, "unknown"),
    ("a digest for a key", [("api-key", digest_of(KEY))], TODAY, "unknown"),
    ("a key in other letters", [("api-key", KEY.upper())], TODAY, "unknown"),
    ("bytes beyond ASCII", [("api-key", KEY + "\xe9")], TODAY, "unknown"),
    ("a known key and an unknown one", [("api-key", KEY), ("authorization", "Bearer fg_nobody")], TODAY, "unknown"),
    (
        "an unknown key and a known one",
        [("api-key", "fg_nobody"), ("authorization", f"Bearer {KEY}")],
        TODAY,
        "unknown",
    ),
    ("keys of two tenants", [("api-key", KEY), ("authorization", f"Bearer {OTHER}")], TODAY, "ambiguous"),
    ("two api-key headers", [("api-key", KEY), ("api-key", KEY)], TODAY, "ambiguous"),
    ("two authorization headers", [("authorization", f"Bearer {KEY}")] * 2, TODAY, "ambiguous"),
    ("the day after the last", [("api-key", EXPIRING)], date(2026, 6, 16), "expired"),
    (
        "an expired key beside a good one",
        [("api-key", KEY), ("authorization", f"Bearer {EXPIRING}")],
        date(2026, 6, 16),
        "expired",
    ),
]


@pytest.mark.parametrize(
    ("headers", "day", "reason"), [case[1:] for case in TURNED_AWAY], ids=[case[0] for case in TURNED_AWAY]
)
def test_turned_away(headers: list[tuple[str, str]], day: date, reason: str) -> None:
    """Nobody else is let in; the reason is one word, and no message quotes what was presented."""
    with pytest.raises(Unauthenticated) as error:
        authenticate(register(), inbound(*headers), day)
    assert error.value.reason == reason
    assert not any(key in error.value.message for key in (KEY, SECOND, EXPIRING, OTHER, "fg_nobody"))


# ---- the attributes header


def declaring(*lines: str) -> Inbound:
    return inbound(*(("facegate-attributes", line) for line in lines))


def test_a_declaration_is_marked_as_one() -> None:
    """What a request declares stands beside what is attested and what is assumed, each with its provenance."""
    caller = attributed(
        register(), authenticate(register(), inbound(("api-key", OTHER)), TODAY), declaring("camera=fixed"), TODAY
    )
    assert caller.attributes == {
        **attested(organization="police_department", country="US"),
        "camera": Attribute("camera", "fixed", Provenance.DECLARED),
        **assumed(environment="uncontrolled", timing="real_time"),
    }


def test_several_header_lines_are_one_dictionary() -> None:
    """As RFC 9651 says; a name that two lines give is given twice."""
    known = authenticate(register(), inbound(("api-key", OTHER)), TODAY)
    caller = attributed(register(), known, declaring("camera=fixed", "timing=post_event"), TODAY)
    assert (caller.value_of("camera"), caller.value_of("timing")) == ("fixed", "post_event")
    with pytest.raises(BadRequest, match="'camera' twice"):
        attributed(register(), known, declaring("camera=fixed", "camera=body_worn"), TODAY)


@pytest.mark.parametrize("lines", [(), ("",), ("  ",)], ids=["no header", "an empty one", "a blank one"])
def test_nothing_declared(lines: tuple[str, ...]) -> None:
    """Without a declaration the caller stays who it is."""
    known = authenticate(register(), inbound(("api-key", OTHER)), TODAY)
    assert attributed(register(), known, declaring(*lines), TODAY) == known


def test_a_caller_is_as_good_offline() -> None:
    """Offline screening makes the same caller from the same entry, save for the credential."""
    online = attributed(
        register(), authenticate(register(), inbound(("api-key", OTHER)), TODAY), declaring("camera=fixed"), TODAY
    )
    offline = caller_of(POLICE, "camera=fixed", TODAY)
    assert (offline.attributes, offline.on_behalf_of, offline.approvals) == (
        online.attributes,
        online.on_behalf_of,
        online.approvals,
    )


def test_approvals_end() -> None:
    """An approval counts to its last day; callers of another day are not mixed up."""
    counts = {day: len(caller_of(RETAIL, None, date(2026, 6, day)).approvals) for day in (14, 15, 16)}
    assert counts == {14: 2, 15: 1, 16: 0}


# ---- the worst case


WORST_CASES: list[tuple[str, dict[str, str], OnBehalfOf, bool]] = [
    ("US police", {"organization": "police_department"}, (), True),
    ("other law enforcement", {"organization": "law_enforcement"}, (), True),
    ("undeclared", {}, (), True),
    ("private", {"organization": "private"}, (), False),
    ("public sector", {"organization": "public_sector"}, (), False),
    ("a vendor for itself alone", {"organization": "public_safety_vendor"}, (), False),
    ("private for police", {"organization": "private"}, (Principal("police_department", "US"),), True),
    ("private for law enforcement", {"organization": "private"}, (Principal("law_enforcement", "FR"),), True),
    ("private for private", {"organization": "private"}, (Principal("private", "US"),), False),
    ("private for somebody unknown", {"organization": "private"}, None, True),
    (
        "private for others and somebody unknown",
        {"organization": "private"},
        (Principal("private", "US"), SOMEBODY),
        True,
    ),
]


@pytest.mark.parametrize(
    ("known", "acting", "worst"), [case[1:] for case in WORST_CASES], ids=[case[0] for case in WORST_CASES]
)
def test_the_worst_case_for_law_enforcement(known: dict[str, str], acting: OnBehalfOf, worst: bool) -> None:  # noqa: FBT001 - a table
    """Who is or may be law enforcement, or may act for it, is assumed to film live in the wild until somebody says otherwise."""
    attributes = attested(**known)
    assert worst_case(attributes, acting) == ({**WORST, **attributes} if worst else attributes)


def test_the_worst_case_fills_gaps_only() -> None:
    """What is attested stays."""
    attributes = attested(organization="police_department", camera="fixed", timing="post_event")
    assert worst_case(attributes, ()) == {**attributes, **assumed(environment="uncontrolled")}


def test_a_vendor_that_is_named_leaves_open_whom_it_serves() -> None:
    """Acting for a vendor of public safety is acting for somebody not known, so the worst case counts."""
    tenant = TenantEntry(
        id="t",
        name="t",
        attributes=AttributesEntry(organization="private", country="US"),
        on_behalf_of=(PrincipalEntry(organization="public_safety_vendor", country="US"),),
    )
    caller = caller_of(tenant, None, TODAY)
    assert caller.on_behalf_of == (Principal("public_safety_vendor", "US"), SOMEBODY)
    assert caller.value_of("camera") == "body_worn"
