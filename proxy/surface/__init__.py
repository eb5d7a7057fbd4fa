"""What is called, and what is in it?"""

from proxy.content import Content
from proxy.errors import BadRequest
from proxy.exchange import Inbound, Surfaced
from proxy.location import Location
from proxy.operation import Called
from proxy.surface.catalogue import Catalogue, load_catalogue, route
from proxy.surface.decode import read_json
from proxy.surface.limits import Limits
from proxy.surface.readers import FIELD_NAMES, READERS
from proxy.surface.readers.walk import WORD, Walk
from proxy.surface.rewrite import rewrite_json

__all__ = ["FIELD_NAMES", "load_catalogue", "route", "surface"]


def surface(inbound: Inbound, catalogue: Catalogue, limits: Limits) -> Surfaced:
    """Find the operation and cut the body into parts. Raises RequestError with the place that is to blame."""
    return read(inbound, route(inbound.method, inbound.target, catalogue), limits)


def read(inbound: Inbound, called: Called, limits: Limits) -> Surfaced:
    """As `surface`, for a request whose operation is found already."""
    body = read_json(inbound, limits)
    walk = Walk(limits)
    READERS[called.operation.reader](walk, body)
    named = body.get("model")
    model = called.deployment or (named if isinstance(named, str) and WORD.fullmatch(named) else "")
    if not model:
        raise BadRequest("the model is missing, or is not the name of one", Location(("model",)))
    content = Content(tuple(walk.parts), tuple(walk.inert), model, body.get("stream") is True)
    return Surfaced(called, content, rewrite_json(body))
