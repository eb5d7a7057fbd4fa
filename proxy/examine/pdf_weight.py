"""How much there is to draw: forms that draw forms that draw forms make gigabytes of a few hundred bytes."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from pikepdf import Array, Dictionary, Name, Object, Stream

from proxy.examine.opening import Unopened

DRAWN_BYTES: Final = 64 * 1024 * 1024
"""Bytes of drawing instructions of all pages of a file, each form counted as often as it is drawn. Ordinary pages have some
hundred thousand; a second's work is about 30 million."""

DEPTH: Final = 20
"""Forms within forms; PDFium itself goes no deeper than some dozens."""

_DRAWS: Final = re.compile(rb"/([^\s()<>\[\]{}/%]+)\s+Do(?=[\s/\[<(%]|\Z)")
_DO: Final = re.compile(rb"(?<![^\s()<>\[\]{}/%])Do(?=[\s/\[<(%]|\Z)")
_ESCAPED: Final = re.compile(rb"#([0-9a-fA-F]{2})")


class Weights:
    """The instructions that forms come to when they are drawn, each form weighed once."""

    def __init__(self, contents: dict[tuple[int, int], bytes]) -> None:
        """`contents` are the inflated streams that may draw something, by their object numbers."""
        self._contents = contents
        self._known: dict[tuple[int, int], int] = {}
        self._at_work: set[tuple[int, int]] = set()

    def page(self, page: Object) -> int:
        """The instructions of a page. Raises Unopened where forms are nested too deeply."""
        contents = page.get(Name.Contents)
        pieces = contents if isinstance(contents, Array) else [contents]
        whole = b"\n".join(self._contents.get(one.objgen, b"") for one in pieces if isinstance(one, Stream))
        return self._weight(whole, page.get(Name.Resources), DEPTH)

    def form(self, form: Object) -> int:
        """The instructions of a form that is drawn once. Raises Unopened as `page` does."""
        return self._form(form, None, DEPTH)

    def _form(self, form: Object, outer: Object | None, left: int) -> int:
        if left == 0:
            raise Unopened(f"a PDF whose forms are nested deeper than {DEPTH} levels")
        key = form.objgen
        if key in self._at_work:
            raise Unopened("a PDF with a form that draws itself")
        if key not in self._known:
            self._at_work.add(key)
            self._known[key] = self._weight(self._contents.get(key, b""), form.get(Name.Resources, outer), left)
            self._at_work.remove(key)
        return self._known[key]

    def _weight(self, content: bytes, resources: Object | None, left: int) -> int:
        draws = len(_DO.findall(content)) if b"Do" in content else 0
        forms = _forms(resources) if draws else {}
        named = Counter(map(_unescaped, _DRAWS.findall(content))) if forms else Counter()
        weights = {name: self._form(forms[name], resources, left - 1) for name in named if name in forms}
        rest = max(0, draws - named.total()) if forms else 0
        return len(content) + sum(weights[name] * named[name] for name in weights) + rest * self._heaviest(forms)

    def _heaviest(self, forms: Mapping[bytes, Object]) -> int:
        """The most that a form may come to which is drawn by a name that cannot be read."""
        return max(
            (self._known.get(form.objgen, len(self._contents.get(form.objgen, b""))) for form in forms.values()),
            default=0,
        )


def _forms(resources: Object | None) -> Mapping[bytes, Object]:
    objects = resources.get(Name.XObject) if isinstance(resources, Dictionary) else None
    if not isinstance(objects, Dictionary):
        return {}
    return {
        key[1:].encode("utf-8", "surrogateescape"): one
        for key, one in objects.items()
        if isinstance(one, Stream) and one.get(Name.Subtype) == Name.Form
    }


def _unescaped(name: bytes) -> bytes:
    return _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), name)
