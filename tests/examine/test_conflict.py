"""What a request shows, against what the register says and the request declares."""

import pytest
from support.cases import caller

from proxy.caller import Caller, Principal
from proxy.examine.conflict import conflicts
from proxy.facts import Evidence, Fact, Truth
from proxy.location import Location

F, U, T = Truth.FALSE, Truth.UNKNOWN, Truth.TRUE
HERE = Location(("messages", 0))

LAW, SAID = "context.law_enforcement", "context.mobile_camera"
SEEN, LIVE = "media.mobile_camera", "context.live_feed"

SHOP = caller(organization="private", camera="fixed", timing="post_event")
POLICE = caller(organization="police_department", camera="body_worn", timing="real_time")
NOBODY = caller()


def fact(name: str, truth: Truth = T, score: float = 0.95) -> Fact:
    return Fact(name, truth, "test", score, (HERE,), 1)


@pytest.mark.parametrize(
    ("facts", "who", "organization", "camera", "timing"),
    [
        pytest.param((), SHOP, F, F, F, id="nothing seen"),
        pytest.param((fact(LAW, F), fact(SEEN, F), fact(SAID, F), fact(LIVE, F)), SHOP, F, F, F, id="nothing there"),
        pytest.param((fact(LAW),), SHOP, T, F, F, id="speaks from police work, the register knows a shop"),
        pytest.param((fact(LAW, T, 0.5),), SHOP, F, F, F, id="speaks of police only"),
        pytest.param((fact(LAW),), POLICE, F, F, F, id="the register knows the police"),
        pytest.param((fact(LAW),), caller((Principal("police_department", "US"),)), F, F, F, id="acts for the police"),
        pytest.param(
            (fact(LAW),), caller((Principal("police_department", "US", attested=False),)), T, F, F,
            id="says itself that it acts for the police",
        ),
        pytest.param((fact(LAW),), caller(None), F, F, F, id="nobody knows whom it acts for"),
        pytest.param((fact(LAW),), caller((Principal("private", "US"),)), T, F, F, id="acts for somebody else"),
        pytest.param((fact(LAW, U),), SHOP, U, F, F, id="cannot tell whether it speaks from police work"),
        pytest.param((fact(LAW, U),), POLICE, F, F, F, id="cannot tell, and it would not matter"),
        pytest.param((fact(SEEN),), SHOP, F, T, F, id="a mobile camera seen, a fixed one declared"),
        pytest.param((fact(SAID),), SHOP, F, T, F, id="a mobile camera spoken of, a fixed one declared"),
        pytest.param((fact(SEEN, U), fact(SAID)), SHOP, F, T, F, id="one knows, the other does not"),
        pytest.param((fact(SEEN, U), fact(SAID, F)), SHOP, F, U, F, id="metadata unread, a fixed camera declared"),
        pytest.param((fact(SEEN, F), fact(SAID, U)), SHOP, F, U, F, id="words unread, a fixed camera declared"),
        pytest.param((fact(SEEN),), POLICE, F, F, F, id="a mobile camera seen and declared"),
        pytest.param((fact(SEEN),), NOBODY, F, F, F, id="a mobile camera seen, nothing declared"),
        pytest.param((fact(LIVE),), SHOP, F, F, T, id="a live feed, use after the event declared"),
        pytest.param((fact(LIVE, U),), SHOP, F, F, U, id="cannot tell whether it is live"),
        pytest.param((fact(LIVE),), POLICE, F, F, F, id="a live feed, real time declared"),
        pytest.param((fact(LIVE),), NOBODY, F, F, F, id="a live feed, nothing declared"),
        pytest.param((fact("context.us_police"), fact("intent.track_person")), SHOP, F, F, F, id="other facts"),
    ],
)  # fmt: skip
def test_conflicts(facts: tuple[Fact, ...], who: Caller, organization: Truth, camera: Truth, timing: Truth) -> None:
    found = {one.name: one.truth for one in conflicts(Evidence(facts), who)}
    assert found == {"conflict.organization": organization, "conflict.camera": camera, "conflict.timing": timing}


def test_a_conflict_stands_where_its_cause_does() -> None:
    unread = Fact(LIVE, U, "intent", 0.0, (HERE,), 0, "too much text")
    assert {one.name: one for one in conflicts(Evidence((fact(LAW, T, 0.95), unread)), SHOP)} == {
        "conflict.organization": Fact("conflict.organization", T, "conflict", 0.95, (HERE,), 1),
        "conflict.camera": Fact("conflict.camera", F, "conflict"),
        "conflict.timing": Fact("conflict.timing", U, "conflict", 0.0, (HERE,), 0, "too much text"),
    }
