"""The tenant register: read strictly, found by digest, and unknown where it says nothing."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError
from support.gate import CONFIG

from proxy.admit.credentials import digest_of
from proxy.admit.register import TenantEntry, load_register
from proxy.caller import SOMEBODY, OnBehalfOf, Principal
from proxy.errors import ConfigurationError

DIGEST = digest_of("fg_key")


def written(folder: Path, text: str) -> Path:
    path = folder / "tenants.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def entry(more: str = "", tenant: str = "t") -> str:
    return f"  - id: {tenant}\n    name: Tenant\n{more}"


MISTAKES: list[tuple[str, str, list[str]]] = [
    ("no tenants", "tenant: []\n", ["1: 'tenants' is missing", "1: unknown key 'tenant'; did you mean 'tenants'?"]),
    ("a tenant without name", "tenants:\n  - id: t\n", ["2: tenants[0]: 'name' is missing"]),
    (
        "a misspelt key",
        "tenants:\n" + entry("    attribute: {}\n"),
        ["4: tenants[0]: unknown key 'attribute'; did you mean 'attributes'?"],
    ),
    (
        "a misspelt value",
        "tenants:\n" + entry("    attributes:\n      organization: police_departement\n"),
        [
            "5: tenants[0].attributes.organization: unknown value 'police_departement'; did you mean 'police_department'?"
        ],
    ),
    (
        "a misspelt value in a list",
        "tenants:\n" + entry("    delegates:\n      camera: [dash, bodyworn]\n"),
        ["5: tenants[0].delegates.camera[1]: unknown value 'bodyworn'; did you mean 'body_worn'?"],
    ),
    (
        "a country that is a word that YAML 1.1 reads as false",
        "tenants:\n" + entry("    attributes: {country: no}\n"),
        ["4: tenants[0].attributes.country: String should match pattern '^[A-Z]{2}$'"],
    ),
    (
        "a key in place of its digest",
        "tenants:\n" + entry("    credentials: [{id: k, digest: fg_secret}]\n"),
        ["4: tenants[0].credentials[0].digest: String should match pattern '^sha256:[0-9a-f]{64}$'"],
    ),
    (
        "a date that is none",
        "tenants:\n" + entry(f'    credentials: [{{id: k, digest: "{DIGEST}", expires: 2026-13-01}}]\n'),
        [
            (
                "4: tenants[0].credentials[0].expires: Input should be a valid date or datetime, month value is outside expected"
                " range of 1-12"
            )
        ],
    ),
    (
        "an approval without end",
        "tenants:\n" + entry("    approvals: [{reference: A, scope: [C03]}]\n"),
        ["4: tenants[0].approvals[0]: 'expires' is missing"],
    ),
    (
        "an approval of nothing",
        "tenants:\n" + entry("    approvals: [{reference: A, scope: [], expires: 2027-01-01}]\n"),
        ["4: tenants[0].approvals[0].scope: Tuple should have at least 1 item after validation, not 0"],
    ),
    (
        "hosts that are none",
        "tenants:\n"
        + entry("    remote_images:\n      fetch: [pictures.example.org, https://example.org/, 10.0.0.1]\n"),
        [
            f"5: tenants[0].remote_images.fetch[{index}]: {name!r} is no name of a host; it reads pictures.example.org, in lower"
            " case and without scheme, port or path, or *.example.org for all below one"
            for index, name in ((1, "https://example.org/"), (2, "10.0.0.1"))
        ],
    ),
    (
        "a list that is none",
        "tenants:\n" + entry("    remote_images: {fetch: pictures.example.org}\n"),
        ["4: tenants[0].remote_images.fetch: Input should be a valid tuple"],
    ),
    (
        "a choice that is no list",
        "tenants:\n" + entry("    remote_images: fetch\n"),
        ["4: tenants[0].remote_images: Input should be a valid dictionary or instance of RemoteImagesEntry"],
    ),
    (
        "a choice that there is not",
        "tenants:\n" + entry("    unknown_references: allow\n"),
        ["4: tenants[0].unknown_references: unknown value 'allow'; valid: fetch, refuse"],
    ),
    (
        "a misspelt choice",
        "tenants:\n" + entry("    remote_images: {fetsh: [pictures.example.org]}\n"),
        ["4: tenants[0].remote_images: unknown key 'fetsh'; did you mean 'fetch'?"],
    ),
    ("an id twice", "tenants:\n" + entry() + entry(), ["1: tenants: the tenant id 't' is used twice"]),
    (
        "a key of two tenants",
        "tenants:\n"
        + entry(f'    credentials: [{{id: one, digest: "{DIGEST}"}}]\n', "a")
        + entry(f'    credentials: [{{id: two, digest: "{DIGEST}"}}]\n', "b"),
        ["1: credential 'two' of 'b' has the digest of one of 'a': a key belongs to one tenant"],
    ),
]


@pytest.mark.parametrize(("text", "problems"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_mistakes(tmp_path: Path, text: str, problems: list[str]) -> None:
    """Each mistake with its line and what is valid."""
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as error:
        load_register(path)
    assert error.value.problems == tuple(f"{path}:{problem}" for problem in problems)


def test_no_digest_is_quoted_in_a_mistake(tmp_path: Path) -> None:
    """Whoever pastes a key where its digest belongs does not find it in the log."""
    path = written(tmp_path, "tenants:\n" + entry("    credentials: [{id: k, digest: fg_secret}]\n"))
    with pytest.raises(ConfigurationError) as error:
        load_register(path)
    assert "fg_secret" not in str(error.value)


ACTING: list[tuple[str, str, OnBehalfOf]] = [
    ("private", "    attributes: {organization: private}\n", ()),
    ("police", "    attributes: {organization: police_department}\n", ()),
    ("a vendor", "    attributes: {organization: public_safety_vendor}\n", None),
    ("undeclared", "", None),
    ("declared unknown", "    attributes: {organization: private}\n    on_behalf_of: unknown\n", None),
    ("a vendor for itself", "    attributes: {organization: public_safety_vendor}\n    on_behalf_of: []\n", ()),
    (
        "for somebody",
        "    on_behalf_of: [{organization: police_department, country: US}]\n",
        (Principal("police_department", "US"),),
    ),
    (
        "for a vendor",
        "    on_behalf_of: [{organization: public_safety_vendor, country: US}]\n",
        (Principal("public_safety_vendor", "US"), SOMEBODY),
    ),
]


@pytest.mark.parametrize(("text", "acting"), [case[1:] for case in ACTING], ids=[case[0] for case in ACTING])
def test_whom_a_tenant_acts_for(tmp_path: Path, text: str, acting: OnBehalfOf) -> None:
    """What the register leaves out is nobody else, or not known where the tenant's business is acting for others."""
    register = load_register(written(tmp_path, "tenants:\n" + entry(text)))
    assert register.tenant("t").principals() == acting


@pytest.mark.parametrize(
    ("organization", "held"), [("organization: private", ["A"]), ("country: US", [])], ids=["declared", "undeclared"]
)
def test_an_undeclared_tenant_holds_no_approval(tmp_path: Path, organization: str, held: list[str]) -> None:
    """An approval is given to somebody: where the organisation is not declared it counts for nothing."""
    more = f"    attributes: {{{organization}}}\n    approvals: [{{reference: A, scope: [C03], expires: 2027-01-01}}]\n"
    tenant = load_register(written(tmp_path, "tenants:\n" + entry(more))).tenant("t")
    assert [one.reference for one in tenant.approvals_on(date(2026, 1, 1))] == held


HOSTS: dict[str, bool] = {
    "pictures.example.org": True,
    "*.example.org": True,
    "a_b.example.org": True,
    "xn--bcher-kva.example": True,
    f"{'a' * 63}.example": True,
    f"{'a' * 64}.example": False,
    f"{'a.' * 126}example": False,  # 259 characters
    "example": False,
    "localhost": False,
    "*": False,
    "*.org": False,
    "*.*.example.org": False,
    "a.*.example.org": False,
    "*example.org": False,
    "Pictures.example.org": False,
    "pictures.example.org.": False,
    "pictures.example.org:443": False,
    "pictures.example.org/": False,
    "user@example.org": False,
    "pictures..example.org": False,
    ".example.org": False,
    "-a.example.org": False,
    "pictures.example.org\n": False,
    "pictures example.org": False,
    "bücher.example": False,
    "127.0.0.1": False,
    "example.0x7f": False,
    "[::1]": False,
    "": False,
}


@pytest.mark.parametrize("host", HOSTS)
def test_hosts_of_pictures(host: str) -> None:
    """A name in lower case, or all below one; never an address, a top-level domain or a part of a name."""
    entry = {"id": "t", "name": "Tenant", "remote_images": {"fetch": (host,)}}
    if HOSTS[host]:
        assert TenantEntry.model_validate(entry).remote_images.fetch == (host,)
    else:
        with pytest.raises(ValidationError):
            TenantEntry.model_validate(entry)


@pytest.mark.parametrize("text", ["", "    remote_images: {}\n", "    remote_images: {fetch: []}\n"])
def test_pictures_behind_addresses_are_refused_unless_hosts_are_listed(tmp_path: Path, text: str) -> None:
    """Nothing said is no host."""
    assert load_register(written(tmp_path, "tenants:\n" + entry(text))).tenant("t").remote_images.fetch == ()


def test_found_by_key_and_by_id(tmp_path: Path) -> None:
    """A key finds its tenant and credential; an unknown id names the nearest."""
    more = f'    credentials: [{{id: one, digest: "{DIGEST}"}}]\n'
    register = load_register(written(tmp_path, "tenants:\n" + entry(more, "metro-pd")))
    found = register.find("fg_key")
    assert found is not None
    assert (found[0].id, found[1].id) == ("metro-pd", "one")
    assert register.find("fg_other") is None
    with pytest.raises(ConfigurationError, match=r"no tenant 'metropd' in the register; did you mean 'metro-pd'\?"):
        register.tenant("metropd")


def test_the_shipped_register() -> None:
    """The tenants that documentation and demonstration speak of; none has a key."""
    register = load_register(CONFIG / "tenants.yaml")
    assert sorted(register.tenants) == [
        "acme-health",
        "city-vendor",
        "eu-police",
        "metro-pd",
        "police-vendor",
        "retail-co",
    ]
    assert register.by_digest == {}
