"""How a dossier lies in the memory: facts as JSON, under a seal, beside the names of the facts that were looked for."""

from collections.abc import Set as AbstractSet
from typing import Final

import orjson
from blake3 import blake3

from proxy.facts import CATALOGUE, Fact, Truth
from proxy.past import HISTORY, Dossier, Name, merged

LATER: Final = "not looked for when it was made"
"""Why a fact is unknown of a thing that an earlier version of Facegate saw."""

_SEAL: Final = 8


def digest_of(name: Name, key: bytes) -> bytes:
    """What stands for a thing in the memory: 16 bytes, which nobody without the key can compare with an id."""
    kind, thing = name
    return blake3(f"{kind}\0{thing}".encode("utf-8", "surrogatepass"), key=key).digest(length=16)


def packed(dossier: Dossier) -> bytes:
    """The facts of a dossier as JSON: `[[name, truth, score, count, why], …]`."""
    return orjson.dumps([[fact.name, int(fact.truth), fact.score, fact.count, fact.why] for fact in dossier.facts])


def unpacked(facts: bytes, examined: AbstractSet[str]) -> Dossier:
    """The dossier that was packed. Facts that are none any more are left out; those that were not in `examined`, the
    catalogue of its time, are UNKNOWN.
    """
    known = Dossier(tuple([_fact(*one) for one in orjson.loads(facts) if one[0] in CATALOGUE]))
    later = CATALOGUE.keys() - examined
    if not later:
        return known
    return merged(known, Dossier(tuple(Fact(name, Truth.UNKNOWN, HISTORY, 0.0, (), 0, LATER) for name in later)))


def _fact(name: str, truth: int, score: float, count: int, why: str) -> Fact:
    return Fact(name, Truth(truth), HISTORY, score, (), count, why)


def seal(key: bytes, *fields: bytes | str | int) -> bytes:
    """A keyed digest over all fields of a row: a damaged one is told from what was written."""
    return blake3(repr(fields).encode("utf-8", "surrogatepass"), key=key).digest(length=_SEAL)
