"""The reasons are a closed set, and tell a caller nothing of any network."""

import re

import pytest

from proxy.forward.not_fetched import Stopped, Why
from proxy.record.metrics import LABELS


@pytest.mark.parametrize("why", Why)
def test_each_has_words(why: Why) -> None:
    """A clause that goes on from “could not be fetched: ”, without an address, a number of an error or a name of ours."""
    assert re.fullmatch(r"(it|its|the) [A-Za-z0-9 ,:/()]+", why.words)
    assert not re.search(r"\d{2}|errno|DNS|resolv|private|internal|certificate", why.words)


def test_what_would_tell_of_the_network_is_told_alike() -> None:
    """A caller cannot tell a private address from a host that is down, nor one wrong answer from another."""
    assert Why.ADDRESS.words == Why.UNREACHABLE.words
    assert len({Why.STATUS.words, Why.ENCODING.words, Why.TYPE.words}) == 1


def test_the_metric_knows_all_of_them() -> None:
    """The closed set that the label's values come from, before those of unknown files."""
    assert re.findall(r"`(\w+)`", LABELS["result"].partition(";")[0]) == ["fetched", *Why]


def test_stopped_says_why() -> None:
    """What the fetcher makes its answer from."""
    assert Stopped(Why.SIZE).why is Why.SIZE
