"""What a detector is."""

from typing import Protocol

from proxy.caller import Caller
from proxy.content import Content
from proxy.facts import Evidence


class Detector(Protocol):
    """Looks at everything that a request carries and reports facts.

    `name` goes into each fact as its source. `reports` are the names of all facts that it decides: for each of them
    `examine` returns at least one fact, FALSE included; a name that it leaves out is unknown. A detector that raises
    makes all that it reports unknown. Detectors are called from several threads at once and keep no state of a request.
    """

    name: str
    reports: frozenset[str]

    def examine(self, content: Content, caller: Caller) -> Evidence:
        """The facts that `content` shows, and the places whose content could not be examined."""
        ...


class SecondLook(Protocol):
    """Looks again, knowing what all detectors saw and what is known of the things that are named.

    What it leaves out stays as the others said. One that raises makes all that it reports unknown. It is called from several
    threads at once and keeps no state of a request.
    """

    name: str
    reports: frozenset[str]

    def examine(self, content: Content, seen: Evidence) -> Evidence:
        """The further facts that `content` shows, and the places whose content could not be examined."""
        ...
