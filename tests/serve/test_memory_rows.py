"""How a dossier lies in the memory: it comes back as it was, or it is seen that it does not."""

import orjson
import pytest

from proxy.facts import CATALOGUE, Fact, Truth
from proxy.past import HISTORY, Dossier
from proxy.serve.memory_rows import LATER, digest_of, packed, seal, unpacked

KEY = bytes(range(32))
NAMES = frozenset(CATALOGUE)

DOSSIERS = {
    "nothing": Dossier(),
    "a face": Dossier((Fact("media.faces", Truth.TRUE, HISTORY, 0.8999999999999999, (), 3),)),
    "a reason": Dossier((Fact("media.faces", Truth.UNKNOWN, HISTORY, 0.0, (), 0, "“trüncated”\0"),)),
    "all": Dossier(tuple(Fact(name, Truth.TRUE, HISTORY, 1.0, (), 1_000_000, "x") for name in sorted(CATALOGUE))),
}


@pytest.mark.parametrize("name", DOSSIERS)
def test_a_dossier_comes_back(name: str) -> None:
    """As it was, to the last digit."""
    assert unpacked(packed(DOSSIERS[name]), NAMES) == DOSSIERS[name]


def test_what_lies_there() -> None:
    """Names of facts, their truth, score and count, and why; no place in the content, and nothing of it."""
    assert orjson.loads(packed(DOSSIERS["a reason"])) == [["media.faces", 1, 0.0, 0, "“trüncated”\0"]]


def test_facts_of_later_versions_are_unknown() -> None:
    """What nobody looked for then is not “no” now; and a fact that is none any more is none."""
    earlier = NAMES - {"media.faces", "intent.track_person"} | {"media.gone"}
    kept = packed(Dossier((Fact("media.gone", Truth.TRUE, HISTORY), Fact("media.images", Truth.TRUE, HISTORY))))
    assert unpacked(kept, earlier) == Dossier(
        (
            Fact("intent.track_person", Truth.UNKNOWN, HISTORY, 0.0, (), 0, LATER),
            Fact("media.faces", Truth.UNKNOWN, HISTORY, 0.0, (), 0, LATER),
            Fact("media.images", Truth.TRUE, HISTORY),
        )
    )
    assert {fact.truth for fact in unpacked(packed(Dossier()), frozenset()).facts} == {Truth.UNKNOWN}


def test_digests_tell_apart_what_is_different() -> None:
    """By kind, id and key; the same three give the same."""
    names = [("file", "x"), ("batch", "x"), ("file", "y"), ("file", ""), ("filex", "")]
    digests = {digest_of(name, key) for name in names for key in (KEY, bytes(32))}
    assert len(digests) == 2 * len(names)
    assert {len(one) for one in digests} == {16}
    assert digest_of(("file", "x"), KEY) == digest_of(("file", "x"), KEY)
    assert b"x" not in digest_of(("file", "x" * 32), KEY)


def test_a_seal_covers_each_field() -> None:
    """Any change of any field, and any shift between two, is seen."""
    fields = (b"digest", "tenant", b"[]", "a b", 1_790_000_000)
    changed = [
        (b"digesu", *fields[1:]),
        (b"digest", "tenanu", *fields[2:]),
        (b"digest", "tenant[", b"]", *fields[3:]),
        (*fields[:2], b"[ ]", *fields[3:]),
        (*fields[:3], "a", fields[4]),
        (*fields[:4], 1_790_000_001),
        (*fields[:4], "1790000000"),
    ]
    seals = {seal(KEY, *fields), seal(bytes(32), *fields), *(seal(KEY, *one) for one in changed)}
    assert len(seals) == len(changed) + 2
    assert seal(KEY, *fields) == seal(KEY, *fields)
