"""Proxy keys: made, kept as digests, and found in a request's headers."""

import hashlib

import pytest

from proxy.admit.credentials import DIGEST_PATTERN, PREFIX, digest_of, new_key, presented_keys


def test_keys_are_marked_long_and_never_the_same() -> None:
    """A key has the prefix that scanners look for, 256 bits, and nothing that a header could not carry."""
    keys = {new_key() for _ in range(50)}
    assert len(keys) == 50
    assert all(key.startswith(PREFIX) and len(key) == len(PREFIX) + 43 and key.isascii() for key in keys)


def test_a_digest_tells_nothing_of_its_key() -> None:
    """The register's form of a key: SHA-256, in the pattern that the register asks for."""
    assert digest_of("fg_abc") == "sha256:" + hashlib.sha256(b"fg_abc").hexdigest()
    assert hashlib.sha256(b"").hexdigest() not in digest_of("fg_abc")
    assert DIGEST_PATTERN.strip("^$").startswith("sha256:")


PRESENTED: list[tuple[str, str | None, str | None, tuple[str, ...]]] = [
    ("nothing", None, None, ()),
    ("api-key", "k", None, ("k",)),
    ("bearer", None, "Bearer k", ("k",)),
    ("scheme in small letters", None, "bearer k", ("k",)),
    ("scheme in capitals", None, "BEARER k", ("k",)),
    ("both, the same", "k", "Bearer k", ("k",)),
    ("both, different", "a", "Bearer b", ("a", "b")),
    ("spaces around", "  k ", "Bearer   k  ", ("k",)),
    ("empty api-key", "", None, ()),
    ("blank api-key", "   ", None, ()),
    ("empty api-key beside a bearer", "", "Bearer k", ("k",)),
    ("bearer without key", None, "Bearer", ()),
    ("bearer with blank key", None, "Bearer   ", ()),
    ("another scheme", None, "Basic k", ()),
    ("another scheme beside an api-key", "k", "Basic other", ("k",)),
    ("no scheme", None, "k", ()),
    ("a tab for the space", None, "Bearer\tk", ()),
    ("two keys in one header stay one", None, "Bearer a b", ("a b",)),
]


@pytest.mark.parametrize(
    ("api_key", "authorization", "keys"), [case[1:] for case in PRESENTED], ids=[case[0] for case in PRESENTED]
)
def test_presented_keys(api_key: str | None, authorization: str | None, keys: tuple[str, ...]) -> None:
    """The keys of `api-key` and of `Authorization: Bearer`, each once."""
    assert presented_keys(api_key, authorization) == keys
