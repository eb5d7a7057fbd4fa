"""The processes that look at pictures: same answers as in the thread, and a worker's death is one request's trouble."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from support import pictures
from support.gate import Gate, gate

from proxy.caller import Caller
from proxy.content import Content, Document, Image, Inline, Opaque, Part, Remote, Role, Text
from proxy.examine import examine
from proxy.examine.faces import Faces
from proxy.examine.pictures import PictureLimits
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


def stop(proxy: Gate) -> None:
    """Stop the proxy's only worker, and kill it a little later."""
    assert proxy.facegate.workers is not None
    pid = pid_of(proxy.facegate.workers)
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
