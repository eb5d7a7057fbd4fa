"""What the register permits beyond what is forwarded for everybody."""

from dataclasses import replace

from proxy.admit.register import TenantEntry
from proxy.operation import Called, Disposition


def permitted(called: Called, tenant: TenantEntry) -> Called:
    """The operation as this tenant may call it.

    One that hands out a way around this proxy is refused, unless the tenant's entry has `direct_realtime`: then it is read,
    judged and forwarded, and what goes on beyond it is not seen here.
    """
    operation = called.operation
    if not operation.permit or not tenant.direct_realtime:
        return called
    return replace(
        called, operation=replace(operation, disposition=Disposition.SCREEN, reader=operation.permit, permit="", why="")
    )
