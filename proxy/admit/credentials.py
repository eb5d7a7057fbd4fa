"""Proxy keys: how they are made, and the digests under which the register keeps them."""

import hashlib
import secrets
from typing import Final

PREFIX: Final = "fg_"
"""Marks a proxy key, so that secret scanners can find one that leaked."""

DIGEST_PATTERN: Final = r"^sha256:[0-9a-f]{64}$"


def new_key() -> str:
    """A fresh proxy key: 256 random bits, so that a plain digest of it cannot be searched backwards."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    """The digest that the register holds in place of `key`."""
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def presented_keys(api_key: str | None, authorization: str | None) -> tuple[str, ...]:
    """The keys that a request presents in `api-key` and in `Authorization: Bearer`, in that order, without repeats.

    The SDKs send their key in either header, some in both.
    """
    bearer = ""
    if authorization is not None:
        scheme, _, rest = authorization.partition(" ")
        bearer = rest.strip() if scheme.lower() == "bearer" else ""
    return tuple(dict.fromkeys([key for key in ((api_key or "").strip(), bearer) if key]))
