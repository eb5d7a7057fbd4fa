"""A stand-in for the service's stateful resources: what is created can be listed, fetched, changed and deleted again.

Ids are counted, not drawn, so that two runs of the same calls give equal replies.
"""

import email
import email.policy
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

MADE_AT: Final = 1_790_000_000

WORDS: Final = ("This ", "is ", "made ", "up.")

PREFIXES: Final[Mapping[str, tuple[str, str]]] = {
    "assistants": ("asst_", "assistant"),
    "batches": ("batch_", "batch"),
    "containers": ("cntr_", "container"),
    "conversations": ("conv_", "conversation"),
    "evals": ("eval_", "eval"),
    "file_batches": ("vsfb_", "vector_store.file_batch"),
    "files": ("file-", "file"),
    "items": ("msg_", "message"),
    "jobs": ("ftjob-", "fine_tuning.job"),
    "messages": ("msg_", "thread.message"),
    "responses": ("resp_", "response"),
    "runs": ("run_", "thread.run"),
    "steps": ("step_", "thread.run.step"),
    "threads": ("thread_", "thread"),
    "uploads": ("upload_", "upload"),
    "vector_stores": ("vs_", "vector_store"),
}
"""Collections of the API: how ids in them begin, and what an object of theirs is called."""

ACTIONS: Final = frozenset({
    "cancel", "complete", "content", "input_items", "parts", "pause", "resume", "search", "submit_tool_outputs",
})  # fmt: skip


@dataclass
class Resources:
    """The state of one stand-in. `handle` answers requests; `StandIn.behave` may be set to it."""

    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    bytes_of: dict[str, bytes] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The reply to any request of the API."""
        path = request.path.removeprefix("/openai").removeprefix("/v1")
        if path.startswith("/deployments/"):
            path = "/" + path.split("/", 3)[3]
        segments = path.strip("/").removeprefix("fine_tuning/").split("/")
        body = await _fields(request)
        plain = self._plain(segments, body)
        if plain is not None:
            return plain if isinstance(plain, web.StreamResponse) else web.json_response(plain)
        if segments[:1] == ["responses"] and len(segments) == 1:
            return await self._respond(request, body)
        return self._rest(request.method, segments, body)

    # ---- calls that keep nothing

    def _plain(self, segments: list[str], body: Mapping[str, Any]) -> Any:
        made: Mapping[str, Callable[[], Any]] = {
            "chat/completions": lambda: _chat(self.fresh("chatcmpl-"), body),
            "completions": lambda: {"id": self.fresh("cmpl-"), "object": "text_completion", "created": MADE_AT, "model": "m",
                                    "choices": [{"index": 0, "text": "".join(WORDS), "finish_reason": "stop"}]},
            "embeddings": lambda: {"object": "list", "model": "m",
                                   "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
                                   "usage": {"prompt_tokens": 1, "total_tokens": 1}},
            "images/generations": lambda: {"created": MADE_AT, "data": [{"b64_json": "QUJD"}]},
            "images/edits": lambda: {"created": MADE_AT, "data": [{"b64_json": "QUJD"}]},
            "images/variations": lambda: {"created": MADE_AT, "data": [{"b64_json": "QUJD"}]},
            "audio/transcriptions": lambda: {"text": "hello there"},
            "audio/translations": lambda: {"text": "hello there"},
            "audio/speech": lambda: web.Response(body=b"ID3sound", content_type="audio/mpeg"),
            "moderations": lambda: {"id": self.fresh("modr-"), "model": "m", "results": [{"flagged": False}]},
            "responses/input_tokens": lambda: {"object": "response.input_tokens", "input_tokens": 11},
            "responses/compact": lambda: {"id": self.fresh("resp_"), "object": "response.compaction", "created_at": MADE_AT,
                                          "output": [{"id": self.fresh("cmp_"), "type": "compaction",
                                                      "encrypted_content": "c2VhbGVk"}]},
            "models": lambda: {"object": "list", "data": [{"id": "m", "object": "model", "created": MADE_AT, "owned_by": "x"}]},
        }  # fmt: skip
        make = made.get("/".join(segments))
        if make is not None:
            return make()
        if segments[0] == "models" and len(segments) > 1:
            return {"id": segments[1], "object": "model", "created": MADE_AT, "owned_by": "x"}
        return None

    def fresh(self, prefix: str) -> str:
        """The next id of a kind."""
        self.counts[prefix] += 1
        return f"{prefix}{self.counts[prefix]:04d}"

    # ---- responses

    async def _respond(self, request: web.Request, body: Mapping[str, Any]) -> web.StreamResponse:
        item = {
            "type": "message", "id": self.fresh("msg_"), "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": "".join(WORDS), "annotations": []}],
        }  # fmt: skip
        whole = self._keep(
            "responses",
            {
                "model": "m",
                "status": "completed",
                "output": [item],
                "previous_response_id": body.get("previous_response_id"),
            },
        )
        if body.get("stream") is not True:
            return web.json_response(whole)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        events = [
            ("response.created", {"response": {**whole, "status": "in_progress", "output": []}}),
            ("response.output_item.added", {"output_index": 0, "item": {**item, "content": []}}),
            *[("response.output_text.delta", {"item_id": item["id"], "output_index": 0, "content_index": 0, "delta": word})
              for word in WORDS],
            ("response.output_item.done", {"output_index": 0, "item": item}),
            ("response.completed", {"response": whole}),
        ]  # fmt: skip
        for number, (kind, event) in enumerate(events):
            data = json.dumps({"type": kind, "sequence_number": number, **event})
            await response.write(f"event: {kind}\ndata: {data}\n\n".encode())
        await response.write_eof()
        return response

    # ---- what is kept

    def _rest(  # noqa: PLR0911 - one return a kind of call
        self, method: str, segments: list[str], body: Mapping[str, Any]
    ) -> web.StreamResponse:
        known = [one for one in segments if one in PREFIXES]
        collection = known[-1] if known else ""
        last = segments[-1]
        if not collection:
            return _missing()
        if last in ACTIONS:
            return self._act(last, segments[-2], body)
        if segments == ["threads", "runs"]:
            thread = self._keep("threads", {})
            return web.json_response(self._keep("runs", {"thread_id": thread["id"], "status": "queued", **_told(body)}))
        if last == collection:
            return self._collection(method, "/".join(segments), collection, body)
        found = self.kept.get(last)
        if found is None:
            return _missing()
        if method == "DELETE":
            del self.kept[last]
            return web.json_response({"id": last, "object": f"{found['object']}.deleted", "deleted": True})
        if method == "POST":
            found.update(_told(body))
        return web.json_response(found)

    def _collection(self, method: str, where: str, collection: str, body: Mapping[str, Any]) -> web.StreamResponse:
        if method == "POST" and collection == "items":
            made = [self._keep(collection, {"where": where, **_told(one)}) for one in body.get("items", ())]
            return web.json_response({"object": "list", "data": made, "has_more": False})
        if method == "POST":
            given = {"thread_id": where.split("/")[1]} if where.startswith("threads/") else {}
            return web.json_response(
                self._keep(collection, {"where": where, "status": "completed", **given, **_told(body)})
            )
        data = [one for one in self.kept.values() if one.get("where", one["collection"]) == where]
        ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
        return web.json_response({"object": "list", "data": data, "has_more": False, **ends})

    def _act(self, action: str, name: str, body: Mapping[str, Any]) -> web.StreamResponse:
        if action == "input_items":
            return web.json_response({"object": "list", "data": [], "has_more": False})
        if action == "search":
            return web.json_response(
                {"object": "vector_store.search_results.page", "search_query": ["q"], "data": [], "has_more": False}
            )
        if action == "content":
            return web.Response(body=self.bytes_of.get(name, b""), content_type="application/octet-stream")
        if action == "parts":
            return web.json_response(
                {"id": self.fresh("part_"), "object": "upload.part", "created_at": MADE_AT, "upload_id": name}
            )
        found = self.kept.get(name)
        if found is None:
            return _missing()
        found["status"] = {"cancel": "cancelled", "pause": "paused", "complete": "completed"}.get(action, "queued")
        if action == "complete":
            found["file"] = self._keep("files", {"filename": found.get("filename"), "purpose": found.get("purpose")})
        return web.json_response({**found, **({} if action != "complete" else {"part_ids": body.get("part_ids")})})

    def _keep(self, collection: str, given: Mapping[str, Any]) -> dict[str, Any]:
        prefix, kind = PREFIXES[collection]
        data = given.get("file")
        made = {"object": kind, "created_at": MADE_AT, "collection": collection,
                **{name: one for name, one in given.items() if not isinstance(one, bytes)}, "id": self.fresh(prefix)}  # fmt: skip
        if isinstance(data, bytes):
            self.bytes_of[made["id"]] = data
            made["bytes"] = len(data)
        self.kept[made["id"]] = made
        return made


def _chat(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": "".join(WORDS)}
    return {"id": name, "object": "chat.completion", "created": MADE_AT, "model": body.get("model", "m"),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}  # fmt: skip


def _told(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a body says, as the service would give it back."""
    return {name: one for name, one in body.items() if name not in ("stream", "id", "object")}


def _missing() -> web.StreamResponse:
    return web.json_response(
        {"error": {"message": "No such thing.", "type": "invalid_request_error", "code": "not_found"}}, status=404
    )


async def _fields(request: web.Request) -> Mapping[str, Any]:
    """The body as names and values; files of a form as bytes."""
    data = await request.read()
    if request.content_type == "multipart/form-data":
        return _form(request.headers["content-type"], data)
    parsed = json.loads(data) if data else {}
    return parsed if isinstance(parsed, dict) else {}


def _form(content_type: str, data: bytes) -> Mapping[str, Any]:
    """A form, read by the parser of Python's own library."""
    message = email.message_from_bytes(
        f"content-type: {content_type}\r\n\r\n".encode() + data, policy=email.policy.HTTP
    )
    found: dict[str, Any] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        held = part.get_payload(decode=True)
        assert isinstance(name, str)
        assert isinstance(held, bytes)
        if part.get_filename() is None:
            found[name] = held.decode()
        else:
            found |= {name: held, "filename": part.get_filename()}
    return found
