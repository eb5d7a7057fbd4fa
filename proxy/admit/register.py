"""The tenant register: who may call, and what is known of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from proxy import documents
from proxy.admit.credentials import DIGEST_PATTERN, digest_of
from proxy.caller import (
    SOMEBODY,
    Approval,
    Attribute,
    Camera,
    Consent,
    Environment,
    OnBehalfOf,
    Organization,
    Principal,
    Provenance,
    Timing,
)
from proxy.documents import nearest
from proxy.errors import ConfigurationError

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
SLUG_PATTERN: Final = r"^[a-z0-9][a-z0-9._-]{0,62}$"
Slug = Annotated[str, Field(pattern=SLUG_PATTERN)]
HOST_PATTERN: Final = r"^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"
IsoDate = Annotated[date, Field(strict=False)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CredentialEntry(_Entry):
    """One proxy key, as its digest."""

    id: Slug = Field(description="name of the key in records; never the key itself")
    digest: str = Field(pattern=DIGEST_PATTERN, description="printed by `facegate tenants key`")
    expires: IsoDate | None = Field(None, description="last day on which the key is good")


def _host(name: str) -> str:
    if re.fullmatch(HOST_PATTERN, name) is None:
        raise ValueError(
            f"{name!r} is no name of a host; it reads pictures.example.org, in lower case and without scheme, port or path, or"
            " *.example.org for all below one"
        )
    return name


class PrincipalEntry(_Entry):
    """Somebody that a tenant acts for."""

    organization: Organization
    country: Country


class AttributesEntry(_Entry):
    """What the platform team attests of a tenant. What is left out is unknown."""

    organization: Organization | None = None
    country: Country | None = Field(None, description="ISO 3166 alpha-2")
    camera: Camera | None = None
    environment: Environment | None = None
    timing: Timing | None = None
    consent: Consent | None = Field(None, description="whether consent of the people shown is documented")
    use_case: Slug | None = None


class DelegatesEntry(_Entry):
    """What a tenant's requests may declare for themselves, and within which values."""

    camera: tuple[Camera, ...] = ()
    environment: tuple[Environment, ...] = ()
    timing: tuple[Timing, ...] = ()
    consent: tuple[Consent, ...] = ()
    on_behalf_of: bool = Field(False, description="requests may name whom they act for")


class RemoteImagesEntry(_Entry):
    """What becomes of pictures that a tenant's requests name by address. Nothing in a request changes it."""

    fetch: tuple[Annotated[str, Field(max_length=253), AfterValidator(_host)], ...] = Field(
        (),
        description="hosts from which Facegate fetches them, to examine the picture and send it inline: names in lower case,"
        " or `*.example.org` for all below one. Without any, such requests are refused",
        json_schema_extra={"items": {"type": "string", "pattern": HOST_PATTERN, "maxLength": 253}},
    )


class ApprovalEntry(_Entry):
    """A service owner's approval on file; it lifts only what `scope` names."""

    reference: str = Field(min_length=1, description="number or address of the approval")
    scope: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        min_length=1, description="clause ids (C03) or rule ids"
    )
    expires: IsoDate = Field(description="last day of its validity")


class TenantEntry(_Entry):
    """One tenant."""

    id: Slug
    name: str = Field(min_length=1)
    credentials: tuple[CredentialEntry, ...] = ()
    attributes: AttributesEntry = AttributesEntry()
    delegates: DelegatesEntry = DelegatesEntry()
    on_behalf_of: tuple[PrincipalEntry, ...] | Literal["unknown"] | None = Field(
        None,
        description="whom the tenant acts for: a list, or `unknown`; left out, it acts for itself alone (for a"
        " public_safety_vendor and for an unknown organisation: unknown)",
    )
    remote_images: RemoteImagesEntry = Field(
        RemoteImagesEntry(), description="pictures behind addresses: refused, unless hosts are listed"
    )
    unknown_references: Literal["refuse", "fetch"] = Field(
        "refuse",
        description="file ids that nobody here knows: refused, or the file is got from the service, examined as an upload is, and"
        " the tenant's from then on (`fetch`). Whoever names such a file first has it, so leave it out unless the tenant may use"
        " every file in the service's resource",
    )
    direct_realtime: bool = Field(
        False,
        description="may ask for keys with which applications open realtime sessions at the service itself: what goes on in these"
        " is not seen here, so leave it out unless that is accepted in writing",
    )
    realtime_audio: Literal["exempt", "without_pictures", "refuse"] = Field(
        "without_pictures",
        description="speech in realtime sessions, to which nobody here listens: let pass unheard (`exempt`); let pass, but not in"
        " a session that shows pictures, since what is asked of them aloud could not be known (`without_pictures`); or `refuse`",
    )
    approvals: tuple[ApprovalEntry, ...] = Field((), description="they count for a tenant with an `organization` only")

    def principals(self) -> OnBehalfOf:
        """Whom the tenant acts for; None when that is unknown."""
        if self.on_behalf_of == "unknown":
            return None
        if self.on_behalf_of is None:
            return None if self.attributes.organization in (None, "public_safety_vendor") else ()
        return open_ended(tuple(Principal(entry.organization, entry.country) for entry in self.on_behalf_of))

    def attested(self) -> Mapping[str, Attribute]:
        """The attributes that the register fixes, by name."""
        known = self.attributes.model_dump(exclude_none=True)
        return {name: Attribute(name, value, Provenance.ATTESTED) for name, value in known.items()}

    def approvals_on(self, day: date) -> tuple[Approval, ...]:
        """The approvals that are in force on `day`. Nobody knows to whom an undeclared organisation's were given: none."""
        if self.attributes.organization is None:
            return ()
        return tuple(
            Approval(entry.reference, entry.scope, entry.expires.isoformat())
            for entry in self.approvals
            if day <= entry.expires
        )


def open_ended(principals: tuple[Principal, ...]) -> tuple[Principal, ...]:
    """`principals`, with somebody not known where one is a vendor that serves others in turn."""
    vendor = any(one.organization == "public_safety_vendor" for one in principals)
    return (*principals, SOMEBODY) if vendor and SOMEBODY not in principals else principals


class RegisterFile(_Entry):
    """The whole of tenants.yaml."""

    tenants: tuple[TenantEntry, ...]

    @field_validator("tenants")
    @classmethod
    def _ids_once(cls, tenants: tuple[TenantEntry, ...]) -> tuple[TenantEntry, ...]:
        seen: set[str] = set()
        for tenant in tenants:
            if tenant.id in seen:
                raise ValueError(f"the tenant id {tenant.id!r} is used twice")
            seen.add(tenant.id)
        return tenants

    @model_validator(mode="after")
    def _digests_once(self) -> "RegisterFile":
        owner: dict[str, str] = {}
        for tenant in self.tenants:
            for credential in tenant.credentials:
                if credential.digest in owner:
                    raise ValueError(
                        f"credential {credential.id!r} of {tenant.id!r} has the digest of one of {owner[credential.digest]!r}:"
                        " a key belongs to one tenant"
                    )
                owner[credential.digest] = tenant.id
        return self


@dataclass(frozen=True, slots=True)
class Register:
    """The tenants, found by id and by the digest of a key."""

    tenants: Mapping[str, TenantEntry]
    by_digest: Mapping[str, tuple[TenantEntry, CredentialEntry]]

    def find(self, key: str) -> tuple[TenantEntry, CredentialEntry] | None:
        """The tenant and credential of a proxy key, or None. Compares digests only, never keys."""
        return self.by_digest.get(digest_of(key))

    def tenant(self, tenant_id: str) -> TenantEntry:
        """The tenant called `tenant_id`. Raises ConfigurationError naming the known ones."""
        if tenant_id not in self.tenants:
            known = nearest(tenant_id, self.tenants) if self.tenants else "it is empty"
            raise ConfigurationError(f"there is no tenant {tenant_id!r} in the register; {known}")
        return self.tenants[tenant_id]


def build_register(file: RegisterFile) -> Register:
    """Index the register's entries."""
    return Register(
        {tenant.id: tenant for tenant in file.tenants},
        {credential.digest: (tenant, credential) for tenant in file.tenants for credential in tenant.credentials},
    )


def load_register(path: Path) -> Register:
    """Read tenants.yaml. Raises ConfigurationError naming file, line and what is valid."""
    return build_register(documents.load(path, RegisterFile))
