"""One operation of the service's API, as the catalogue describes it."""

from dataclasses import dataclass
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
    cuts its body into parts (empty for REFUSE). `query` lists the query parameters that may be forwarded. `why` is the
    reason of a refusal. `parts` tells for each kind of part what becomes of it: inspected, refused or inert.
    """

    name: str
    methods: tuple[str, ...]
    paths: tuple[str, ...]
    disposition: Disposition
    reader: str = ""
    query: tuple[str, ...] = ("api-version",)
    why: str = ""
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Called:
    """An operation as one request calls it: `path` is rebuilt from the template and checked parameters, `query` from
    the allow-list, so that neither is the caller's own spelling. `deployment` is empty where the body names the model.
    """

    operation: Operation
    path: str
    query: tuple[tuple[str, str], ...]
    deployment: str = ""
