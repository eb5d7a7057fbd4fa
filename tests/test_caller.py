"""What is known of a caller."""

from proxy.caller import (
    ATTRIBUTE_VALUES,
    LAW_ENFORCEMENT,
    MOBILE_CAMERAS,
    STRICTEST_FIRST,
    Attribute,
    Caller,
    Provenance,
)


def test_an_attribute_that_is_absent_is_unknown() -> None:
    """None, and no default."""
    caller = Caller("t", "k", {"camera": Attribute("camera", "fixed", Provenance.ATTESTED)})
    assert (caller.value_of("camera"), caller.value_of("timing")) == ("fixed", None)


def test_a_caller_acts_for_itself_alone_unless_more_is_known() -> None:
    """Nobody is known to be nobody only where somebody said so."""
    assert Caller("t", "k").on_behalf_of == ()
    assert Caller("t", "k").approvals == ()


def test_every_order_of_strictness_covers_its_values() -> None:
    """A value that has no place in the order could be declared and never compared."""
    assert {name: sorted(order) for name, order in STRICTEST_FIRST.items()} == {
        name: sorted(values) for name, values in ATTRIBUTE_VALUES.items() if name != "organization"
    }


def test_mobile_cameras_are_the_strictest() -> None:
    """All of them stand before the fixed ones."""
    assert STRICTEST_FIRST["camera"] == (*MOBILE_CAMERAS, "fixed", "none")
    assert set(LAW_ENFORCEMENT) < set(ATTRIBUTE_VALUES["organization"])
