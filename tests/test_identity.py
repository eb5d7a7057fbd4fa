"""What is made of a value that comes again is made once."""

from proxy.identity import OncePerValue


def test_once_for_each_object() -> None:
    """Equal values are told apart; one value gets what was made of it before."""
    made: list[list[int]] = []

    def count(value: list[int]) -> int:
        made.append(value)
        return len(made)

    remembered = OncePerValue(count)
    one, other = [1], [1]
    assert [remembered(value) for value in (one, other, one, other)] == [1, 2, 1, 2]


def test_what_is_gone_is_not_mistaken_for_another() -> None:
    """A value lives as long as it is known, so no other takes its identity."""
    remembered = OncePerValue[list[int], int](sum)
    assert [remembered([number]) for number in range(5000)] == list(range(5000))


def test_it_does_not_grow_without_end() -> None:
    """After many values what was made of the first is made anew."""
    made: list[object] = []
    remembered = OncePerValue[object, None](made.append)
    first = object()
    values = [first, *(object() for _ in range(2000)), first]
    for value in values:
        remembered(value)
    assert made.count(first) == 2
