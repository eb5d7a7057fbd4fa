"""The catalogue is whole, and a path is an operation's in one spelling only."""

from collections import Counter
from collections.abc import Callable

import pytest
from support.bodies import CATALOGUE

from proxy.errors import BadRequest, MethodNotAllowed, NotFound, NotInspectable, RequestError
from proxy.operation import Called, Disposition, Operation
from proxy.surface.catalogue import _MAX_CALLED, MAX_TARGET, load_catalogue, readable, route
from proxy.surface.readers import FORM_READERS, READERS

DATED = "?api-version=2024-10-21"
CHAT = f"/openai/deployments/gpt-4o/chat/completions{DATED}"

SCREENED = [one for one in CATALOGUE.operations if one.disposition is Disposition.SCREEN]
REFUSED = [one for one in CATALOGUE.operations if one.disposition is Disposition.REFUSE]


def called(method: str, target: str) -> Called:
    """The operation of a request line, if it is one that is read."""
    found = route(method, target, CATALOGUE)
    readable(found)
    return found


def shape(path: str) -> tuple[str, ...]:
    """A path's segments, with parameters as `{}`."""
    return tuple("{}" if part.startswith("{") else part for part in path[1:].split("/"))


def spelled(path: str) -> str:
    """A path that a client could call."""
    return path.replace("{", "").replace("}", "")


def test_names_are_unique() -> None:
    """No two operations share a name."""
    assert [name for name, count in Counter(one.name for one in CATALOGUE.operations).items() if count > 1] == []


def test_no_two_clash() -> None:
    """No method of a path belongs to two operations, and what is screened is what its path alone means."""
    shapes = Counter(
        (shape(path), method) for one in CATALOGUE.operations for path in one.paths for method in one.methods
    )
    assert [key for key, count in shapes.items() if count > 1] == []
    screened = {shape(path) for one in SCREENED for path in one.paths}
    clashes = {(a, b) for a in screened for b, _ in shapes if a != b and len(a) == len(b) and alike(a, b)}
    assert clashes == set()


def alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a path could fit both shapes, and neither is the more literal."""
    fitting = all(x == y or "{}" in (x, y) for x, y in zip(one, other, strict=True))
    return fitting and one.count("{}") == other.count("{}")


RULES: dict[str, Callable[[Operation], bool]] = {
    "has methods and paths": lambda one: bool(one.methods and one.paths),
    "has a reader exactly where a body is screened": lambda one: (
        bool(one.reader) == (one.disposition is Disposition.SCREEN and one.bodies != ("none",))
    ),
    "has a reader that exists": lambda one: (
        not one.reader
        or (
            ("json" not in one.bodies or one.reader in READERS)
            and ("multipart" not in one.bodies or one.reader in FORM_READERS)
        )
    ),
    "has a reason exactly where it is refused": lambda one: bool(one.why) == (one.disposition is Disposition.REFUSE),
    "says what becomes of its parts where it has any": lambda one: (
        bool(one.parts) == bool(forwarded(one) and (one.reader or one.lists or named(one)))
    ),
    "refuses what nobody reads, and knows what is only named": lambda one: (
        (dict(one.parts).get("opaque", "refused"), dict(one.parts).get("reference", "inspected"))
        == ("refused", "inspected")
    ),
    "inspects texts and pictures": lambda one: (
        {dict(one.parts).get("text", "inspected"), dict(one.parts).get("image", "inspected")} == {"inspected"}
    ),
    "tells of texts wherever a body is read": lambda one: not one.reader or "text" in dict(one.parts),
    "is called with POST alone where a body is read": lambda one: (
        not one.reader or one.methods == (("GET",) if one.bodies == ("events",) else ("POST",))
    ),
    "has one method where it is screened": lambda one: not forwarded(one) or len(one.methods) == 1,
    "has one method and one meaning for what it lists": lambda one: (
        not one.lists or (one.methods, one.bodies) == (("GET",), ("none",))
    ),
    "lists nothing that its path names": lambda one: not (one.lists and named(one)),
    "tells a list where it names nothing": lambda one: (
        not forwarded(one) or one.bodies != ("none",) or bool(named(one) or one.lists or one.name.startswith("models."))
    ),
    "tells of references where its path names something": lambda one: (
        not (forwarded(one) and named(one)) or "reference" in dict(one.parts)
    ),
    "learns from pointers": lambda one: all(pointer.startswith("/") for _, pointer in one.makes),
    "adds to what its path or its body names": lambda one: not one.extends or bool(named(one) or one.reader),
    "needs a model in bodies only": lambda one: not one.model or bool(one.reader),
}


def forwarded(one: Operation) -> bool:
    """Whether calls of an operation may reach the service."""
    return one.disposition is Disposition.SCREEN


def named(one: Operation) -> set[str]:
    """The kinds of things that an operation's paths name and that belong to a tenant."""
    found = {part[1:-1] for path in one.paths for part in path.split("/") if part.startswith("{")}
    return found - {"deployment", "model"}


@pytest.mark.parametrize("rule", RULES)
def test_each_entry(rule: str) -> None:
    """What holds for every operation."""
    assert [one.name for one in CATALOGUE.operations if not RULES[rule](one)] == []


def test_one_reader_one_fate() -> None:
    """What a reader reads meets the same fate in each operation that it reads for; only paths name things besides."""
    fates: dict[tuple[str, str], set[tuple[tuple[str, str], ...]]] = {}
    for one in SCREENED:
        parts = tuple(sorted((kind, fate) for kind, fate in one.parts if kind != "reference"))
        fates.setdefault((one.reader, *one.bodies), set()).add(parts)  # type: ignore[arg-type] # a key of any length
    assert {key: found for key, found in fates.items() if len(found) > 1} == {}


def test_each_reader_is_used() -> None:
    """No reader lies idle."""
    permitted = {one.permit for one in REFUSED}
    assert {one.reader for one in SCREENED if "json" in one.bodies} - {""} | permitted - {""} == set(READERS)
    assert {one.reader for one in SCREENED if "multipart" in one.bodies} == set(FORM_READERS)


def test_each_path_is_found() -> None:
    """Every path of the catalogue leads to its own operation: to be read, or refused with its own reason."""
    for one in CATALOGUE.operations:
        for path in one.paths:
            target = spelled(path) + ("" if "/v1/" in path else DATED)
            for method in one.methods:
                if one.disposition is Disposition.SCREEN:
                    assert called(method, target).operation is one
                else:
                    with pytest.raises(NotInspectable) as refusal:
                        called(method, target)
                    assert refusal.value.message == f"the operation {one.name} is not forwarded: {one.why}"


@pytest.mark.parametrize(
    ("target", "path", "query", "deployment"),
    [
        (CHAT, "/openai/deployments/gpt-4o/chat/completions", (("api-version", "2024-10-21"),), "gpt-4o"),
        (CHAT.replace("gpt-4o", "gpt-4.1_a~b:c@d"), "/openai/deployments/gpt-4.1_a~b:c@d/chat/completions",
         (("api-version", "2024-10-21"),), "gpt-4.1_a~b:c@d"),
        (CHAT + "-preview", "/openai/deployments/gpt-4o/chat/completions", (("api-version", "2024-10-21-preview"),), "gpt-4o"),
        ("/openai/v1/responses", "/openai/v1/responses", (), ""),
        ("/openai/v1/responses?", "/openai/v1/responses", (), ""),
        ("/openai/v1/responses?api-version=preview", "/openai/v1/responses", (("api-version", "preview"),), ""),
        ("/openai/v1/responses?api-version=v1", "/openai/v1/responses", (("api-version", "v1"),), ""),
    ],
)  # fmt: skip
def test_called(target: str, path: str, query: tuple[tuple[str, str], ...], deployment: str) -> None:
    """What is sent on is built from the template and the checked parameters."""
    operation = called("POST", target).operation
    assert called("POST", target) == Called(operation, path, query, deployment)


@pytest.mark.parametrize(
    ("method", "target", "name", "ids", "shown"),
    [
        ("GET", "/openai/v1/responses/resp_1", "responses.get", (("response", "resp_1"),), "/openai/v1/responses/{response}"),
        ("GET", f"/openai/threads/t-1/runs/r_2/steps/s.3{DATED}", "threads.runs.steps.get",
         (("thread", "t-1"), ("run", "r_2"), ("step", "s.3")), "/openai/threads/{thread}/runs/{run}/steps/{step}"),
        ("GET", "/openai/v1/models/gpt-4o", "models.get", (), "/openai/v1/models/{model}"),
        ("POST", f"/openai/deployments/d/batches{DATED}", "batches.create", (), "/openai/deployments/d/batches"),
    ],
)  # fmt: skip
def test_named(method: str, target: str, name: str, ids: tuple[tuple[str, str], ...], shown: str) -> None:
    """What a path names, outermost first; models and deployments are no tenant's. A record shows kinds and no ids."""
    found = route(method, target, CATALOGUE)
    assert (found.operation.name, found.ids, found.shown or shown, found.method) == (name, ids, shown, method)


INCLUDING = "/openai/v1/responses/resp_1?"
SEALED, LOGPROBS = "reasoning.encrypted_content", "message.output_text.logprobs"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"include[]={SEALED}", [("include%5B%5D", SEALED)]),
        (f"include%5B%5D={SEALED}&include%5b%5d={LOGPROBS}", [("include%5B%5D", SEALED), ("include%5B%5D", LOGPROBS)]),
        (f"include={SEALED}&stream=true&starting_after=7", [("include", SEALED), ("stream", "true"), ("starting_after", "7")]),
    ],
)  # fmt: skip
def test_include(query: str, expected: list[tuple[str, str]]) -> None:
    """What the reply is to tell besides, as SDKs send it: a list of known words, sent on in one spelling."""
    assert called("GET", INCLUDING + query).query == tuple(expected)


def test_include_of_run_steps() -> None:
    """A word with brackets in it, escaped or not, is sent on escaped."""
    word = "step_details.tool_calls%5B%2A%5D.file_search.results%5B%2A%5D.content"
    for spelled in (word, word.lower(), word.replace("%5B", "[").replace("%5D", "]").replace("%2A", "*")):
        found = called("GET", f"/openai/v1/threads/t/runs/r/steps?include[]={spelled}&limit=5")
        assert found.query == (("limit", "5"), ("include%5B%5D", word))


@pytest.mark.parametrize(
    "query",
    [
        "include[]=", "include[]", "include[]=everything", f"include[]={SEALED}&include%5B%5D={SEALED}",
        f"include[]={SEALED},{LOGPROBS}", "include[]=reasoning%2Eencrypted_content", f"include[]={SEALED}%5B",
    ],
)  # fmt: skip
def test_not_to_include(query: str) -> None:
    """Another word, none, or the same one twice."""
    with pytest.raises(BadRequest, match=r"'include\[\]' holds a word twice, or an unknown one") as refusal:
        called("GET", INCLUDING + query)
    assert str(refusal.value.location) == "/query/include[]"


@pytest.mark.parametrize(
    "query",
    [f"include={SEALED}&include={SEALED}", f"include[0]={SEALED}", f"%69nclude[]={SEALED}", "metadata%5Ba%5D=b"],
)
def test_not_a_list(query: str) -> None:
    """No other parameter is a list, and no other spelling is one of the names."""
    with pytest.raises(BadRequest):
        called("GET", INCLUDING + query)


def test_literal_segments_win() -> None:
    """`threads/runs` starts a run and is no thread called runs; a deployment called completions is one."""
    assert route("POST", f"/openai/threads/runs{DATED}", CATALOGUE).operation.name == "threads.create_and_run"
    assert route("POST", f"/openai/threads/thread_1{DATED}", CATALOGUE).operation.name == "threads.update"
    assert called("POST", f"/openai/deployments/completions/completions{DATED}").deployment == "completions"


PATHS: dict[str, str] = {
    "encoded slash": "/openai/v1%2Fresponses",
    "encoded slash in a deployment": "/openai/deployments/a%2Fb/chat/completions",
    "encoded letter": "/openai/v1/%72esponses",
    "encoded dot segment": "/openai/v1/x/%2e%2e/responses",
    "double encoding": "/openai/v1%252Fresponses",
    "encoded NUL": "/openai/v1/responses%00",
    "encoded space": "/openai/v1/responses%20",
    "lone percent": "/openai/v1/responses%",
    "dot segment": "/openai/v1/./responses",
    "parent segment": "/openai/v1/x/../responses",
    "parent segment in front": "/../openai/v1/responses",
    "a deployment that is a parent segment": "/openai/deployments/../chat/completions",
    "a deployment with a dot in front": "/openai/deployments/.a/chat/completions",
    "duplicate slash": "/openai//v1/responses",
    "duplicate slash in front": "//openai/v1/responses",
    "duplicate slash at the end": "/openai/v1/responses//",
    "trailing slash": "/openai/v1/responses/",
    "path parameter": "/openai/v1/responses;x=1",
    "path parameter within": "/openai;x/v1/responses",
    "backslash": "/openai/v1\\responses",
    "NUL": "/openai/v1/responses\0",
    "newline": "/openai/v1/responses\n",
    "tab": "/openai/v1/responses\t",
    "space": "/openai/v1/responses ",
    "fragment": "/openai/v1/responses#x",
    "fragment before the query": "/openai/v1/responses#?api-version=v1",
    "upper case": "/OpenAI/v1/responses",
    "upper case of an operation": "/openai/v1/Responses",
    "upper case of a version": "/openai/V1/responses",
    "absolute form": "http://example.com/openai/v1/responses",
    "authority form": "example.com:443",
    "asterisk form": "*",
    "no slash in front": "openai/v1/responses",
    "empty": "",
    "root": "/",
    "only the prefix": "/openai",
    "only the version": "/openai/v1",
    "no prefix": "/v1/responses",
    "another API": "/face/v1.0/detect",
    "another API behind the prefix": "/openai/../face/v1.0/detect",
    "an unknown operation": "/openai/v1/everything",
    "a deeper path": "/openai/v1/responses/resp_1/cancel/now",
    "a template itself": "/openai/deployments/{deployment}/chat/completions",
    "an empty deployment": "/openai/deployments//chat/completions",
    "a deployment of 257 characters": f"/openai/deployments/{'a' * 257}/chat/completions",
    "letters of full width": "/openai/v1/\uff52esponses",
    "a look-alike": "/openai/v1/r\u0435sponses",
    "a plus sign": "/openai/v1/responses+",
    "very long": "/openai/v1/" + "responses/" * 1_000,
    "a very long query": "/openai/v1/responses?api-version=" + "v" * MAX_TARGET,
}  # fmt: skip


@pytest.mark.parametrize("case", PATHS)
def test_not_a_path(case: str) -> None:
    """A path that two servers could read differently is no operation's, whatever the method and the query."""
    for target in (PATHS[case], PATHS[case] + DATED):
        with pytest.raises(NotFound) as refusal:
            called("POST", target)
        assert (refusal.value.status, refusal.value.code) == (404, "not_inspectable")


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "CONNECT", "post", "Post", "", "POST "]
)
def test_methods(method: str) -> None:
    """A screened operation answers to POST as it is spelled, and to nothing that looks like it."""
    with pytest.raises(MethodNotAllowed, match="answers to POST only"):
        called(method, CHAT)
    with pytest.raises(MethodNotAllowed, match="answers to DELETE, GET only"):
        called(method if method not in ("GET", "DELETE") else "POST", f"/openai/files/file-1{DATED}")


@pytest.mark.parametrize(
    ("method", "target", "error", "message"),
    [
        ("GET", "/openai/v1/responses", NotInspectable, "events of sockets are not read yet"),
        ("GET", "/openai/v1/live", NotInspectable, "events of sockets are not read yet"),
        ("DELETE", "/openai/v1/responses", MethodNotAllowed, "answers to GET, POST only"),
        ("GET", "/openai/v1/embeddings", MethodNotAllowed, "answers to POST only"),
    ],
)
def test_methods_of_one_path(method: str, target: str, error: type[RequestError], message: str) -> None:
    """The same path under another method is another operation."""
    with pytest.raises(error, match=message):
        called(method, target)


DEPLOYED = "/openai/deployments/d/embeddings"
V1 = "/openai/v1/embeddings"

QUERIES: dict[str, tuple[str, str, str]] = {
    "no version on a dated path": (DEPLOYED, "'api-version' is missing", "/query/api-version"),
    "an empty query on a dated path": (DEPLOYED + "?", "'api-version' is missing", "/query/api-version"),
    "an empty version": (DEPLOYED + "?api-version=", "twice, or is no plain word", "/query/api-version"),
    "no value": (DEPLOYED + "?api-version", "twice, or is no plain word", "/query/api-version"),
    "a version of v1 on a dated path": (DEPLOYED + "?api-version=v1", "is no version", "/query/api-version"),
    "a version that is a word": (V1 + "?api-version=latest", "is no version", "/query/api-version"),
    "a version with more behind it": (V1 + "?api-version=2024-10-21-preview2", "is no version", "/query/api-version"),
    "a version in other digits": (V1 + "?api-version=٢٠٢٤-10-21", "no plain word", "/query/api-version"),
    "a version twice": (
        DEPLOYED + "?api-version=2024-10-21&api-version=2024-10-21", "twice, or is no plain word", "/query/api-version",
    ),
    "an encoded value": (V1 + "?api-version=v%31", "no plain word", "/query/api-version"),
    "an encoded name": (V1 + "?api%2Dversion=v1", "'api%2Dversion' is not forwarded", "/query/?"),
    "another case": (V1 + "?Api-Version=v1", "'Api-Version' is not forwarded", "/query/?"),
    "a semicolon": (V1 + "?api-version=v1;x=1", "no plain word", "/query/api-version"),
    "a second question mark": (V1 + "?api-version=v1?x=1", "no plain word", "/query/api-version"),
    "a fragment": (V1 + "?api-version=v1#x", "no plain word", "/query/api-version"),
    "an unknown name": (V1 + "?model=x", "'model' is not forwarded; valid: api-version", "/query/?"),
    "an array": (V1 + "?include[]=x", "'include[]' is not forwarded", "/query/?"),
    "an empty piece": (V1 + "?api-version=v1&", "'' is not forwarded", "/query/?"),
    "a key": (V1 + "?api-key=secret-key", "a credential in the query is not read", "/query/?"),
    "a key in another case": (V1 + "?API-KEY=secret-key", "a credential in the query is not read", "/query/?"),
    "a subscription key": (V1 + "?subscription-key=secret-key", "a credential in the query is not read", "/query/?"),
    "a signature": (V1 + "?api-version=v1&sig=secret-key", "a credential in the query is not read", "/query/?"),
    "a long name": (V1 + "?" + "n" * 500, f"'{'n' * 64}' is not forwarded", "/query/?"),
}  # fmt: skip


@pytest.mark.parametrize("case", QUERIES)
def test_query(case: str) -> None:
    """The query is one version, plainly spelled; credentials in it are refused without being shown."""
    target, message, place = QUERIES[case]
    with pytest.raises(BadRequest) as refusal:
        called("POST", target)
    assert (message in refusal.value.message, str(refusal.value.location)) == (True, place)
    assert "secret-key" not in refusal.value.message


def test_refused_before_the_query_is_read() -> None:
    """What is not forwarded says so, whatever its query."""
    assert REFUSED
    with pytest.raises(NotInspectable):
        called("POST", "/openai/files/import?x=y")


def test_remembered_request_lines() -> None:
    """The first request lines are remembered, later ones are found all the same; what is refused is never remembered."""
    fresh = load_catalogue()
    for target in (PATHS["encoded slash"], DEPLOYED):
        with pytest.raises(RequestError):
            route("POST", target, fresh)
    assert fresh.called == {}
    targets = [f"/openai/deployments/d{number}/embeddings{DATED}" for number in range(_MAX_CALLED + 2)]
    found = [route("POST", target, fresh) for target in (*targets, *targets)]
    assert [one.deployment for one in found] == [f"d{number}" for number in range(_MAX_CALLED + 2)] * 2
    assert len(fresh.called) == _MAX_CALLED
