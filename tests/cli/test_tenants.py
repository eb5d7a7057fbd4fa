"""`facegate tenants`: keys are shown once, digests go into the register, and its comments stay."""

import stat
from pathlib import Path

import pytest
from support.commands import configuration, run

from proxy.admit.credentials import digest_of
from proxy.admit.register import load_register
from proxy.cli.tenants import add_credential
from proxy.errors import ConfigurationError


def test_a_key_for_pasting(tmp_path: Path) -> None:
    """The key alone on standard output, so that a script can take it; what to paste beside it."""
    settings = configuration(tmp_path)
    before = (settings.parent / "tenants.yaml").read_bytes()
    ran = run("tenants", "key", "metro-pd", "--config", settings)
    key = ran.out.strip()
    assert (ran.status, ran.out) == (0, f"{key}\n")
    assert key.startswith("fg_")
    assert f"      - id: key-1\n        digest: {digest_of(key)}" in ran.err
    assert key not in ran.err
    assert (settings.parent / "tenants.yaml").read_bytes() == before


def test_a_key_written(tmp_path: Path) -> None:
    """Only the credentials of the tenant change; every comment, every other line and the file's mode stay."""
    settings = configuration(tmp_path)
    path = settings.parent / "tenants.yaml"
    path.chmod(0o640)
    before = path.read_text(encoding="utf-8")
    ran = run("tenants", "key", "metro-pd", "--id", "blue", "--write", "--config", settings)
    key = ran.out.strip()
    assert (ran.status, key in ran.err) == (0, False)
    added = f"    credentials:\n      - id: blue\n        digest: {digest_of(key)}\n"
    assert path.read_text(encoding="utf-8") == before.replace("    credentials: []\n", added, 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(one.name for one in settings.parent.iterdir()) == [
        "cameras.yaml",
        "lexicons",
        "policies",
        "proxy.yaml",
        "schemas",
        "tenants.yaml",
    ]
    found = load_register(path).find(key)
    assert found is not None
    assert (found[0].id, found[1].id) == ("metro-pd", "blue")


def test_a_second_key(tmp_path: Path) -> None:
    """It comes after the first, whose remark stays."""
    settings = configuration(tmp_path)
    path = settings.parent / "tenants.yaml"
    first = run("tenants", "key", "metro-pd", "--write", "--config", settings).out.strip()
    text = path.read_text(encoding="utf-8").replace("- id: key-1", "- id: key-1 # the old one")
    path.write_text(text, encoding="utf-8")
    second = run("tenants", "key", "metro-pd", "--id", "key-2", "--write", "--config", settings).out.strip()
    register = load_register(path)
    assert [register.find(key) is not None for key in (first, second)] == [True, True]
    assert [one.id for one in register.tenant("metro-pd").credentials] == ["key-1", "key-2"]
    assert "# the old one" in path.read_text(encoding="utf-8")


REFUSED = [
    ("an unknown tenant", ("metropd",), "there is no tenant 'metropd' in the register; did you mean 'metro-pd'?"),
    (
        "an id in use",
        ("metro-pd", "--id", "used"),
        "metro-pd has a credential 'used' already; choose another with --id",
    ),
    ("an id that is none", ("metro-pd", "--id", "My Key"), "'My Key' is no name of a key"),
]


@pytest.mark.parametrize(("arguments", "words"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_no_key(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    """No key is shown, and the register stays as it was."""
    settings = configuration(tmp_path)
    path = settings.parent / "tenants.yaml"
    add_credential(path, "metro-pd", "used", digest_of("fg_used"))
    before = path.read_bytes()
    ran = run("tenants", "key", *arguments, "--write", "--config", settings)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err
    assert path.read_bytes() == before


def test_a_register_that_would_not_load_is_not_written(tmp_path: Path) -> None:
    """The file that is there stays, and nothing lies beside it."""
    path = configuration(tmp_path).parent / "tenants.yaml"
    before = path.read_bytes()
    with pytest.raises(ConfigurationError):
        add_credential(path, "metro-pd", "key-1", "no digest")
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.glob(".*")] == []


def test_a_linked_register_stays_a_link(tmp_path: Path) -> None:
    """What it points to is written."""
    path = configuration(tmp_path).parent / "tenants.yaml"
    real = path.rename(tmp_path / "real.yaml")
    path.symlink_to(real)
    add_credential(path, "metro-pd", "key-1", digest_of("fg_key"))
    assert path.is_symlink()
    assert load_register(real).find("fg_key") is not None


def test_the_list(tmp_path: Path) -> None:
    """Who is there, with what is known of them; keys only as a number."""
    settings = configuration(
        tmp_path,
        [
            (
                "tenants.yaml",
                "    attributes:\n      organization: private\n      country: US\n\n",
                "    attributes: {}\n\n",
            )
        ],
    )
    run("tenants", "key", "metro-pd", "--write", "--config", settings)
    ran = run("tenants", "list", "--config", settings)
    assert (ran.status, ran.out.splitlines()) == (
        0,
        [
            "metro-pd       1 key   organization=police_department, country=US  (Metro Police Department)",
            "eu-police      0 keys  organization=law_enforcement, country=FR  (Police nationale, service numérique)",
            (
                "city-vendor    0 keys  organization=public_safety_vendor, country=US; acts for: not known  (Civic Camera"
                " Systems, sells to cities and police alike)"
            ),
            (
                "police-vendor  0 keys  organization=private, country=US; acts for: police_department US  (Patrol Software Inc.,"
                " hosts for a police department)"
            ),
            "retail-co      0 keys  undeclared; acts for: not known  (Retail Company)",
            (
                "acme-health    0 keys  organization=private, country=US; approvals: MS-LA-2026-0417 (C03, to 2027-06-30)"
                "  (Acme Health)"
            ),
        ],
    )
