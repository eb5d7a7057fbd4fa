"""Names become addresses that may be called, all of them or none; beside the event loop."""

import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import pytest

from proxy.forward.networks import Address, public_address
from proxy.forward.not_fetched import Stopped, Why
from proxy.forward.resolver import CheckedResolver, system_addresses


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Where names are waited for."""
    with ThreadPoolExecutor(1, "resolve") as made:
        yield made


def entry(host: str, address: str, port: int) -> dict[str, object]:
    """An address as the client takes it: a number, of its family, never to be looked up again."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    flags = socket.AI_NUMERICHOST
    return {"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": flags}


async def test_all_addresses_in_order(threads: ThreadPoolExecutor) -> None:
    """Of both families, each once, in the spelling that is usual."""
    told = ["1.1.1.1", "2606:4700:0:0::1111", "1.1.1.1", "8.8.8.8"]
    checked: list[Address] = []

    def allowed(address: Address) -> bool:
        checked.append(address)
        return public_address(address)

    found = await CheckedResolver(lambda _: told, allowed, threads).resolve("a.example", 443, socket.AF_INET)
    assert found == [entry("a.example", one, 443) for one in ("1.1.1.1", "2606:4700::1111", "8.8.8.8")]
    assert checked == list(map(ip_address, ("1.1.1.1", "2606:4700::1111", "8.8.8.8")))


@pytest.mark.parametrize(
    "told", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["fe80::1%eth0", "1.1.1.1"], ["::ffff:1.1.1.1"]]
)
async def test_one_that_may_not_be_called(threads: ThreadPoolExecutor, told: Sequence[str]) -> None:
    """Is enough to call none."""
    with pytest.raises(Stopped) as stopped:
        await CheckedResolver(lambda _: told, public_address, threads).resolve("a.example", 443)
    assert stopped.value.why is Why.ADDRESS


async def test_none(threads: ThreadPoolExecutor) -> None:
    """No addresses, or a resolver that says so."""

    def unknown(host: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, host)

    for resolve in (lambda _: [], unknown):
        with pytest.raises(OSError, match=r"without addresses|a\.example"):
            await CheckedResolver(resolve, public_address, threads).resolve("a.example", 443)


async def test_the_event_loop_does_not_wait(threads: ThreadPoolExecutor) -> None:
    """The resolver is asked in one of the threads, for the name as it stands."""
    asked: list[tuple[str, str]] = []

    def resolve(host: str) -> Sequence[str]:
        asked.append((host, threading.current_thread().name))
        return ["1.1.1.1"]

    resolver = CheckedResolver(resolve, public_address, threads)
    await resolver.resolve("a.example", 443)
    await resolver.close()
    assert asked == [("a.example", "resolve_0")]


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", ["127.0.0.1"]), ("::1", ["::1"]), ("0x7f.1", ["127.0.0.1"])]
)
def test_the_system_s_resolver(host: str, expected: Sequence[str]) -> None:
    """Each address once. What the system reads as an address in an odd spelling comes out as what it is."""
    assert system_addresses(host) == expected
