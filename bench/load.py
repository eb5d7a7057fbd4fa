"""Callers: many connections, each sending the same request again and again, with as little work of their own as possible."""

import asyncio
import time
from dataclasses import dataclass, field


@dataclass
class Load:
    """What a run of callers saw: seconds a request, by status."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    wall_s: float = 0.0

    def percentile(self, share: float) -> float:
        """Seconds within which `share` of the requests were answered."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def request(key: str, body: bytes, path: str = "/openai/v1/chat/completions") -> bytes:
    """A call as bytes."""
    head = f"POST {path} HTTP/1.1\r\nHost: proxy\r\napi-key: {key}\r\nContent-Type: application/json\r\n"
    return (head + f"Content-Length: {len(body)}\r\n\r\n").encode() + body


async def answered(reader: asyncio.StreamReader) -> int:
    """Read one reply; its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lowered = head.lower()
    at = lowered.find(b"content-length: ")
    if at >= 0:
        await reader.readexactly(int(lowered[at + 16 : lowered.index(b"\r\n", at)]))
    else:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return status


async def run(port: int, data: bytes, connections: int, requests: int) -> Load:
    """Send `requests` requests in all over `connections` connections."""
    load, left = Load(), requests
    begun = time.monotonic()

    async def caller() -> None:
        nonlocal left
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        while left > 0:
            left -= 1
            sent = time.monotonic()
            writer.write(data)
            status = await answered(reader)
            load.seconds.append(time.monotonic() - sent)
            load.statuses[status] = load.statuses.get(status, 0) + 1
        writer.close()

    await asyncio.gather(*(caller() for _ in range(connections)))
    load.wall_s = time.monotonic() - begun
    return load


async def delays(port: int, data: bytes, connections: int) -> list[float]:
    """Seconds from the sending of each event of a stream to its arrival here."""
    found: list[float] = []

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        writer.write(data)
        await reader.readuntil(b"\r\n\r\n")
        while size := int(await reader.readline(), 16):
            chunk = await reader.readexactly(size + 2)
            now = time.monotonic_ns()
            found.extend((now - int(line[6:])) / 1e9 for line in chunk.split(b"\n") if line.startswith(b"data: "))
        writer.close()

    await asyncio.gather(*(caller() for _ in range(connections)))
    return found
