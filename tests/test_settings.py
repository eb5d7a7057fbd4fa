"""proxy.yaml: what it may say, what it may not, and where secrets come from."""

from pathlib import Path

import pytest
from support.gate import CONFIG

from proxy.errors import ConfigurationError
from proxy.settings import Audit, Examination, Limits, Listen, Refusals, Secret, Settings, Upstream, load_settings

POLICIES = "policies: [policies/one]\n"
LEAST = "upstream: {endpoint: demo}\n" + POLICIES


def written(folder: Path, text: str) -> Path:
    path = folder / "proxy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_least_file(tmp_path: Path) -> None:
    """Everything else has a default, which is the careful one: this host only, on the disk before forwarding."""
    assert load_settings(written(tmp_path, LEAST)) == Settings(
        listen=Listen(host="127.0.0.1", port=8080),
        admin=Listen(host="127.0.0.1", port=8081),
        upstream=Upstream(endpoint="demo"),
        tenants="tenants.yaml",
        policies=("policies/one",),
        lexicons="lexicons",
        limits=Limits(),
        examination=Examination(),
        audit=Audit(path="../var/audit", durability="fsync", digest_key=None),
        refusals=Refusals(appeal="your platform team", as_content_filter=False),
        log_level="info",
        drain_timeout_s=30.0,
    )


def test_the_shipped_file() -> None:
    """It is good, and stands in front of the demonstration's service."""
    settings = load_settings(CONFIG / "proxy.yaml")
    assert (settings.upstream.endpoint, settings.policies) == ("demo", ("policies/ms-aoai-coc/2024-05-01",))


ENDPOINTS = [
    "https://my-resource.openai.azure.com",
    "https://my-resource.openai.azure.com/",
    "http://127.0.0.1:8000",
    "https://[::1]:8443",
]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_endpoints(tmp_path: Path, endpoint: str) -> None:
    """Scheme and host; anything else is the request's business."""
    text = f'upstream: {{endpoint: "{endpoint}", api_key: {{env: KEY}}}}\n' + POLICIES
    assert load_settings(written(tmp_path, text)).upstream == Upstream(endpoint=endpoint, api_key=Secret(env="KEY"))


ENDPOINT = "upstream.endpoint: String should match pattern"

MISTAKES: list[tuple[str, str, list[str]]] = [
    ("no upstream", POLICIES, ["1: 'upstream' is missing"]),
    ("no policies", "upstream: {endpoint: demo}\n", ["1: 'policies' is missing"]),
    (
        "an empty list of policies",
        "upstream: {endpoint: demo}\npolicies: []\n",
        ["2: policies: Tuple should have at least 1 item after validation, not 0"],
    ),
    (
        "an endpoint without credential",
        POLICIES + "upstream:\n  endpoint: https://a.example\n",
        ["2: upstream: `api_key` is missing: an endpoint needs a credential of its own"],
    ),
    (
        "a secret from two places",
        POLICIES + "upstream:\n  endpoint: https://a.example\n  api_key: {env: KEY, file: key}\n",
        ["4: upstream.api_key: give exactly one of `env` and `file`"],
    ),
    (
        "a secret from nowhere",
        POLICIES + "upstream:\n  endpoint: https://a.example\n  api_key: {}\n",
        ["4: upstream.api_key: give exactly one of `env` and `file`"],
    ),
    (
        "a secret written out",
        POLICIES + "upstream:\n  endpoint: https://a.example\n  api_key: hunter2\n",
        ["4: upstream.api_key: Input should be a valid dictionary or instance of Secret"],
    ),
    ("an unknown section", LEAST + "upstrem: {}\n", ["3: unknown key 'upstrem'; did you mean 'upstream'?"]),
    ("an unknown key", LEAST + "listen: {prot: 80}\n", ["3: listen: unknown key 'prot'; did you mean 'port'?"]),
    (
        "a port beyond ports",
        LEAST + "listen: {port: 70000}\n",
        ["3: listen.port: Input should be less than or equal to 65535"],
    ),
    (
        "a limit of nothing",
        LEAST + "limits: {images: 0}\n",
        ["3: limits.images: Input should be greater than or equal to 1"],
    ),
    (
        "a time without end",
        LEAST + "drain_timeout_s: .inf\n",
        ["3: drain_timeout_s: Input should be less than or equal to 86400"],
    ),
    (
        "a time that is none",
        LEAST + "drain_timeout_s: .nan\n",
        ["3: drain_timeout_s: Input should be less than or equal to 86400"],
    ),
    (
        "a score beyond certainty",
        LEAST + "examination: {face_score: 1}\n",
        ["3: examination.face_score: Input should be less than 1"],
    ),
    (
        "an unknown word",
        LEAST + "audit: {durability: fsnyc}\n",
        ["3: audit.durability: unknown value 'fsnyc'; did you mean 'fsync'?"],
    ),
    (
        "a switch in YAML 1.1",
        LEAST + "refusals: {as_content_filter: on}\n",
        ["3: refusals.as_content_filter: Input should be a valid boolean"],
    ),
]


@pytest.mark.parametrize(("text", "problems"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_mistakes(tmp_path: Path, text: str, problems: list[str]) -> None:
    """Each with its line and what is valid."""
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as error:
        load_settings(path)
    assert error.value.problems == tuple(f"{path}:{problem}" for problem in problems)


@pytest.mark.parametrize(
    "endpoint",
    [
        "my-resource.openai.azure.com",
        "https://a.example/openai",
        "https://a.example?x=1",
        "https://user:word@a.example",
        "ftp://a.example",
        "https://a.example\nhttps://b.example",
        "https://",
        "",
    ],
)
def test_endpoints_that_are_none(tmp_path: Path, endpoint: str) -> None:
    """A path, a query, a name and password, another scheme: none of these belongs there."""
    quoted = endpoint.replace("\n", "\\n")
    path = written(tmp_path, f'upstream: {{endpoint: "{quoted}", api_key: {{env: KEY}}}}\n' + POLICIES)
    with pytest.raises(ConfigurationError) as error:
        load_settings(path)
    assert [problem.startswith(f"{path}:1: {ENDPOINT}") for problem in error.value.problems] == [True]


def test_a_secret_written_out_is_not_repeated(tmp_path: Path) -> None:
    """The mistake is told without the word."""
    path = written(tmp_path, POLICIES + "upstream: {endpoint: https://a.example, api_key: hunter2}\n")
    with pytest.raises(ConfigurationError) as error:
        load_settings(path)
    assert "hunter2" not in str(error.value)


# ---- secrets


def test_a_secret_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the line end that a shell may leave; and not shown when printed."""
    monkeypatch.setenv("FACEGATE_TEST_KEY", " hunter2\n")
    secret = Secret(env="FACEGATE_TEST_KEY").read(tmp_path)
    assert (secret.get_secret_value(), "hunter2" in repr(secret)) == ("hunter2", False)


def test_a_secret_from_a_file(tmp_path: Path) -> None:
    """Relative to the settings."""
    (tmp_path / "key").write_text("hunter2\n", encoding="utf-8")
    assert Secret(file="key").read(tmp_path).get_secret_value() == "hunter2"


def test_secrets_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is missing, empty or unreadable stops the start, by name."""
    monkeypatch.delenv("FACEGATE_TEST_KEY", raising=False)
    monkeypatch.setenv("FACEGATE_TEST_EMPTY", "  ")
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for secret, words in (
        (Secret(env="FACEGATE_TEST_KEY"), "the environment variable FACEGATE_TEST_KEY is not set"),
        (Secret(env="FACEGATE_TEST_EMPTY"), "the environment variable FACEGATE_TEST_EMPTY is not set"),
        (Secret(file="none"), f"{tmp_path / 'none'}: the secret cannot be read"),
        (Secret(file="binary"), f"{tmp_path / 'binary'}: the secret cannot be read"),
        (Secret(file="empty"), f"{tmp_path / 'empty'}: the file is empty"),
    ):
        with pytest.raises(ConfigurationError) as error:
            secret.read(tmp_path)
        assert str(error.value).startswith(words)
