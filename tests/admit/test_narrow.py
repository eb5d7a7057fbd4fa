"""The attributes header: malformed ones are refused by name, and none weakens what the register says or leaves open."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import PACK, evidence

from proxy.admit import caller_of
from proxy.admit.narrow import MAX_HEADER, Declared, narrow, parse_attributes
from proxy.admit.register import ApprovalEntry, AttributesEntry, DelegatesEntry, PrincipalEntry, TenantEntry
from proxy.caller import SOMEBODY, OnBehalfOf, Principal
from proxy.decision import Outcome
from proxy.errors import BadRequest
from proxy.examine.conflict import conflicts
from proxy.facts import CATALOGUE, Evidence, Truth
from proxy.judge import judge
from proxy.judge.load import load_policy

TODAY = date(2026, 6, 15)

US_POLICE, FRENCH = Principal("police_department", "US"), Principal("law_enforcement", "FR")
SAID_US_POLICE, SAID_FRENCH = replace(US_POLICE, attested=False), replace(FRENCH, attested=False)


# ---- reading


READ: list[tuple[str, str, Declared]] = [
    ("nothing", "", Declared({})),
    ("a token", "camera=body_worn", Declared({"camera": "body_worn"})),
    ("a string", 'camera="body_worn"', Declared({"camera": "body_worn"})),
    (
        "all of them",
        "camera=fixed, environment=controlled,timing=post_event,  consent=none",
        Declared({"camera": "fixed", "environment": "controlled", "timing": "post_event", "consent": "none"}),
    ),
    ("a principal", "on_behalf_of=(police_department;country=US)", Declared({}, (US_POLICE,))),
    ("a principal in strings", 'on_behalf_of=("police_department";country="US")', Declared({}, (US_POLICE,))),
    (
        "two principals",
        "on_behalf_of=(police_department;country=US law_enforcement;country=FR)",
        Declared({}, (US_POLICE, FRENCH)),
    ),
    (
        "a principal without country",
        "on_behalf_of=(police_department)",
        Declared({}, (Principal("police_department", ""),)),
    ),
]


@pytest.mark.parametrize(("header", "declared"), [case[1:] for case in READ], ids=[case[0] for case in READ])
def test_read(header: str, declared: Declared) -> None:
    """An RFC 9651 dictionary of known names and values."""
    assert parse_attributes(header) == declared


MALFORMED: list[tuple[str, str, str, str]] = [
    ("a trailing comma", "camera=fixed,", "not an RFC 9651 dictionary", ""),
    ("no comma", "camera=fixed timing=post_event", "not an RFC 9651 dictionary", ""),
    ("semicolons for commas", "camera=fixed; timing=post_event", "'camera' takes no parameters", "/camera"),
    ("a capital in the name", "Camera=fixed", "not an RFC 9651 dictionary", ""),
    ("a space around the equals sign", "camera = fixed", "not an RFC 9651 dictionary", ""),
    ("an open string", 'camera="fixed', "not an RFC 9651 dictionary", ""),
    ("JSON", '{"camera": "fixed"}', "not an RFC 9651 dictionary", ""),
    ("bytes beyond ASCII", "camera=fix\xe9", "not an RFC 9651 dictionary", ""),
    ("characters beyond bytes", "camera=fix\u20ac", "not an RFC 9651 dictionary", ""),
    ("a control character", "camera=fixed\x00", "not an RFC 9651 dictionary", ""),
    ("a name twice", "camera=fixed, camera=body_worn", "names 'camera' twice", "/camera"),
    ("the same twice", "camera=fixed, camera=fixed", "names 'camera' twice", "/camera"),
    (
        "an unknown name",
        "lens=wide",
        "cannot declare 'lens'; it can declare: camera, environment, timing, consent, on_behalf_of",
        "/lens",
    ),
    ("what the register alone says", "organization=private", "cannot declare 'organization'", "/organization"),
    ("the country", "country=FR", "cannot declare 'country'", "/country"),
    ("the use case", "use_case=gate", "cannot declare 'use_case'", "/use_case"),
    (
        "an unknown value",
        "environment=wild",
        "'environment' has an unknown value; valid: uncontrolled, controlled",
        "/environment",
    ),
    ("a value in capitals", "camera=Fixed", "'camera' has an unknown value", "/camera"),
    ("an empty string", 'camera=""', "'camera' has an unknown value", "/camera"),
    ("a name without value", "camera", "'camera' has an unknown value", "/camera"),
    ("a number", "camera=1", "'camera' has an unknown value", "/camera"),
    ("bytes", "camera=:Zml4ZWQ=:", "'camera' has an unknown value", "/camera"),
    ("a display string", 'camera=%"fixed"', "'camera' has an unknown value", "/camera"),
    ("a date", "camera=@1700000000", "'camera' has an unknown value", "/camera"),
    ("a list", "camera=(fixed)", "'camera' has an unknown value", "/camera"),
    ("two values", "camera=(body_worn fixed)", "'camera' has an unknown value", "/camera"),
    ("a parameter", "camera=fixed;sure", "'camera' takes no parameters", "/camera"),
    (
        "a principal without brackets",
        "on_behalf_of=police_department",
        "on_behalf_of is a list such as",
        "/on_behalf_of",
    ),
    ("on behalf of nobody", "on_behalf_of=()", "on_behalf_of is a list such as", "/on_behalf_of"),
    ("on behalf of, without value", "on_behalf_of", "on_behalf_of is a list such as", "/on_behalf_of"),
    ("an unknown principal", "on_behalf_of=(sheriff;country=US)", "names an unknown organisation", "/on_behalf_of"),
    ("a principal that is a number", "on_behalf_of=(5)", "names an unknown organisation", "/on_behalf_of"),
    (
        "a principal with another parameter",
        "on_behalf_of=(private;land=US)",
        "takes one parameter, country",
        "/on_behalf_of",
    ),
    (
        "a country in small letters",
        "on_behalf_of=(private;country=us)",
        "takes one parameter, country",
        "/on_behalf_of",
    ),
    ("a country that is none", "on_behalf_of=(private;country=USA)", "takes one parameter, country", "/on_behalf_of"),
    ("a country without value", "on_behalf_of=(private;country)", "takes one parameter, country", "/on_behalf_of"),
    ("a country twice", "on_behalf_of=(private;country=US;country=FR)", "names 'country' twice", "/country"),
    ("a parameter behind the list", "on_behalf_of=(private);country=US", "inside its brackets only", "/on_behalf_of"),
    ("too long", "camera=fixed" + " " * MAX_HEADER, "is longer than 2048 characters", ""),
]


@pytest.mark.parametrize(
    ("header", "words", "place"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED]
)
def test_malformed(header: str, words: str, place: str) -> None:
    """A 400 that names the mistake and its place in the header."""
    with pytest.raises(BadRequest) as error:
        parse_attributes(header)
    assert error.value.message.startswith("Facegate-Attributes")
    assert words in error.value.message
    assert str(error.value.location) == "/headers/facegate-attributes" + place


@given(st.text(max_size=60))
def test_any_header_is_read_or_refused(header: str) -> None:
    """Whatever stands in the header: a declaration, or a BadRequest."""
    try:
        found: Declared | str = parse_attributes(header)
    except BadRequest as error:
        found = error.message
    assert isinstance(found, Declared) or found.startswith("Facegate-Attributes")


# ---- what a declaration is worth


SEVERITY: dict[str, dict[str, int]] = {
    "camera": {"body_worn": 2, "dash": 2, "drone": 2, "handheld": 2, "vehicle": 2, "fixed": 1, "none": 0},
    "environment": {"uncontrolled": 1, "controlled": 0},
    "timing": {"real_time": 2, "near_real_time": 1, "post_event": 0},
    "consent": {"none": 1, "documented": 0},
}
"""How strict each value is, written down apart from the code."""

OPEN_ACCEPTS = {
    "camera": {"body_worn", "dash", "drone", "handheld", "vehicle"},
    "environment": {"uncontrolled"},
    "timing": {"real_time", "near_real_time"},
    "consent": {"none"},
}
"""What a request may say where the register says nothing and delegates nothing: the strict values."""

COMBINATIONS: list[tuple[str, str | None, tuple[str, ...], str]] = [
    (name, fixed, delegated, declared)
    for name, values in SEVERITY.items()
    for fixed in (None, *values)
    for delegated in ((), tuple(values))
    for declared in values
]


@pytest.mark.parametrize("name", sorted(SEVERITY))
def test_every_combination_of_register_delegation_and_declaration(name: str) -> None:
    """Fixed: only stricter values count. Open: the delegated ones, and the strict ones from anybody. All combinations."""
    wrong = []
    for attribute, fixed, delegated, declared in COMBINATIONS:
        if attribute != name:
            continue
        tenant = TenantEntry(
            id="t",
            name="t",
            attributes=AttributesEntry(organization="private", **({name: fixed} if fixed else {})),  # type: ignore[arg-type] # the name is one of its fields
            delegates=DelegatesEntry(**{name: delegated}),  # type: ignore[arg-type] # the name is one of its fields
        )
        attributes, _ = narrow(tenant, Declared({name: declared}))
        found = attributes[name].value if name in attributes else None
        order = SEVERITY[name]
        if fixed is None:
            expected = declared if delegated or declared in OPEN_ACCEPTS[name] else None
            good = found == expected
        else:
            good = (
                found in (fixed, declared)
                and order[found] >= order[fixed]
                and order[found] == max(order[fixed], order[declared])
            )
        if not good:
            wrong.append((fixed, delegated, declared, found))
    assert wrong == []


def vendor(acting: Any = None, *, delegated: bool = False, organization: Any = "private") -> TenantEntry:
    return TenantEntry(
        id="t",
        name="t",
        attributes=AttributesEntry(organization=organization, country="US"),
        on_behalf_of=acting,
        delegates=DelegatesEntry(on_behalf_of=delegated),
    )


PRIVATE, VENDOR = Principal("private", "US"), Principal("public_safety_vendor", "US")
FOR_PRIVATE = (PrincipalEntry(organization="private", country="US"),)

ACTING: list[tuple[str, TenantEntry, OnBehalfOf, OnBehalfOf]] = [
    ("nothing said, for itself", vendor(), None, ()),
    ("nothing said, not known", vendor("unknown"), None, None),
    ("nothing said, a vendor", vendor(organization="public_safety_vendor"), None, None),
    ("nothing said, undeclared", vendor(organization=None), None, None),
    ("a vendor that the register knows to serve nobody", vendor((), organization="public_safety_vendor"), None, ()),
    ("delegated: the word of the request", vendor("unknown", delegated=True), (PRIVATE,), (PRIVATE,)),
    ("delegated: police", vendor("unknown", delegated=True), (US_POLICE,), (US_POLICE,)),
    ("delegated: a vendor serves others in turn", vendor("unknown", delegated=True), (VENDOR,), (VENDOR, SOMEBODY)),
    ("not delegated: a private principal proves nothing", vendor("unknown"), (PRIVATE,), None),
    ("not delegated: police count, and the others stay open", vendor("unknown"), (FRENCH,), (SAID_FRENCH, SOMEBODY)),
    ("not delegated: police among others", vendor("unknown"), (PRIVATE, FRENCH), (SAID_FRENCH, SOMEBODY)),
    ("for itself: police are added", vendor(), (US_POLICE,), (SAID_US_POLICE,)),
    ("for itself: nobody else is", vendor(), (VENDOR, PRIVATE), ()),
    ("for others: police are added", vendor(FOR_PRIVATE), (US_POLICE,), (PRIVATE, SAID_US_POLICE)),
    ("for others: what is delegated replaces nothing", vendor(FOR_PRIVATE, delegated=True), (VENDOR,), (PRIVATE,)),
    ("for others: the same again", vendor(FOR_PRIVATE), (PRIVATE,), (PRIVATE,)),
]


@pytest.mark.parametrize(
    ("tenant", "declared", "acting"), [case[1:] for case in ACTING], ids=[case[0] for case in ACTING]
)
def test_acting_for(tenant: TenantEntry, declared: OnBehalfOf, acting: OnBehalfOf) -> None:
    """Whom a request acts for, by what the register says, what it delegates, and what is declared."""
    assert narrow(tenant, Declared({}, declared))[1] == acting


# ---- against the shipped policy: no header makes a verdict milder


POLICY = load_policy([PACK])

APPROVED = (ApprovalEntry(reference="A", scope=("C03", "C04"), expires=date.max),)


def tenants() -> Iterator[TenantEntry]:
    """Tenants that delegate nothing: every organisation, every way of acting, attributes fixed or open."""
    actings: Sequence[Any] = (
        None,
        "unknown",
        (),
        FOR_PRIVATE,
        (PrincipalEntry(organization="law_enforcement", country="FR"),),
    )
    fixed: Sequence[dict[str, Any]] = (
        {},
        {"camera": "fixed", "environment": "controlled", "timing": "post_event", "consent": "documented"},
        {"camera": "dash", "timing": "near_real_time", "consent": "none"},
    )
    organizations: Sequence[Any] = (
        None,
        "police_department",
        "law_enforcement",
        "public_safety_vendor",
        "public_sector",
        "private",
    )
    for organization, acting, known in itertools.product(organizations, actings, fixed):
        yield TenantEntry(
            id="t",
            name="t",
            attributes=AttributesEntry(organization=organization, country="US", **known),
            on_behalf_of=acting,
            approvals=APPROVED,
        )


NAMED = [
    f"({organization}{country})"
    for organization in ("police_department", "law_enforcement", "public_safety_vendor", "public_sector", "private")
    for country in ("", ";country=US", ";country=FR")
]

HEADERS = [
    *(f"{name}={value}" for name, order in SEVERITY.items() for value in order),
    *(f"on_behalf_of={named}" for named in NAMED),
]


TENANTS = list(tenants())


def shown(truths: Mapping[str, Truth]) -> Evidence:
    """What detectors report; what contradicts the caller is found for each caller."""
    return Evidence(tuple(fact for fact in evidence(truths).facts if not fact.name.startswith("conflict.")))


def judge_as(tenant: TenantEntry, header: str | None, found: Evidence) -> Outcome:
    caller = caller_of(tenant, header, TODAY)
    return judge(POLICY, Evidence((*found.facts, *conflicts(found, caller))), caller).outcome


@pytest.mark.parametrize(
    "intent", ["intent.identify_person", "intent.verify_person", "intent.build_recognition", "intent.track_person"]
)
def test_no_declaration_makes_a_verdict_milder(intent: str) -> None:
    """Where the register delegates nothing: every tenant, every declaration, whatever the request's words speak of."""
    contexts = ("context.law_enforcement", "context.us_police", "context.mobile_camera")
    milder: list[tuple[TenantEntry, str, Mapping[str, Truth]]] = []
    for spoken in itertools.product((Truth.FALSE, Truth.TRUE), repeat=len(contexts)):
        truths = {intent: Truth.TRUE, "media.images": Truth.TRUE, **dict(zip(contexts, spoken, strict=True))}
        found = shown(truths)
        for tenant in TENANTS:
            silent = judge_as(tenant, None, found)
            milder += [(tenant, header, truths) for header in HEADERS if judge_as(tenant, header, found) < silent]
    assert milder == []


@given(
    st.sampled_from(TENANTS),
    st.lists(st.sampled_from(HEADERS), unique_by=lambda header: header.partition("=")[0], max_size=4).map(", ".join),
    st.dictionaries(st.sampled_from(sorted(CATALOGUE)), st.sampled_from([Truth.TRUE, Truth.TRUE, Truth.UNKNOWN])),
)
def test_no_declarations_make_any_verdict_milder(tenant: TenantEntry, header: str, truths: dict[str, Truth]) -> None:
    """The same for several declarations at once and any facts."""
    assert judge_as(tenant, header, shown(truths)) >= judge_as(tenant, None, shown(truths))
