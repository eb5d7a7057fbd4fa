"""The memory of what the service keeps: who made a thing, and what the requests that made it showed."""

from collections.abc import Collection, Mapping
from typing import Protocol

from proxy.errors import FacegateError
from proxy.past import Dossier, Name, Past


class MemoryUnavailable(FacegateError):
    """The memory cannot be asked or told now. What it does not tell is unknown, so nothing that needs it is forwarded."""


class Memory(Protocol):
    """What is remembered of the things that the service keeps, each by (kind, id) and of one tenant.

    Ids are kept as keyed digests and facts as names with their truth; never content, never a place in it. Each call is done
    whole or not at all, and one that was done holds for every later one. Where several processes share one memory, that
    holds among them too. Every method raises MemoryUnavailable, `close` excepted.
    """

    @property
    def failure(self) -> str | None:
        """Why it fails now, in words for the operator; None while it works."""

    async def recall(self, tenant: str, names: Collection[Name]) -> Past:
        """What is known of the things called so, as far as `tenant` made them and their time is not over.

        What another tenant made is not told from what nobody made, neither by the answer nor by the work that it takes.
        """

    async def remember(self, tenant: str, names: Collection[Name], dossier: Dossier) -> None:
        """Keep that `tenant` made these, and what that showed; what is known of them already is merged with it.

        A thing of a kind that is LASTING stays as it is known, and what another tenant made stays that tenant's.
        """

    async def extend(self, tenant: str, additions: Mapping[Name, Dossier], seen: Past) -> Past | None:
        """Merge what a request adds to things that it names, if they still stand as `seen` says: then None.

        Else nothing is merged, and the answer is how they stand now. On disk before it returns.
        """

    async def forget(self, tenant: str, names: Collection[Name]) -> None:
        """Drop what is known of these things of `tenant`."""

    async def owned(self, tenant: str, kind: str, ids: Collection[str]) -> set[str]:
        """Those of `ids` that `tenant` made, and whose time is not over."""

    async def others(self, tenant: str, names: Collection[Name]) -> set[Name]:
        """Those of the things called so that another tenant made, and whose time is not over. No caller may learn them."""

    async def close(self) -> None:
        """Write what is left and let go of everything."""
