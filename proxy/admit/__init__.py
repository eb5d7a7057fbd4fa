"""Who calls?"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from proxy.admit.credentials import presented_keys
from proxy.admit.narrow import HEADER, Declared, narrow, parse_attributes
from proxy.admit.register import Register, TenantEntry
from proxy.caller import LAW_ENFORCEMENT, Attribute, Caller, OnBehalfOf, Provenance
from proxy.errors import Unauthenticated
from proxy.exchange import Inbound

_NOTHING = Declared({})

_WORST_CASE = {"camera": "body_worn", "environment": "uncontrolled", "timing": "real_time"}
"""What counts for law enforcement while nobody has said otherwise."""


def authenticate(register: Register, inbound: Inbound, today: date) -> Caller:
    """The tenant whose key the request presents, with what the register attests of it.

    Raises Unauthenticated when no key is presented, the keys are unknown or belong to different tenants, or the key has expired.
    """
    api_keys, authorizations = inbound.header_values("api-key"), inbound.header_values("authorization")
    if len(api_keys) > 1 or len(authorizations) > 1:
        raise Unauthenticated("the request presents several credentials in one header", "ambiguous")
    keys = presented_keys(api_keys[0] if api_keys else None, authorizations[0] if authorizations else None)
    if not keys:
        raise Unauthenticated("no credential; send a proxy key as `api-key` or as `Authorization: Bearer`", "missing")
    owners = [owner for key in keys if (owner := register.find(key))]
    if len(owners) != len(keys):
        raise Unauthenticated("the credential is not one of this proxy's keys", "unknown")
    tenant, credential = owners[0]
    if any(other is not tenant for other, _ in owners):
        raise Unauthenticated("the request presents keys of different tenants", "ambiguous")
    if any(one.expires is not None and today > one.expires for _, one in owners):
        raise Unauthenticated("the key has expired; ask your platform team for a new one", "expired")
    return _caller(tenant, credential.id, None, today)


def attributed(register: Register, caller: Caller, inbound: Inbound, today: date) -> Caller:
    """`caller` with what the request's Facegate-Attributes header declares.

    Raises BadRequest naming the mistake in a malformed header.
    """
    lines = inbound.header_values(HEADER)
    if not lines:
        return caller
    return _caller(register.tenants[caller.tenant], caller.credential, ", ".join(lines), today)


def caller_of(tenant: TenantEntry, attributes: str | None, today: date) -> Caller:
    """The caller that `tenant` is when its request declares `attributes` (the header's value); for offline screening."""
    return _caller(tenant, "offline", attributes, today)


class _ByIdentity:
    """Makes a register entry a cache key by what it is, not by comparing all its fields."""

    __slots__ = ("tenant",)

    def __init__(self, tenant: TenantEntry) -> None:
        self.tenant = tenant

    def __hash__(self) -> int:
        return id(self.tenant)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.tenant is self.tenant


def _caller(tenant: TenantEntry, credential: str, header: str | None, today: date) -> Caller:
    return _cached_caller(_ByIdentity(tenant), credential, header, today)


@lru_cache(maxsize=4096)
def _cached_caller(key: _ByIdentity, credential: str, header: str | None, today: date) -> Caller:
    tenant = key.tenant
    declared = _NOTHING if header is None else parse_attributes(header)
    attributes, on_behalf_of = narrow(tenant, declared)
    return Caller(
        tenant=tenant.id,
        credential=credential,
        attributes=worst_case(attributes, on_behalf_of),
        on_behalf_of=on_behalf_of,
        approvals=tenant.approvals_on(today),
    )


def worst_case(attributes: Mapping[str, Attribute], on_behalf_of: OnBehalfOf) -> Mapping[str, Attribute]:
    """`attributes` with the strict value wherever law enforcement left camera, environment or timing open.

    Counts as law enforcement: police, other law enforcement, whoever acts for them, and whoever may (not known for whom).
    """
    organization = attributes.get("organization")
    may_be_police = on_behalf_of is None or any(one.organization in (*LAW_ENFORCEMENT, "") for one in on_behalf_of)
    if not may_be_police and organization is not None and organization.value not in LAW_ENFORCEMENT:
        return attributes
    assumed = {name: Attribute(name, value, Provenance.ASSUMED) for name, value in _WORST_CASE.items()}
    return {**assumed, **attributes}
