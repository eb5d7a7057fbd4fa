"""What a conclusion adds to the metrics: nothing of the caller's choosing, and nothing twice."""

from collections.abc import Mapping

import pytest

from proxy.caller import Caller
from proxy.content import Content, Coverage
from proxy.decision import Decision, Finding, Outcome
from proxy.exchange import Conclusion, Forward, Inspected, Refuse, Rejected, Screened
from proxy.facts import Evidence, Fact, Truth
from proxy.operation import Called, Disposition, Operation
from proxy.record.counting import count_conclusion
from proxy.record.metrics import LABELS, TABLE, Metrics

CALLER = Caller("retail-co", "key-1", {}, (), ())
CALLED = Called(Operation("chat.completions", ("POST",), ("/x",), Disposition.SCREEN), "/x", ())
FORWARD = Forward(CALLED, Inspected("application/json", (b"{}",)))
REFUSE = Refuse(403, "prohibited_use", {})


def finding(rule: str, outcome: Outcome, truth: Truth = Truth.TRUE) -> Finding:
    """A finding of `rule`."""
    return Finding(rule, "C03", "", outcome, truth, "")


def screened(
    decision: Decision,
    action: Forward | Refuse = FORWARD,
    kinds: Mapping[tuple[str, str], int] | None = None,
    facts: tuple[Fact, ...] = (),
) -> Screened:
    """A screened request of one tenant."""
    content = Content((), (), "a model that the caller names")
    return Screened(CALLER, CALLED, content, Evidence(facts), decision, action, Coverage(0, 0, 0, kinds or {}))


def samples(metrics: Metrics) -> dict[str, float]:
    """All series of the table that are not 0, as `name{labels}`; of histograms the counts and sums."""
    found: dict[str, float] = {}
    for family in metrics.collect():
        for sample in family.samples:
            if sample.value and not sample.name.endswith("_bucket"):
                labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
                found[f"{sample.name.removeprefix('facegate_')}{{{labels}}}"] = sample.value
    return found


TABLE_OF_CONCLUSIONS: dict[str, tuple[Conclusion, dict[str, float]]] = {
    "forwarded, nothing found": (
        screened(Decision(Outcome.ALLOW), kinds={("text", "inspected"): 3}),
        {
            "requests_total{operation=chat.completions,outcome=allow,status=forwarded,tenant=retail-co}": 1,
            "parts_total{disposition=inspected,kind=text,operation=chat.completions}": 3,
        },
    ),
    "refused by a rule that holds, another undetermined": (
        screened(
            Decision(
                Outcome.BLOCK,
                (finding("identify", Outcome.BLOCK), finding("live", Outcome.REVIEW, Truth.UNKNOWN)),
            ),
            REFUSE,
            {("text", "inspected"): 1, ("image", "inspected"): 2},
            (Fact("media.faces", Truth.TRUE, "faces", 0.9, (), 4), Fact("media.images", Truth.TRUE, "media", 1, (), 2)),
        ),
        {
            "requests_total{operation=chat.completions,outcome=block,status=403,tenant=retail-co}": 1,
            "parts_total{disposition=inspected,kind=text,operation=chat.completions}": 1,
            "parts_total{disposition=inspected,kind=image,operation=chat.completions}": 2,
            "findings_total{mode=enforce,outcome=block,rule=identify,tenant=retail-co}": 1,
            "undetermined_total{mode=enforce,rule=live}": 1,
            "faces_found_total{}": 4,
        },
    ),
    "rules in shadow are told apart, also where they are undetermined": (
        screened(
            Decision(
                Outcome.ALLOW,
                shadow=(finding("new", Outcome.BLOCK), finding("newer", Outcome.FLAG, Truth.UNKNOWN)),
            )
        ),
        {
            "requests_total{operation=chat.completions,outcome=allow,status=forwarded,tenant=retail-co}": 1,
            "findings_total{mode=shadow,outcome=block,rule=new,tenant=retail-co}": 1,
            "undetermined_total{mode=shadow,rule=newer}": 1,
        },
    ),
    "policy lets it pass, but a part was not examined": (
        screened(
            Decision(Outcome.FLAG, (finding("watch", Outcome.FLAG),)),
            Refuse(422, "not_inspectable", {}),
            {("image", "refused"): 1},
        ),
        {
            "requests_total{operation=chat.completions,outcome=block,status=422,tenant=retail-co}": 1,
            "parts_total{disposition=refused,kind=image,operation=chat.completions}": 1,
            "findings_total{mode=enforce,outcome=flag,rule=watch,tenant=retail-co}": 1,
        },
    ),
    "no verdict": (
        Rejected(Refuse(413, "too_large", {}), CALLER, CALLED),
        {"requests_total{operation=chat.completions,outcome=rejected,status=413,tenant=retail-co}": 1},
    ),
    "nobody we know": (
        Rejected(Refuse(401, "invalid_api_key", {})),
        {"requests_total{operation=chat.completions,outcome=rejected,status=401,tenant=none}": 1},
    ),
}


@pytest.mark.parametrize("name", TABLE_OF_CONCLUSIONS)
def test_what_a_conclusion_adds(name: str) -> None:
    """The whole of it: every series that moves, and no other."""
    conclusion, expected = TABLE_OF_CONCLUSIONS[name]
    metrics = Metrics()
    count_conclusion(metrics, conclusion, "chat.completions", {})
    assert samples(metrics) == expected


def test_stages_are_milliseconds_and_become_seconds() -> None:
    """Each stage that was reached is one duration."""
    metrics = Metrics()
    count_conclusion(metrics, Rejected(Refuse(400, "invalid_request", {})), "other", {"admit": 0.5, "surface": 2.0})
    found = samples(metrics)
    del found["requests_total{operation=other,outcome=rejected,status=400,tenant=none}"]
    assert found == {
        "request_stage_seconds_count{stage=admit}": 1,
        "request_stage_seconds_sum{stage=admit}": 0.0005,
        "request_stage_seconds_count{stage=surface}": 1,
        "request_stage_seconds_sum{stage=surface}": 0.002,
    }


def test_the_same_again_moves_the_same_series() -> None:
    """A second conclusion of the same kind adds to the series of the first."""
    conclusion, expected = TABLE_OF_CONCLUSIONS["refused by a rule that holds, another undetermined"]
    metrics = Metrics()
    for _ in range(2):
        count_conclusion(metrics, conclusion, "chat.completions", {})
    assert samples(metrics) == {name: 2 * value for name, value in expected.items()}


def test_every_label_has_a_closed_set() -> None:
    """Each label says where its values come from: none of them is a path, a model or an address of the caller's."""
    assert {label for metric in TABLE for label in metric.labels} == set(LABELS)
