"""Who calls, and what is known of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, TypeAlias, get_args

Organization = Literal["police_department", "law_enforcement", "public_safety_vendor", "public_sector", "private"]
Camera = Literal["body_worn", "dash", "drone", "handheld", "vehicle", "fixed", "none"]
Environment = Literal["uncontrolled", "controlled"]
Timing = Literal["real_time", "near_real_time", "post_event"]
Consent = Literal["documented", "none"]

ATTRIBUTE_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "organization": get_args(Organization),
    "camera": get_args(Camera),
    "environment": get_args(Environment),
    "timing": get_args(Timing),
    "consent": get_args(Consent),
}
"""The closed value sets of the attributes; `country` (ISO 3166 alpha-2) and `use_case` are open."""

STRICTEST_FIRST: Final[Mapping[str, tuple[str, ...]]] = {
    "camera": ("body_worn", "dash", "drone", "handheld", "vehicle", "fixed", "none"),
    "environment": ("uncontrolled", "controlled"),
    "timing": ("real_time", "near_real_time", "post_event"),
    "consent": ("none", "documented"),
}
"""What a request may declare, strictest value first: a declaration may move a fixed attribute only to the left."""

MOBILE_CAMERAS: Final = ("body_worn", "dash", "drone", "handheld", "vehicle")

LAW_ENFORCEMENT: Final = ("police_department", "law_enforcement")


class Provenance(StrEnum):
    """Where an attribute's value comes from."""

    ATTESTED = "attested"  # the tenant register, reviewed by the platform team
    DECLARED = "declared"  # the request's own Facegate-Attributes header, within what the register delegates
    ASSUMED = "assumed"  # nobody said; the strict value that counts for law enforcement


@dataclass(frozen=True, slots=True)
class Attribute:
    """One known property of the caller."""

    name: str
    value: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody that the caller acts for. Empty strings are unknown.

    `attested` is False where only the request says so: such a principal makes rules stricter, and explains nothing.
    """

    organization: str
    country: str
    attested: bool = True


@dataclass(frozen=True, slots=True)
class Approval:
    """A service owner's approval on file; lifts only the clauses and rules that `scope` names."""

    reference: str
    scope: tuple[str, ...]
    expires: str  # ISO date


OnBehalfOf: TypeAlias = tuple[Principal, ...] | None

SOMEBODY: Final = Principal("", "")
"""Somebody not known, beside those who are: a rule about whom the caller acts for stays undetermined."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated tenant with what is known of it for this request.

    An attribute that is absent from `attributes` is unknown. `on_behalf_of` is None when unknown, empty when the
    tenant acts for nobody but itself. `credential` is the id of the credential that was used, never the secret.
    `approvals` holds only those in force at the time of the request.
    """

    tenant: str
    credential: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    on_behalf_of: OnBehalfOf = ()
    approvals: tuple[Approval, ...] = ()

    def value_of(self, name: str) -> str | None:
        """The value of an attribute, or None when it is unknown."""
        attribute = self.attributes.get(name)
        return attribute.value if attribute else None
