"""Evaluations: criteria by which later runs are graded, and the form of their data."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.content import SchemaKind
from proxy.location import Location
from proxy.surface.readers.graders import grader
from proxy.surface.readers.walk import Table, Walk, flag, some, text, typed, with_types

_STORED: Final = "it takes in what the service stored, which was not seen here"


def _schema(walk: Walk, here: Location, value: Any) -> None:
    walk.schema(here, SchemaKind.RESPONSE_FORMAT, value)


SOURCES: Final[Mapping[str, Table]] = with_types({"custom": {"item_schema": _schema, "include_sample_schema": flag}})
"""Forms of data that are read, by their types."""

REFUSED_SOURCES: Final[Mapping[str, str]] = {"logs": _STORED, "stored_completions": _STORED}
"""Forms of data that are known and refused, with the reasons."""


def read_eval(walk: Walk, body: Mapping[str, Any]) -> None:
    """Read the body of a call that makes an evaluation."""
    walk.fields(Location(), body, _BODY)


_BODY: Final[Table] = {
    "name": text,
    "metadata": Walk.free,
    "data_source_config": typed(SOURCES, "a source of data", REFUSED_SOURCES),
    "testing_criteria": some(grader),
}

KNOWN_FIELDS: Final = frozenset(_BODY).union(*SOURCES.values())
"""Field names that this reader knows."""
