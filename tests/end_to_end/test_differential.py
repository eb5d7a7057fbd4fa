"""What the service parses is what was inspected, however strangely the caller's JSON is written."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson
import pydantic_core
from support.bodies import inbound, leaves
from support.gate import Gate, gate

from proxy.content import Text
from proxy.surface import surface

ROUNDS: Final = 400

PATH: Final = "/openai/v1/chat/completions"

PARSERS: Final[tuple[Callable[[bytes], Any], ...]] = (json.loads, orjson.loads, pydantic_core.from_json)
"""Three parsers that share no code."""

WORDS: Final = (
    "hello",
    "a/b",
    'say "x"',
    "\\",
    "ß → \U0001f600",
    "\u2028",
    "line\nbreak",
    "\x7f",
    "",
    "\ufeff",
    "e\u0301",
)


class Scribe:
    """Writes JSON in odd but mostly valid spellings: escapes, white space, number forms, repeated and similar names."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - spellings, not secrets

    def body(self) -> bytes:
        """A chat whose pieces are spelled at random."""
        said = ",".join(
            self.thing({"role": self.string("user"), "content": self.content()}) for _ in range(self.dice.randint(1, 3))
        )
        members = {"model": self.string("gpt-4o"), "messages": f"[{said}]"}
        for name in self.dice.sample(["temperature", "seed", "user", "metadata", "x_note", "Model", "stop"], 2):
            members[name] = self.value(2)
        text = self.thing(members)
        if self.dice.random() < 0.1:
            text = text.replace(":", self.dice.choice([" : ", ":\n", ":\v", ":/**/"]), 1)
        return text.encode("utf-8", "surrogatepass") + self.dice.choice([b"", b"", b"\n", b" ", b"\x00", b","])

    def content(self) -> str:
        """A content: words, or parts of words."""
        if self.dice.random() < 0.5:
            return self.string(self.dice.choice(WORDS))
        parts = [
            self.thing({"type": self.string("text"), "text": self.string(one)}) for one in self.dice.sample(WORDS, 2)
        ]
        return f"[{','.join(parts)}]"

    def value(self, depth: int) -> str:
        """Any value."""
        kind = self.dice.randrange(7 if depth else 5)
        if kind == 0:
            return self.dice.choice(
                [
                    "0",
                    "-0",
                    "1e2",
                    "1E+2",
                    "0.10",
                    "01",
                    "1.",
                    ".5",
                    "+1",
                    "18446744073709551615",
                    "1e400",
                    "9007199254740993",
                ]
            )
        if kind == 1:
            return self.dice.choice(["true", "false", "null", "True", "NaN", "-Infinity"])
        if kind < 5:
            return self.string(self.dice.choice(WORDS))
        if kind == 5:
            return f"[{','.join(self.value(depth - 1) for _ in range(self.dice.randint(0, 3)))}]"
        return self.thing({one: self.value(depth - 1) for one in self.dice.sample(WORDS, self.dice.randint(0, 3))})

    def thing(self, members: dict[str, str]) -> str:
        """An object; now and then with one of its names twice."""
        pairs = [f"{self.string(name)}{self.space()}:{self.space()}{value}" for name, value in members.items()]
        if pairs and self.dice.random() < 0.03:
            pairs.append(self.dice.choice(pairs))
        return f"{{{self.space()}{(',' + self.space()).join(pairs)}{self.space()}}}"

    def space(self) -> str:
        """White space, as JSON has it."""
        return self.dice.choice(["", "", "", " ", "\t", "\r\n"])

    def string(self, words: str) -> str:
        """A string, some of whose characters are escaped though they need not be."""
        return '"' + "".join(map(self.sign, words)) + '"'

    def sign(self, sign: str) -> str:
        """One character."""
        chance = self.dice.random()
        if sign in '"\\' or ord(sign) < 32 or chance < 0.2:
            units = sign.encode("utf-16-be")
            return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
        if chance < 0.203:
            return self.dice.choice(["\\ud800", "\x01", "\\x41", "\\'", "\\/"])
        return sign


def said(tree: Any) -> list[str]:
    """All words of a tree that stand in messages, in order."""
    return [
        value
        for steps, value in leaves(tree["messages"])
        if isinstance(value, str) and steps[-1] in ("content", "text")
    ]


def inspected(body: bytes, proxy: Gate) -> list[str]:
    """All words of messages that Facegate looked at."""
    content = surface(inbound(body, PATH), proxy.runtime.catalogue, proxy.runtime.surface_limits).content
    return [
        part.text
        for part in content.parts
        if isinstance(part, Text)
        and part.location.steps[0] == "messages"
        and part.location.steps[-1] in ("content", "text")
    ]


async def test_what_the_service_parses_was_inspected(tmp_path: Path) -> None:
    """Whatever is forwarded reads alike by three parsers, and its words are those that were looked at; the rest is refused."""
    forwarded = refused = 0
    async with gate(tmp_path) as proxy:
        for seed in range(ROUNDS):
            body = Scribe(seed).body()
            before = len(proxy.service.arrived)
            status, _, _ = await proxy.post(body)
            if len(proxy.service.arrived) == before:
                assert status in (400, 403, 413, 422), (seed, status)
                refused += 1
                continue
            arrived = proxy.service.arrived[-1].body
            read = [parse(arrived) for parse in PARSERS]
            assert read[0] == read[1] == read[2], seed
            assert said(read[0]) == inspected(body, proxy), seed
            forwarded += 1
    assert min(forwarded, refused) > ROUNDS // 8, (forwarded, refused)
