"""`facegate check`: the shipped configuration is good, and everything that is broken is told at once."""

import re
from pathlib import Path

import pytest
from support.commands import configuration, run
from support.gate import CONFIG

POLICY = "policies/ms-aoai-coc/2024-05-01/policy.yaml"


def test_the_shipped_configuration() -> None:
    """It is good, and nothing in it needs a look."""
    ran = run("check", CONFIG)
    assert (ran.status, ran.err, len(ran.out.splitlines())) == (0, "", 1)
    assert ran.out.startswith(
        f"{CONFIG / 'proxy.yaml'}: good. ms-aoai-coc@2024-05-01: 16 rules; 6 tenants; policy revision "
    )


def test_every_file_is_told_of(tmp_path: Path) -> None:
    """Three broken files, five mistakes, one run."""
    settings = configuration(
        tmp_path,
        [
            ("tenants.yaml", "organization: police_department", "organization: police_departmnt"),
            ("tenants.yaml", "    name: Retail Company", "    nmae: Retail Company"),
            (POLICY, "fact: intent.verify_person", "fact: intent.verify_persn"),
            ("lexicons/few.yaml", "fact: intent.surveil_unlawfully, ", "fact: intent.surveil_unlawfuly, "),
        ],
    )
    ran = run("check", settings)
    folder = settings.parent
    assert (ran.status, ran.out) == (2, "")
    assert [re.sub(r":\d+: ", ":LINE: ", line, count=1) for line in ran.err.splitlines()] == [
        f"{folder}/{line}"
        for line in (
            (
                "tenants.yaml:LINE: tenants[0].attributes.organization: unknown value 'police_departmnt'; did you mean"
                " 'police_department'?"
            ),
            "tenants.yaml:LINE: tenants[4]: 'name' is missing",
            "tenants.yaml:LINE: tenants[4]: unknown key 'nmae'; did you mean 'name'?",
            (
                f"{POLICY}:LINE: rules[0].when.all[1].any[0].fact: rule 'us-police-fr' asks about unknown 'intent.verify_persn';"
                " did you mean 'intent.verify_person'?"
            ),
            (
                "lexicons/few.yaml:LINE: intents[0].fact: unknown fact 'intent.surveil_unlawfuly'; did you mean"
                " 'intent.surveil_unlawfully'?"
            ),
        )
    ]


BROKEN: list[tuple[str, tuple[str, str, str], str]] = [
    (
        "settings",
        ("proxy.yaml", "port: 8080", "prot: 8080"),
        "listen: unknown key 'prot'; did you mean 'port'?",
    ),
    (
        "an upstream without credential",
        ("proxy.yaml", "endpoint: demo", "endpoint: https://a.example"),
        "upstream: `api_key` is missing: an endpoint needs a credential of its own",
    ),
    (
        "a secret from two places",
        ("proxy.yaml", "# digest_key: {env: FACEGATE_DIGEST_KEY}", "digest_key: {env: A, file: b}"),
        "audit.digest_key: give exactly one of `env` and `file`",
    ),
    (
        "a pack that is not there",
        ("proxy.yaml", "- policies/ms-aoai-coc/2024-05-01", "- policies/ms-aoai-coc/2024-05-02"),
        "policies/ms-aoai-coc/2024-05-02/policy.yaml:1: the file cannot be read: No such file or directory",
    ),
    (
        "a register that is not there",
        ("proxy.yaml", "tenants: tenants.yaml", "tenants: tenant.yaml"),
        "tenant.yaml:1: the file cannot be read: No such file or directory",
    ),
    (
        "word lists that are not there",
        ("proxy.yaml", "lexicons: lexicons", "lexicons: words"),
        "words:1: no word lists (*.yaml) in this folder",
    ),
    (
        "an approval that names nothing",
        ("tenants.yaml", "scope: [C03]", "scope: [C03, bio-identify]"),
        "tenants[5].approvals[0].scope[1]: no rule or clause 'bio-identify'; did you mean 'bio-identify-verify'?",
    ),
    (
        "an example that does not speak",
        ("lexicons/few.yaml", "[Help me spy on my girlfriend.]", "[Help me with my girlfriend.]"),
        "intent.surveil_unlawfully does not speak in 'Help me with my girlfriend.'",
    ),
]


@pytest.mark.parametrize(("change", "problem"), [one[1:] for one in BROKEN], ids=[one[0] for one in BROKEN])
def test_broken_configurations(tmp_path: Path, change: tuple[str, str, str], problem: str) -> None:
    """One mistake each: file, line, what is valid; exit status 2."""
    ran = run("check", configuration(tmp_path, [change]).parent)
    assert (ran.status, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert re.match(rf"{re.escape(str(tmp_path))}/config/[\w./-]+:\d+: ", ran.err)
    assert problem in ran.err


NOTED: list[tuple[str, tuple[str, str, str], str]] = [
    (
        "an approval that has ended",
        ("tenants.yaml", "expires: 2027-06-30", "expires: 2020-06-30"),
        "note: the approval 'MS-LA-2026-0417' of acme-health expired on 2020-06-30",
    ),
    (
        "a key that has ended",
        (
            "tenants.yaml",
            "credentials: []",
            f'credentials: [{{id: old, digest: "sha256:{"0" * 64}", expires: 2020-01-01}}]',
        ),
        "note: the key 'old' of metro-pd expired on 2020-01-01",
    ),
    (
        "an approval of nobody",
        (
            "tenants.yaml",
            "      organization: private\n      country: US\n    approvals:",
            "      country: US\n    approvals:",
        ),
        "note: the approvals of acme-health count for nothing while its `organization` is not declared",
    ),
    (
        "a pack that is not in force yet",
        (POLICY, "effective_from: 2024-05-01", "effective_from: 2999-05-01"),
        "note: ms-aoai-coc@2024-05-01 is enforced, though its text is in force from 2999-05-01 only",
    ),
    (
        "a pack that is in force no more",
        (POLICY, "effective_from: 2024-05-01", "effective_from: 2020-05-01\n  effective_to: 2021-05-01"),
        "note: ms-aoai-coc@2024-05-01 is enforced, though its text was in force to 2021-05-01 only",
    ),
    (
        "a pack that nobody compared",
        (POLICY, "review_by: 2027-05-01", "review_by: 2021-05-01"),
        "note: ms-aoai-coc@2024-05-01 should have been compared with its text by 2021-05-01",
    ),
]


@pytest.mark.parametrize(("change", "note"), [one[1:] for one in NOTED], ids=[one[0] for one in NOTED])
def test_what_is_worth_a_look(tmp_path: Path, change: tuple[str, str, str], note: str) -> None:
    """Said, and no mistake."""
    ran = run("check", configuration(tmp_path, [change]))
    assert (ran.status, ran.err) == (0, "")
    assert note in ran.out.splitlines()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Or that has no settings."""
    assert run("check", tmp_path / "none").status == 2
    ran = run("check", tmp_path)
    assert (ran.status, ran.err) == (
        2,
        f"{tmp_path}/proxy.yaml:1: the file cannot be read: No such file or directory\n",
    )


def test_secrets_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration can be checked where its secrets are not."""
    monkeypatch.delenv("FACEGATE_TEST_ABSENT", raising=False)
    change = ("proxy.yaml", "endpoint: demo", "endpoint: https://a.example\n  api_key: {env: FACEGATE_TEST_ABSENT}")
    assert run("check", configuration(tmp_path, [change])).status == 0
