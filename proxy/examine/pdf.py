"""A PDF, opened: the words and looks of its pages, every picture that it holds, and whatever words stand beside the pages."""

from collections import Counter
from collections.abc import Iterator, Sequence

from proxy.content import Image, Inline, Part, Role, Text
from proxy.examine.opening import Deadline, DocumentLimits
from proxy.examine.pdf_objects import Objects, Picture, read_objects
from proxy.examine.pdf_pages import draw_sheet, read_pages, read_words
from proxy.location import Location


def open_pdf(data: bytes, here: Location, limits: DocumentLimits, deadline: Deadline) -> Iterator[Part]:
    """The parts of a PDF that stands `here`, as they are found.

    A page stands at `here/page/N`, a picture at `…/picture/N` of the page that leads to it or, where none does, of the
    file, and what is written beside the pages at `here/words`. Raises Unopened, also after some parts.
    """
    found = read_objects(data, limits, deadline)
    if found.words:
        yield Text(here.at("words"), Role.FIELD, "\n".join(found.words))
    yield from _pictures(found, here, limits, deadline)
    others = read_words(found.unmarked) if found.unmarked else []
    for number, page in enumerate(read_pages(data, found.hidden, limits, deadline), 1):
        place = here.at("page", number)
        yield from (Image(place, Inline("image/jpeg", look)) for look in page.looks)
        words = "\n".join([page.words, *others[number - 1 : number]])
        if words.strip():
            yield Text(place, Role.FIELD, words)


def _pictures(found: Objects, here: Location, limits: DocumentLimits, deadline: Deadline) -> Iterator[Part]:
    drawn = list(draw_sheet(found.sheet, limits, deadline)) if found.sheet else []
    on_page: Counter[int] = Counter()
    for one in found.pictures:
        above = here.at("page", one.page) if one.page else here
        place = above.at("picture", on_page[one.page])
        on_page[one.page] += 1
        for data in _files(one, drawn):
            yield Image(place, Inline("image/jpeg", data))


def _files(one: Picture, drawn: Sequence[bytes]) -> Iterator[bytes]:
    if one.jpeg:
        yield one.jpeg
    if one.sheet:
        yield drawn[one.sheet - 1]
