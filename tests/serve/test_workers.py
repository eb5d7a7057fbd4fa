"""The processes that look at pictures: same answers as in the thread, and a worker's death is one request's trouble."""

import os
import signal
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import pdfs, pictures
from support.gate import Gate, gate

from proxy.caller import Caller
from proxy.content import Content, Document, Image, Inline, Opaque, Part, Remote, Role, Text
from proxy.examine import examine
from proxy.examine.faces import Faces
from proxy.examine.opening import DocumentLimits
from proxy.examine.pictures import PictureLimits
from proxy.examine.unfold import unfold
from proxy.facts import Truth
from proxy.location import Location
from proxy.serve import workers as module
from proxy.serve.workers import PictureWorkers, WorkerLost

HERE = Location(("messages", 0))
CALLER = Caller("t", "k")
GIB = 1024**3


def content(*parts: Part) -> Content:
    """A request with these parts."""
    return Content(parts, (), "m")


def shown(data: bytes) -> Image:
    """An inline picture."""
    return Image(HERE, Inline("", data))


@pytest.fixture
def one() -> Iterator[PictureWorkers]:
    """A single worker."""
    workers = PictureWorkers(1, Faces(), 2 * GIB)
    yield workers
    workers.close()


def pid_of(workers: PictureWorkers) -> int:
    """The process of the only worker."""
    worker = workers._idle.get()
    workers._idle.put(worker)
    assert worker._process is not None
    assert worker._process.pid is not None
    return worker._process.pid


CONTENTS = {
    "a face": content(Text(HERE, Role.USER, "who?"), shown(pictures.face())),
    "no face": content(shown(pictures.coffee())),
    "undecodable": content(shown(pictures.truncated())),
    "an address": content(Image(HERE, Remote("https://x.example/"))),
    "a file": content(Document(HERE, Inline("application/pdf", b"%PDF"))),
    "a file that is opened": content(Document(HERE, Inline("application/pdf", b"%PDF"), opened=True)),
    "opaque": content(Opaque(HERE, "why")),
    "words": content(Text(HERE, Role.USER, "hello")),
}


def test_the_answers_are_those_of_the_detector(one: PictureWorkers) -> None:
    """Whatever a request carries."""
    faces = Faces()
    assert {name: one.examine(what, CALLER) for name, what in CONTENTS.items()} == {
        name: faces.examine(what, CALLER) for name, what in CONTENTS.items()
    }


def test_words_alone_start_nothing(one: PictureWorkers) -> None:
    """Without pictures no process is asked."""
    one.examine(CONTENTS["words"], CALLER)
    with pytest.raises(AssertionError):
        pid_of(one)


def test_a_worker_that_dies_is_replaced(one: PictureWorkers) -> None:
    """Killed between two requests: the next is answered by a new process."""
    one.start()
    before = pid_of(one)
    os.kill(before, signal.SIGKILL)
    time.sleep(0.2)
    assert one.examine(CONTENTS["a face"], CALLER).truth_of("media.faces") is Truth.TRUE
    assert pid_of(one) != before


def test_a_worker_that_dies_over_a_picture_loses_that_request_only(one: PictureWorkers) -> None:
    """Its facts are unknown and its place is not examined, so it is not forwarded; the next request is served."""
    one.start()
    os.kill(pid_of(one), signal.SIGSTOP)
    threading.Timer(0.3, os.kill, (pid_of(one), signal.SIGKILL)).start()
    lost = examine(CONTENTS["no face"], CALLER, (one,))
    assert lost.truth_of("media.faces") is Truth.UNKNOWN
    assert lost.unexamined
    assert one.examine(CONTENTS["no face"], CALLER).truth_of("media.faces") is Truth.FALSE


def test_a_worker_that_is_stuck_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the time for pictures and some grace."""
    monkeypatch.setattr(module, "GRACE_S", 0.1)
    workers = PictureWorkers(1, Faces(replace(PictureLimits(), seconds=0.1)), 2 * GIB)
    workers.start()
    stuck = pid_of(workers)
    os.kill(stuck, signal.SIGSTOP)
    with pytest.raises(WorkerLost, match="stuck"):
        workers.examine(CONTENTS["no face"], CALLER)
    with pytest.raises(ProcessLookupError):
        os.kill(stuck, 0)
    workers.close()


def test_several_at_once() -> None:
    """More threads than workers: all are answered."""
    workers = PictureWorkers(2, Faces(), 2 * GIB)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: workers.examine(CONTENTS["a face"], CALLER), range(6)))
    workers.close()
    assert {one.truth_of("media.faces") for one in found} == {Truth.TRUE}


async def test_a_proxy_whose_worker_dies_refuses_and_goes_on(tmp_path: Path) -> None:
    """Seen from outside: 422 for the request that it had, 200 for the next."""
    url = pictures.data_uri(pictures.coffee())
    part = {"type": "image_url", "image_url": {"url": url}}
    body = {"model": "m", "messages": [{"role": "user", "content": [part]}]}
    async with gate(tmp_path, examination={"isolated": True, "workers": 1}) as proxy:
        assert (await proxy.post(body))[0] == 200
        stop(proxy)
        status, reply, _ = await proxy.post(body)
        assert (status, reply["error"]["code"]) == (422, "not_inspectable")
        assert (await proxy.post(body))[0] == 200


# ---- files


def file(data: bytes) -> Document:
    """An inline file."""
    return Document(HERE, Inline("application/pdf", data), "a.pdf")


FILES = {
    "words": b"hello",
    "a picture": pictures.coffee(),
    "a document": pdfs.text_pdf(2),
    "a document with a face": pdfs.picture_pdf(),
    "an archive": b"PK\x03\x04",
    "a torn document": pdfs.text_pdf()[:-9],
}


def test_files_are_opened_as_in_the_thread(one: PictureWorkers) -> None:
    """The same parts and the same gaps."""
    limits = DocumentLimits()
    assert {name: one.unfold(file(data)) for name, data in FILES.items()} == {
        name: unfold(file(data), limits) for name, data in FILES.items()
    }


def test_limits_of_files_reach_the_processes() -> None:
    """Those of the settings."""
    workers = PictureWorkers(1, Faces(), 2 * GIB, DocumentLimits(pages=1))
    found = workers.unfold(file(pdfs.text_pdf(2)))
    workers.close()
    assert found.gaps == ((HERE, "the file cannot be examined: a PDF of 2 pages; the limit is 1"),)


def _inflating(size: int) -> bytes:
    squeezed = zlib.compressobj(9, wbits=-15)
    piece = squeezed.compress(bytes(2**24)) + squeezed.flush(zlib.Z_FULL_FLUSH)  # such pieces may be repeated
    packed = b"\x78\xda" + piece * (size // 2**24)
    draft = pdfs.Draft()
    draft.page()
    draft.objects[4] = pdfs.stream(packed, b"/Filter/FlateDecode")
    return draft.bytes()


def _many_pages() -> bytes:
    draft = pdfs.Draft()
    for _ in range(10_000):
        draft.page()
    return draft.bytes()


def _huge_page() -> bytes:
    draft = pdfs.Draft()
    draft.page(box=(0, 0, 10**9, 10**9))
    return draft.bytes()


BOMBS = {
    "ten thousand pages": _many_pages,
    "a page of a billion points": _huge_page,
    "a gigabyte of instructions": lambda: _inflating(2**30),
}


@pytest.mark.parametrize("case", BOMBS)
def test_bombs_are_gaps_within_the_memory_of_a_process(one: PictureWorkers, case: str) -> None:
    """The process that looked at one lives on, and has taken no more than a part of what it may."""
    one.start()
    before = pid_of(one)
    (gap,) = one.unfold(file(BOMBS[case]())).gaps
    assert gap[0] == HERE
    assert pid_of(one) == before
    (peak,) = [line.split()[1] for line in Path(f"/proc/{before}/status").read_text().splitlines() if "VmHWM" in line]
    assert int(peak) * 1024 < GIB
    assert one.unfold(file(b"hello")).gaps == ()


def test_a_process_that_dies_over_a_file_loses_that_file_only(one: PictureWorkers) -> None:
    """The file stays closed, and the next is opened."""
    one.start()
    os.kill(pid_of(one), signal.SIGSTOP)
    threading.Timer(0.3, os.kill, (pid_of(one), signal.SIGKILL)).start()
    with pytest.raises(WorkerLost, match="ended"):
        one.unfold(file(pdfs.text_pdf()))
    assert one.unfold(file(pdfs.text_pdf())).gaps == ()


def test_a_process_that_is_stuck_over_a_file_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern of a million tiles and more: nothing in the process could stop it."""
    monkeypatch.setattr(module, "GRACE_S", 0.1)
    draft = pdfs.Draft()
    entries = b"/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep .001/YStep .001/Resources<<>>"
    tile = draft.add(pdfs.stream(b"0 0 1 1 re f", entries))
    draft.page(b"/Pattern cs /P scn 0 0 612 792 re f", b"/Pattern<</P %d 0 R>>" % tile)
    workers = PictureWorkers(1, Faces(), 2 * GIB, DocumentLimits(seconds=2.0))
    workers.start()
    with pytest.raises(WorkerLost, match="stuck"):
        workers.unfold(file(draft.bytes()))
    workers.close()


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[PictureWorkers]:
    """A worker that sees many damaged files."""
    workers = PictureWorkers(1, Faces(), 2 * GIB)
    yield workers
    workers.close()


SEEDS = (
    pdfs.text_pdf(2),
    pdfs.picture_pdf(pages=1, face_page=1),
    pdfs.by_pillow(pictures.plain_pixels(32), title="A title"),
)


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12),
    st.integers(0, 1),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files(fuzzed: PictureWorkers, seed: bytes, flips: list[tuple[float, int]], cut: int) -> None:
    """Bytes changed at random: parts or a gap, never anything else; and a process that dies is a gap too."""
    data = bytearray(seed)
    for place, value in flips:
        data[int(place * len(data))] = value
    if cut:
        del data[int(flips[0][0] * len(data)) :]
    try:
        found = fuzzed.unfold(file(bytes(data)))
    except WorkerLost:
        return
    assert found.gaps or found.parts
    assert all(HERE.covers(part.location) for part in found.parts)


def stop(proxy: Gate) -> None:
    """Stop the proxy's only worker, and kill it a little later."""
    assert proxy.facegate.workers is not None
    pid = pid_of(proxy.facegate.workers)
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
