"""One operation of the service's API, as the catalogue describes it."""

from dataclasses import dataclass, field
from enum import StrEnum


class Disposition(StrEnum):
    """What happens to calls of an operation."""

    SCREEN = "screen"  # read, examined, judged, and forwarded if policy allows
    REFUSE = "refuse"  # known, and refused as not inspectable, with the catalogue's reason


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the catalogue.

    `name` is the stable name in metrics and records (`chat.completions`). `methods` and `paths` are what it answers to;
    a path is a template such as `/openai/deployments/{deployment}/chat/completions`. `reader` names the function that
    cuts its body into parts (empty for REFUSE, and where no body is taken). `bodies` are the forms that the body may have:
    `json`, `multipart`, or `none` where it may be left out; or `events`, which come over a socket, each to be read as a body.
    `model` tells whether the body has to name one. `query` lists the query parameters that may be forwarded. `why` is the
    reason of a refusal. `permit` names the reader of a refused operation that the register may permit to a tenant
    (`direct_realtime`). `parts` tells for each kind of part what becomes of it: inspected, refused, exempt or inert.

    What the service keeps: `makes` lists (kind, JSON pointer into the reply) for ids that the reply tells, where `*` stands
    for every item of a list; `keeps` lists the members of the body of which one has to ask for that, if any has to;
    `extends` lists the kinds of references to which this request adds what it carries; `lists` is the kind of things that
    the reply lists, of which a caller sees those of its own tenant.
    """

    name: str
    methods: tuple[str, ...]
    paths: tuple[str, ...]
    disposition: Disposition
    reader: str = ""
    bodies: tuple[str, ...] = ("json",)
    model: bool = False
    query: tuple[str, ...] = ("api-version",)
    why: str = ""
    permit: str = ""
    parts: tuple[tuple[str, str], ...] = ()
    makes: tuple[tuple[str, str], ...] = ()
    keeps: tuple[str, ...] = ()
    extends: tuple[str, ...] = ()
    lists: str = ""


@dataclass(frozen=True, slots=True)
class Called:
    """An operation as one request calls it: `path` is rebuilt from the template and checked parameters, `query` from
    the allow-list, so that neither is the caller's own spelling. `deployment` is empty where the body names the model.
    `ids` are the things that the path names, outermost first, as (kind, id); `shown` is the path as records show it, with
    the kinds in place of the ids. `kept` is false where the body does not ask the service to keep what the call makes.
    """

    operation: Operation
    path: str
    query: tuple[tuple[str, str], ...]
    deployment: str = ""
    method: str = "POST"
    ids: tuple[tuple[str, str], ...] = ()
    shown: str = field(default="", compare=False)
    kept: bool = True

    @property
    def makes(self) -> tuple[tuple[str, str], ...]:
        """The ids to be learned from the reply; see `Operation.makes`."""
        return self.operation.makes if self.kept else ()
