"""Containers in which the service runs programs, as they are made and as tools name them."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.location import Location
from proxy.surface.readers.walk import Table, Walk, number, one_of, record, refer, some, text, unread

_NETWORK: Final = "a container that reaches the network brings in what was not seen here"


def network(walk: Walk, here: Location, value: Any) -> None:
    """Whether a container may reach the network: it may not."""
    if isinstance(value, dict) and value.get("type") == "disabled" and len(value) == 1:
        walk.inert.append(here.at("type"))
    else:
        walk.opaque(here, _NETWORK)


SETTING_UP: Final[Table] = {
    "file_ids": refer("file"),
    "memory_limit": one_of("1g", "4g", "16g", "64g"),
    "network_policy": network,
    "skills": some(unread("a skill brings in programs and files that were not seen here")),
}
"""What a new container is to hold and may do."""

_EXPIRY: Final[Table] = {"anchor": one_of("last_active_at"), "minutes": number}


def read_container(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that makes a container."""
    walk.fields(Location(), body, _BODY)


_BODY: Final[Table] = {**SETTING_UP, "name": text, "expires_after": record(_EXPIRY)}

KNOWN_FIELDS: Final = frozenset(_BODY) | frozenset(_EXPIRY) | {"type"}
"""Field names that this reader knows."""
