"""From bytes to a tree: content type, content coding, character set, JSON. One reading only, or a refusal.

This is the one place where JSON of strangers is parsed.
"""

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NoReturn, cast

from proxy.encoded import strict_base64
from proxy.errors import BadRequest, TooLarge, UnsupportedMedia
from proxy.exchange import Inbound
from proxy.location import Location
from proxy.surface.limits import Limits
from proxy.surface.media import MARK, Cut

_JSON_TYPE: Final = re.compile(r"application/json(\s*;\s*charset\s*=\s*\"?utf-8\"?)?\s*", re.IGNORECASE)

_CUT_FROM: Final = 65_536
"""Bytes of a body from which long inline data are cut out before the parser sees them (it would copy them twice)."""

_CUT_RUN: Final = 2_048

_PREFIX: Final = re.compile(rb"data:[A-Za-z0-9.+-]{1,64}/[A-Za-z0-9.+-]{1,64}")

_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""A JSON string, or one that never ends (then up to the end, so that scanning stays linear)."""

_DEEPEST: Final = 200
"""No limit may be set deeper: the parts that follow call themselves for each level."""

_MAX_INT: Final = 2**64 - 1
_MIN_INT: Final = -(2**63)
_INT_DIGITS: Final = 20


def read_json(inbound: Inbound, limits: Limits) -> dict[str, Any]:
    """The body as a JSON object whose strings may be `Cut`s.

    Raises UnsupportedMedia for another content type or coding, TooLarge for what inflates beyond the limits, BadRequest
    for everything that two parsers could read differently: bad UTF-8, repeated keys, NaN, integers beyond 64 bits.
    """
    _check_type(inbound)
    return read_object(inflated(inbound, limits), limits)


def read_object(body: bytes, limits: Limits) -> dict[str, Any]:
    """As `read_json`, for bytes that are JSON: a body whose coding is undone, or one line of a file."""
    cuts: list[Cut] = []
    if len(body) >= _CUT_FROM:
        body = _cut(body, cuts)
    openings = body.count(b"[") + body.count(b"{")
    if openings + body.count(b",") >= limits.leaves:
        _refuse_many(body, limits.leaves)
    tree = _parse(body)
    if not isinstance(tree, dict):
        raise BadRequest("the body must be a JSON object")
    depth = min(limits.json_depth, _DEEPEST)
    if cuts or openings > depth:
        return _Rebuild(cuts, depth).whole(tree)
    return cast("dict[str, Any]", tree)  # a JSON object's keys are strings


def _check_type(inbound: Inbound) -> None:
    types = inbound.header_values("content-type")
    if len(types) != 1 or not _JSON_TYPE.fullmatch(types[0]):
        raise UnsupportedMedia("the content type must be application/json (charset utf-8)")


def inflated(inbound: Inbound, limits: Limits) -> bytes:
    """The body with its content coding undone. Raises UnsupportedMedia for all but gzip, TooLarge, BadRequest."""
    codings = inbound.header_values("content-encoding")
    coding = ",".join(codings).strip().lower()
    if coding in ("", "identity"):
        return inbound.body
    if coding != "gzip":
        raise UnsupportedMedia("the only content coding that is read is gzip, applied once")
    return _gunzip(inbound.body, min(limits.inflated_bytes, max(1, len(inbound.body)) * limits.inflation_ratio))


def _gunzip(body: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        data = inflater.decompress(body, limit + 1)
    except zlib.error as mistake:
        raise BadRequest("the body is not valid gzip") from mistake
    if len(data) > limit:
        raise TooLarge(f"the body inflates to more than {limit} bytes")
    if not inflater.eof or inflater.unused_data:
        raise BadRequest("the gzip body is truncated, or something follows it")
    return data


def _cut(body: bytes, cuts: list[Cut]) -> bytes:
    """Replace long data URIs that decode strictly by marks; whatever else there is stays for the parser."""
    kept: list[bytes | memoryview] = []
    view = memoryview(body)
    done = 0
    for start, end, run in _runs(body):
        raw = view[run:end]
        try:
            data = strict_base64(raw)
        except ValueError:
            continue
        cut = Cut(f"{MARK}{len(cuts)}")
        cut.declared = body[start + 5 : run - 8].decode("ascii")
        cut.data = data
        cut.raw = raw
        cuts.append(cut)
        kept += [view[done:start], str(cut).encode()]
        done = end
    return b"".join([*kept, view[done:]]) if cuts else body


def _runs(body: bytes) -> Iterator[tuple[int, int, int]]:
    """Each long data URI that fills a whole JSON string: where it starts, where it ends, where its base64 starts.

    The end is looked for only where a string begins, so that each byte is looked at once.
    """
    position = 0
    while (found := body.find(b";base64,", position)) >= 0:
        position = run = found + 8
        quote = body.rfind(b'"', max(0, found - 140), found)
        if quote < 0 or body[quote - 1 : quote] == b"\\" or not _PREFIX.fullmatch(body, quote + 1, found):
            continue
        end = body.find(b'"', run)
        if end - run >= _CUT_RUN:
            position = end
            yield quote + 1, end, run


def _refuse_many(body: bytes, most: int) -> None:
    """Raise TooLarge before the parser makes more than `most` values: each costs it many times its bytes."""
    values = 1
    done = 0
    for string in _STRING.finditer(body):
        values += _structure(body, done, string.start())
        done = string.end()
        if values > most:
            break
    else:
        values += _structure(body, done, len(body))
    if values > most:
        raise TooLarge(f"the body has more than {most} values")


def _structure(body: bytes, start: int, end: int) -> int:
    return sum(body.count(sign, start, end) for sign in (b",", b"[", b"{"))


def _parse(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as mistake:
        raise BadRequest(f"the body is not UTF-8 (byte {mistake.start})") from mistake
    if text.startswith("\ufeff"):
        raise BadRequest("the body begins with a byte-order mark")
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as mistake:
        raise BadRequest(
            f"the body is not JSON: {mistake.msg} (line {mistake.lineno}, column {mistake.colno})"
        ) from mistake
    except RecursionError as mistake:
        raise BadRequest("the body is nested too deeply") from mistake


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        names = "".join(plain)
        if names.casefold() == names or len({key.casefold() for key in plain}) == len(plain):
            return plain
    times = Counter(key.casefold() for key, _ in pairs)
    again = next(key for key, _ in reversed(pairs) if times[key.casefold()] > 1)
    raise BadRequest(f"the key {again[:64]!r} is given twice in one object")


def _constant(word: str) -> NoReturn:
    raise BadRequest(f"{word} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) <= _INT_DIGITS:
        number = int(digits)
        if _MIN_INT <= number <= _MAX_INT:
            return number
    raise BadRequest(f"the integer {digits[:24]} is beyond 64 bits")


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise BadRequest(f"the number {digits[:24]} is beyond double precision")
    return number


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
)


class _Rebuild:
    """Puts the cut strings in place of their marks, while depth is checked."""

    def __init__(self, cuts: list[Cut], depth: int) -> None:
        self._cuts = {str(cut): cut for cut in cuts}
        self._depth = depth

    def whole(self, tree: dict[str, Any]) -> dict[str, Any]:
        rebuilt = {key: self._value(value, (key,)) for key, value in tree.items()}
        if self._cuts:
            raise BadRequest("inline data where no value may stand")
        return rebuilt

    def _value(self, value: Any, where: tuple[str | int, ...]) -> Any:
        if len(where) > self._depth:
            raise BadRequest(f"nested deeper than {self._depth} levels", Location(where[:8]))
        if isinstance(value, dict):
            return {key: self._value(one, (*where, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [self._value(one, (*where, index)) for index, one in enumerate(value)]
        return self._cuts.pop(value, value) if isinstance(value, str) and self._cuts else value
