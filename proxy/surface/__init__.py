"""What is called, and what is in it?"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from proxy.content import Content
from proxy.errors import BadRequest
from proxy.exchange import Inbound, Inspected, Line, Surfaced
from proxy.identity import OncePerValue
from proxy.location import Location
from proxy.operation import Called
from proxy.surface.catalogue import Catalogue, load_catalogue, readable, route
from proxy.surface.decode import read_json
from proxy.surface.limits import Limits
from proxy.surface.lines import lines_of
from proxy.surface.multipart import FORM, is_form, read_form, rewrite_form
from proxy.surface.readers import FIELD_NAMES, FORM_READERS, READERS
from proxy.surface.readers.files import slice_of
from proxy.surface.readers.walk import Walk, is_word
from proxy.surface.rewrite import holds_uri, rewrite_json

__all__ = ["FIELD_NAMES", "load_catalogue", "read", "readable", "route", "surface"]


def surface(inbound: Inbound, catalogue: Catalogue, limits: Limits) -> Surfaced:
    """Find the operation and cut the body into parts. Raises RequestError with the place that is to blame."""
    return read(inbound, route(inbound.method, inbound.target, catalogue), limits)


def read(inbound: Inbound, called: Called, limits: Limits) -> Surfaced:
    """As `surface`, for a request whose operation is found already."""
    readable(called)
    operation = called.operation
    walk = Walk(limits)
    for kind, name in called.ids[:1]:  # what is further in belongs to it
        walk.reference(Location(("path", kind)), kind, name)
    for name, value in called.query if operation.lists and not called.ids else ():
        if name in _CURSORS:  # where a page of all tenants' things begins must not tell what others have
            walk.reference(Location(("query", name)), operation.lists, value)
    if not _EMPTY.isdisjoint(operation.bodies) and inbound.body in _NOTHING:
        stream = ("stream", "true") in called.query
        return Surfaced(called, Content(tuple(walk.parts), (), called.deployment, stream), Inspected("", ()))
    if _EMPTY.issuperset(operation.bodies):
        raise BadRequest(f"the operation {operation.name} takes no body")
    if "multipart" in operation.bodies and ("json" not in operation.bodies or is_form(inbound)):
        return _read_form(inbound, called, walk)
    return _read_json(inbound, called, walk)


_CURSORS: Final = ("after", "before")
"""Parameters that name one of the things listed."""

_EMPTY: Final = frozenset({"none", "events"})
"""Forms of which the request itself has nothing: events come later, over a socket."""

_NOTHING: Final = (b"", b"{}")
"""Bodies that say nothing; clients send either."""


def _read_json(inbound: Inbound, called: Called, walk: Walk) -> Surfaced:
    body = read_json(inbound, walk.limits)
    inspected = rewrite_json(body)
    walk.uris = holds_uri(inspected)
    READERS[called.operation.reader](walk, body)
    model = _model(called, body.get("model"), Location(("model",)))
    content = Content(tuple(walk.parts), tuple(walk.inert), model, body.get("stream") is True)
    keeps = called.operation.keeps
    if keeps and not any(body.get(one) for one in keeps):
        called = _not_kept(called)
    return Surfaced(called, content, inspected, body)


_not_kept: Final = OncePerValue[Called, Called](lambda called: replace(called, kept=False))
"""The same call, of which the service keeps nothing: most are, and each is one of few."""


def _read_form(inbound: Inbound, called: Called, walk: Walk) -> Surfaced:
    form = read_form(inbound, walk.limits)
    reader, lines = called.operation.reader, _NO_LINES
    if reader == "file":
        form, lines = lines_of(form, walk.limits)
    FORM_READERS[reader](walk, form)
    model = _model(called, form.value("model"), FORM.at("model"))
    content = Content(tuple(walk.parts), tuple(walk.inert), model, form.value("stream") == "true")
    if reader == "upload_part":  # nothing is sent of it by itself
        return Surfaced(called, content, Inspected("", ()), kept=slice_of(form))
    return Surfaced(called, content, rewrite_form(form), lines=lines)


_NO_LINES: Final[Iterable[Line]] = ()


def _model(called: Called, named: Any, place: Location) -> str:
    model: str = called.deployment or (str(named) if is_word(named) else "")
    if not model and called.operation.model:
        raise BadRequest("the model is missing, or is not the name of one", place)
    return model
