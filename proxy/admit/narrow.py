"""The Facegate-Attributes header: a request may add to what the register knows, or make it stricter, never weaken it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, cast

import http_sf

from proxy.admit.register import TenantEntry, open_ended
from proxy.caller import (
    ATTRIBUTE_VALUES,
    LAW_ENFORCEMENT,
    MOBILE_CAMERAS,
    SOMEBODY,
    STRICTEST_FIRST,
    Attribute,
    OnBehalfOf,
    Principal,
    Provenance,
)
from proxy.errors import BadRequest
from proxy.location import Location

HEADER: Final = "facegate-attributes"
MAX_HEADER: Final = 2048

_PLACE: Final = Location(("headers", HEADER))

_COUNTRY: Final = re.compile(r"[A-Z]{2}")  # ISO 3166 alpha-2

_Members: TypeAlias = Mapping[str, tuple[object, Mapping[str, object]]]

_ALWAYS: Final[Mapping[str, frozenset[str]]] = {
    "camera": frozenset(MOBILE_CAMERAS),
    "environment": frozenset({"uncontrolled"}),
    "timing": frozenset({"real_time", "near_real_time"}),
    "consent": frozenset({"none"}),
}
"""Values that only make a verdict stricter: any request may declare them where the register fixes nothing."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a header says: attribute values by name, and whom the request acts for (None: not said)."""

    values: Mapping[str, str]
    on_behalf_of: OnBehalfOf = None


def parse_attributes(header: str) -> Declared:
    """Read an RFC 9651 dictionary such as `camera=body_worn, on_behalf_of=(police_department;country=US)`.

    Raises BadRequest naming the mistake and its place in the header.
    """
    if len(header) > MAX_HEADER:
        raise BadRequest(f"Facegate-Attributes is longer than {MAX_HEADER} characters", _PLACE)
    repeated: list[str] = []
    try:
        members = http_sf.parse(
            header.encode("latin-1"), tltype="dictionary", on_duplicate_key=lambda key, _: repeated.append(key)
        )
    except (http_sf.StructuredFieldError, UnicodeError) as mistake:
        raise BadRequest(f"Facegate-Attributes is not an RFC 9651 dictionary: {mistake}", _PLACE) from mistake
    if repeated:
        raise BadRequest(f"Facegate-Attributes names {repeated[0]!r} twice", _PLACE.at(repeated[0]))
    values: dict[str, str] = {}
    principals: OnBehalfOf = None
    for name, (value, parameters) in cast("_Members", members).items():  # tltype makes it one
        if name == "on_behalf_of":
            principals = _principals(value, parameters)
        else:
            values[name] = _value(name, value, parameters)
    return Declared(values, principals)


def _value(name: str, value: object, parameters: Mapping[str, object]) -> str:
    if name not in STRICTEST_FIRST:
        valid = ", ".join((*STRICTEST_FIRST, "on_behalf_of"))
        raise BadRequest(f"Facegate-Attributes cannot declare {name!r}; it can declare: {valid}", _PLACE.at(name))
    if parameters:
        raise BadRequest(f"Facegate-Attributes: {name!r} takes no parameters", _PLACE.at(name))
    if not isinstance(value, (http_sf.Token, str)) or str(value) not in ATTRIBUTE_VALUES[name]:
        valid = ", ".join(ATTRIBUTE_VALUES[name])
        raise BadRequest(f"Facegate-Attributes: {name!r} has an unknown value; valid: {valid}", _PLACE.at(name))
    return str(value)


def _principals(value: object, parameters: Mapping[str, object]) -> tuple[Principal, ...]:
    place = _PLACE.at("on_behalf_of")
    if not isinstance(value, list) or not value:
        raise BadRequest("Facegate-Attributes: on_behalf_of is a list such as (police_department;country=US)", place)
    if parameters:
        raise BadRequest("Facegate-Attributes: on_behalf_of takes parameters inside its brackets only", place)
    return tuple(_principal(item, parameters, place) for item, parameters in value)


def _principal(item: object, parameters: Mapping[str, object], place: Location) -> Principal:
    organization, country = str(item), str(parameters.get("country", ""))
    if not isinstance(item, (http_sf.Token, str)) or organization not in ATTRIBUTE_VALUES["organization"]:
        valid = ", ".join(ATTRIBUTE_VALUES["organization"])
        raise BadRequest(f"Facegate-Attributes: on_behalf_of names an unknown organisation; valid: {valid}", place)
    if set(parameters) - {"country"} or (country and not _COUNTRY.fullmatch(country)):
        raise BadRequest("Facegate-Attributes: on_behalf_of takes one parameter, country, as in country=US", place)
    return Principal(organization, country)


def narrow(tenant: TenantEntry, declared: Declared) -> tuple[Mapping[str, Attribute], OnBehalfOf]:
    """The attributes that count for one request: the register's, made stricter or filled in by the declaration.

    A declaration that would weaken, or that the register does not delegate, has no effect.
    """
    attributes = dict(tenant.attested())
    for name, value in declared.values.items():
        known = attributes.get(name)
        if _counts(name, value, known, getattr(tenant.delegates, name)):
            attributes[name] = Attribute(name, value, Provenance.DECLARED)
    return attributes, _acting_for(tenant, declared.on_behalf_of)


def _counts(name: str, value: str, known: Attribute | None, delegated: Sequence[str]) -> bool:
    if known is None:
        return value in delegated or value in _ALWAYS[name]
    order = STRICTEST_FIRST[name]
    return order.index(value) < order.index(known.value)


def _acting_for(tenant: TenantEntry, declared: OnBehalfOf) -> OnBehalfOf:
    """Whom a request acts for. What is not delegated can only add law enforcement to what the register says or leaves open."""
    fixed = tenant.principals()
    if declared is None:
        return fixed
    if fixed is None and tenant.delegates.on_behalf_of:
        return open_ended(declared)
    police = tuple(one for one in declared if one.organization in LAW_ENFORCEMENT)
    if fixed is None:
        return (*map(_unattested, police), SOMEBODY) if police else None
    return fixed + tuple(_unattested(one) for one in police if one not in fixed)


def _unattested(principal: Principal) -> Principal:
    return replace(principal, attested=False)
