"""Why a picture was not fetched: a closed set, in words for the operator and in others for the caller."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_REDIRECTS: Final = 3


class Why(StrEnum):
    """Why a picture was not fetched, as metrics name it. `words` are for the caller, and tell nothing of any network."""

    URL = "url"  # not plain https, credentials, a port that is not called, an odd spelling
    HOST = "host"  # not on the tenant's list
    ADDRESS = "address"  # the host has an address that is not public
    UNREACHABLE = "unreachable"  # no such name, no connection, no valid certificate, broken HTTP
    TIMEOUT = "timeout"
    REDIRECTS = "redirects"  # too many
    STATUS = "status"  # another answer than 200
    ENCODING = "encoding"  # a content coding
    SIZE = "size"
    TYPE = "type"  # the bytes do not begin like a picture
    MANY = "many"  # too many in one request; none of them was fetched

    @property
    def words(self) -> str:
        """The reason in words for the caller."""
        return _WORDS[self]


_UNREACHED: Final = "its host cannot be reached"
_NO_PICTURE: Final = "its host did not answer with a picture (JPEG, PNG, GIF or WebP)"

_WORDS: Final = {
    Why.URL: "it must read https://HOST/PATH, without user, password or an unusual port",
    Why.HOST: "its host is not one of those that are listed for this tenant",
    Why.ADDRESS: _UNREACHED,
    Why.UNREACHABLE: _UNREACHED,
    Why.TIMEOUT: "it took too long",
    Why.REDIRECTS: f"it redirects more than {MAX_REDIRECTS} times",
    Why.STATUS: _NO_PICTURE,
    Why.ENCODING: _NO_PICTURE,
    Why.SIZE: "it is too large, alone or together with the rest of the request",
    Why.TYPE: _NO_PICTURE,
    Why.MANY: "the request names too many pictures by address",
}


@dataclass(frozen=True, slots=True)
class NotFetched:
    """No picture, and why."""

    why: Why


class Stopped(Exception):
    """Ends a fetch. Never leaves the fetcher, which makes it a `NotFetched`."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why
