"""The SDK's types against the readers: what a new release can send must be read, or refused on purpose."""

import pkgutil
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from openai import types
from openai.types import beta, responses
from openai.types import chat as chat_types
from openai.types import containers as containers_types
from openai.types import evals as evals_types
from openai.types import vector_stores as stores_types
from openai.types.audio import SpeechCreateParams
from openai.types.beta import threads as threads_types
from openai.types.beta.threads import runs as runs_types
from openai.types.chat import CompletionCreateParams as ChatCreateParams
from openai.types.chat.completions import MessageListParams
from openai.types.conversations import (
    ConversationCreateParams,
    ConversationUpdateParams,
    ItemCreateParams,
    ItemListParams,
    ItemRetrieveParams,
)
from openai.types.evals.runs import OutputItemListParams
from openai.types.fine_tuning import JobCreateParams, JobListEventsParams, JobListParams
from openai.types.fine_tuning.alpha import GraderRunParams, GraderValidateParams
from openai.types.fine_tuning.jobs import CheckpointListParams
from openai.types.responses import ResponseCreateParams
from support.bodies import CATALOGUE, outline, surfaced
from typing_extensions import get_type_hints, is_typeddict

from proxy.content import Role
from proxy.surface import FIELD_NAMES
from proxy.surface.catalogue import _INCLUDABLE
from proxy.surface.readers import (
    FORM_READERS,
    READERS,
    assistants,
    batches,
    chat,
    completions,
    containers,
    conversations,
    embeddings,
    evals,
    fine_tuning,
    graders,
    images,
    metadata,
    moderations,
    speech,
    threads,
    vector_stores,
)
from proxy.surface.readers import responses as reader


def members(kind: Any) -> Iterator[Any]:
    """The typed dictionaries that a union is made of, outermost only."""
    if is_typeddict(kind):
        yield kind
    else:
        for inner in typing.get_args(kind):
            yield from members(inner)


def below(kind: Any, found: list[Any], *, leave: tuple[Any, ...] = ()) -> list[Any]:
    """All typed dictionaries that can stand anywhere in a value of a type, but those to `leave`."""
    for one in members(kind):
        if one not in found and one not in leave:
            found.append(one)
            for hint in get_type_hints(one).values():
                below(hint, found, leave=leave)
    return found


def words(hint: Any) -> set[str]:
    """The words of the closed lists in a type, not counting those of typed dictionaries in it."""
    if typing.get_origin(hint) is typing.Literal:
        return {word for word in typing.get_args(hint) if isinstance(word, str)}
    return set() if is_typeddict(hint) else {word for inner in typing.get_args(hint) for word in words(inner)}


def tags(kinds: Iterator[Any] | list[Any]) -> set[str]:
    """The words of the `type` members of typed dictionaries."""
    return {word for kind in kinds if "type" in (hints := get_type_hints(kind)) for word in words(hints["type"])}


def names(kinds: Iterator[Any] | list[Any]) -> set[str]:
    """The names of the members of typed dictionaries."""
    return {name for kind in kinds for name in get_type_hints(kind)}


def tools() -> list[Any]:
    """What stands in the lists of tools that items hold: read by the reader of tools, each as a whole."""
    found: list[Any] = []
    for item in members(responses.ResponseInputItemParam):
        below(get_type_hints(item).get("tools"), found)
    return found


BODIES: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "assistant": (beta.AssistantCreateParams | beta.AssistantUpdateParams, assistants._BODY),
    "batch": (types.BatchCreateParams, batches._BODY),
    "chat": (ChatCreateParams, chat._BODY),
    "completions": (types.CompletionCreateParams, completions._BODY),
    "container": (types.ContainerCreateParams, containers._BODY),
    "conversation": (ConversationCreateParams | ItemCreateParams, conversations._BODY),
    "embeddings": (types.EmbeddingCreateParams, embeddings._BODY),
    "eval": (types.EvalCreateParams, evals._BODY),
    "fine_tuning_job": (JobCreateParams, fine_tuning._BODY),
    "grader": (GraderRunParams | GraderValidateParams, graders._BODY),
    "image_generation": (types.ImageGenerateParams, images.BODY),
    "message": (threads_types.MessageCreateParams, threads._MESSAGE[Role.USER]),
    "metadata": (
        chat_types.CompletionUpdateParams
        | types.EvalUpdateParams
        | ConversationUpdateParams
        | threads_types.MessageUpdateParams
        | threads_types.RunUpdateParams,
        metadata._BODY,
    ),
    "moderation": (types.ModerationCreateParams, moderations._BODY),
    "responses": (
        ResponseCreateParams | responses.ResponseCompactParams | responses.InputTokenCountParams,
        reader._BODY,
    ),
    "run": (beta.ThreadCreateAndRunParams | threads_types.RunCreateParams, threads._RUN),
    "speech": (SpeechCreateParams, speech._BODY),
    "thread": (beta.ThreadCreateParams | beta.ThreadUpdateParams, threads._THREAD),
    "tool_outputs": (threads_types.RunSubmitToolOutputsParams, threads._OUTPUTS),
    "vector_store": (types.VectorStoreCreateParams | types.VectorStoreUpdateParams, vector_stores._STORE),
    "vector_store_files": (
        stores_types.FileCreateParams | stores_types.FileUpdateParams | stores_types.FileBatchCreateParams,
        vector_stores._FILES,
    ),
    "vector_store_search": (types.VectorStoreSearchParams, vector_stores._SEARCH),
}
"""What the SDK sends to each reader."""

NO_MEMBERS = {
    "thread_id": "the path names it",
    "vector_store_id": "the path names it",
    "include": "the query has it, in calls that the SDK makes besides those of responses",
}
"""Parameters of the SDK's methods that are no members of bodies, with where they stand."""


@pytest.mark.parametrize("name", BODIES)
def test_fields(name: str) -> None:
    """Each field that the SDK can send has its place in the reader's table."""
    params, table = BODIES[name]
    sent = names(members(params))
    assert sent
    assert sent - set(table) - set(NO_MEMBERS) == set()


AS_A_WHOLE = {
    "allowed_domains": "a network that is no closed one is refused as a whole",
    "domain_secrets": "a network that is no closed one is refused as a whole",
    "domain": "a network that is no closed one is refused as a whole",
    "skill_id": "skills are refused as a whole",
    "media_type": "skills are refused as a whole",
    "key": "filters are of free form: all their words are told",
}
"""Names that the readers need not know, with the reasons."""


@pytest.mark.parametrize("name", sorted(set(BODIES) - {"chat", "conversation", "responses"}))
def test_names_of_members(name: str) -> None:
    """Each name of a member, however deep, is one of the API's: a record may show it. Of chats and items, see below."""
    assert names(below(BODIES[name][0], [])) - FIELD_NAMES - set(AS_A_WHOLE) - set(NO_MEMBERS) == set()


def test_each_reader_has_its_types() -> None:
    """No reader of bodies goes unheld against the SDK but those of forms and sockets, which have tests of their own."""
    assert set(READERS) - set(BODIES) <= {*FORM_READERS, "client_secret", "realtime_session", "upload", "upload_end"}


SENT_ELSEWHERE: Mapping[str, str] = {
    "openai.types.audio.transcription_create": "a form",
    "openai.types.audio.translation_create": "a form",
    "openai.types.audio.voice": "refused: recordings of voices",
    "openai.types.beta.agent": "the service has no agents at these paths: 404",
    "openai.types.beta.chatkit": "refused: a way around this proxy",
    "openai.types.beta.realtime": "events of sockets",
    "openai.types.beta.response": "the same calls as `responses`, with more items: see `REFUSED_ITEMS`",
    "openai.types.containers.file_create": "a form",
    "openai.types.content_provenance_check_create": "refused: the service does not have it",
    "openai.types.decision_create": "the service has no decisions: 404",
    "openai.types.evals.run_create": "refused: only the service puts together what it sends",
    "openai.types.file_create": "a form",
    "openai.types.fine_tuning.checkpoints": "refused: it hands a model to others",
    "openai.types.image_create_variation": "a form",
    "openai.types.image_edit": "a form",
    "openai.types.live": "refused: a way around this proxy",
    "openai.types.realtime": "events of sockets, and ways around this proxy",
    "openai.types.shared": "no call of its own",
    "openai.types.skill": "refused: skills hold programs and files",
    "openai.types.upload": "a file in parts",
    "openai.types.video": "a form, or refused",
    "openai.types.webhooks": "refused: results would go to any address",
}
"""Calls of the SDK that no reader of bodies above reads, by the beginnings of their modules, with what becomes of them."""


def modules() -> list[str]:
    """The modules of the SDK that say what its calls take; those of the administration of accounts aside."""
    found = (module.name for module in pkgutil.walk_packages(types.__path__, "openai.types."))
    return [name for name in found if name.endswith("_params") and not name.startswith("openai.types.admin.")]


def test_each_call_is_seen_to() -> None:
    """A call that a new release of the SDK can make is read by a reader that is held against it, or is listed with a reason."""
    read = {kind.__module__ for params, _ in BODIES.values() for kind in members(params)}
    queries = {kind.__module__ for params in QUERIES.values() for kind in members(params)}
    left = [name for name in modules() if name not in read | queries]
    assert [name for name in left if not name.startswith(tuple(SENT_ELSEWHERE))] == []
    assert [start for start in SENT_ELSEWHERE if not any(name.startswith(start) for name in left)] == []


QUERIES: Mapping[str, Any] = {
    "assistants.list": beta.AssistantListParams,
    "batches.list": types.BatchListParams,
    "chat.completions.list": chat_types.CompletionListParams,
    "chat.completions.messages": MessageListParams,
    "containers.files.list": containers_types.FileListParams,
    "containers.list": types.ContainerListParams,
    "conversations.items.get": ItemRetrieveParams,
    "conversations.items.list": ItemListParams,
    "evals.list": types.EvalListParams,
    "evals.runs.list": evals_types.RunListParams,
    "evals.runs.output_items.list": OutputItemListParams,
    "files.list": types.FileListParams,
    "fine_tuning.jobs.checkpoints": CheckpointListParams,
    "fine_tuning.jobs.events": JobListEventsParams,
    "fine_tuning.jobs.list": JobListParams,
    "responses.get": responses.ResponseRetrieveParams,
    "responses.input_items": responses.InputItemListParams,
    "threads.messages.list": threads_types.MessageListParams,
    "threads.runs.list": threads_types.RunListParams,
    "threads.runs.steps.get": runs_types.StepRetrieveParams,
    "threads.runs.steps.list": runs_types.StepListParams,
    "vector_stores.file_batches.files": stores_types.FileBatchListFilesParams,
    "vector_stores.files.list": stores_types.FileListParams,
    "vector_stores.list": types.VectorStoreListParams,
}
"""What the SDK sends in queries."""

NO_PARAMETERS = {"thread_id", "run_id", "vector_store_id", "conversation_id", "eval_id", "container_id"}
"""What paths name."""

NOT_FORWARDED = {
    "metadata": "words of the caller's, in a query, which is not examined",
    "name": "words of the caller's, in a query, which is not examined",
}
"""Parameters that are refused, with the reasons."""


@pytest.mark.parametrize("name", QUERIES)
def test_queries(name: str) -> None:
    """Each parameter that the SDK can send is forwarded, or refused for a reason."""
    operation = next(one for one in CATALOGUE.operations if one.name == name)
    named = NO_PARAMETERS & names(members(QUERIES[name])) - set(operation.query)
    assert names(members(QUERIES[name])) - named - set(NOT_FORWARDED) <= set(operation.query)


def test_includable() -> None:
    """Each word that the SDK may ask to be included is one that may be asked for."""
    sent = words(responses.ResponseIncludable) | words(runs_types.RunStepInclude)
    assert sent == set(_INCLUDABLE)


THINGS: Mapping[str, tuple[Any, frozenset[str]]] = {
    "parts of messages in threads": (get_type_hints(threads_types.MessageCreateParams)["content"], threads.PART_TYPES),
    "tools of assistants": (get_type_hints(beta.AssistantCreateParams)["tools"], frozenset(assistants.TOOLS) | {"function"}),
    "tools of attachments": (
        get_type_hints(next(members(get_type_hints(threads_types.MessageCreateParams)["attachments"])))["tools"],
        frozenset(assistants.TOOLS),
    ),
    "graders that are tried": (get_type_hints(GraderRunParams)["grader"], frozenset(graders.TABLES)),
    "criteria of evaluations": (get_type_hints(types.EvalCreateParams)["testing_criteria"], frozenset(graders.TABLES)),
    "sources of evaluations": (
        get_type_hints(types.EvalCreateParams)["data_source_config"],
        frozenset(evals.SOURCES) | frozenset(evals.REFUSED_SOURCES),
    ),
    "inputs of moderation": (get_type_hints(types.ModerationCreateParams)["input"], frozenset(moderations.PARTS)),
    "items of conversations": (
        get_type_hints(ItemCreateParams)["items"],
        reader.READ_ITEMS | frozenset(reader.REFUSED_ITEMS) | reader.REFERENCE_ITEMS,
    ),
}  # fmt: skip
"""Things of several types, and the types that the readers know."""


@pytest.mark.parametrize("thing", THINGS)
def test_types_of_things(thing: str) -> None:
    """Each type is read, or refused for a reason."""
    hint, known = THINGS[thing]
    sent = tags(members(hint))
    assert sent
    assert sent - known == set()


GRADED = {"message", "input_text", "output_text", "input_image", "input_audio"}
"""What graders show to a model: items and parts as those of responses."""


def test_types_in_graders() -> None:
    """Each type of what stands in graders is a grader's, or one of a message that is read."""
    sent = tags(below(GraderRunParams, [])) | tags(below(types.EvalCreateParams, []))
    assert sent - set(graders.TABLES) - set(evals.SOURCES) - set(evals.REFUSED_SOURCES) == GRADED
    assert set() == GRADED - reader._PARTS - reader.READ_ITEMS


def test_chat_parts() -> None:
    """Each content part of a chat message is read."""
    sent = tags(members(chat_types.ChatCompletionContentPartParam)) | tags(
        below(chat_types.ChatCompletionAssistantMessageParam, [])
    )
    assert sent - {"function", "custom"} == set(chat.PART_TYPES)


def test_chat_tools() -> None:
    """Each tool of chat completions is a definition that is read."""
    sent = tags(members(chat_types.ChatCompletionToolUnionParam))
    found = surfaced({"tools": [{"type": kind} for kind in sorted(sent)]}).content
    assert outline(found) == [f"schema /tools/{number}: tool" for number in range(len(sent))]


def test_chat_messages() -> None:
    """Each member of a message, and of what is in it, has a name that the reader knows."""
    assert names(below(chat_types.ChatCompletionMessageParam, [])) - FIELD_NAMES == set()


def test_items() -> None:
    """Each input item of responses is read, a reference, or refused with a reason; none is on two lists."""
    lists = (reader.READ_ITEMS, frozenset(reader.REFUSED_ITEMS), reader.REFERENCE_ITEMS)
    known: frozenset[str] = frozenset().union(*lists)
    assert tags(members(responses.ResponseInputItemParam)) - known == set()
    assert sum(map(len, lists)) == len(known)
    assert all(reader.REFUSED_ITEMS.values())


def test_tools() -> None:
    """Each tool of responses is read, or refused with a reason."""
    assert tags(members(responses.ToolParam)) - reader.READ_TOOLS - set(reader.UNREAD_TOOLS) == set()
    assert all(reader.UNREAD_TOOLS.values())


UNREAD_THINGS = {
    "json_schema": "the form of the answer: a schema, which covers what is in it",
    "text": "the form of the answer",
    "json_object": "the form of the answer",
    **reader.REFUSED_ITEMS,
    "item_reference": "the item as a whole is a reference",
}
"""Types of things inside items that are read in another way than word for word, or not at all."""

READ_OTHERWISE = {
    "schema": "in the form of the answer, a schema",
    "strict": "in the form of the answer, a schema",
    "description": "in the form of the answer, a schema",
    "format": "the form of the answer",
    "verbosity": "beside the form of the answer",
    "reasoning": "a field of the change of configuration",
    "effort": "a field of the reasoning",
}
"""Names of members inside items that the table of items need not have, with where they are read."""


def test_inside_items() -> None:
    """Each type and each member of what stands inside items is known to the reader."""
    inside = below(responses.ResponseInputItemParam, [], leave=tuple(tools()))
    assert len(inside) > 60
    assert tags(inside) - reader._PARTS - reader.READ_ITEMS - set(UNREAD_THINGS) == set()
    assert names(inside) - reader._MEMBERS - set(reader._MEDIA) - set(READ_OTHERWISE) == set()


AS_TEXT = {
    ("batch", "endpoint"): "it is a path, and no plain word",
    ("speech", "voice"): "voices have names of the caller's, too",
    ("image_generation", "style"): "it once took words of the caller's, which reach the model",
}
"""Fields with a closed list whose words are told all the same."""


@pytest.mark.parametrize("name", BODIES)
def test_closed_lists(name: str) -> None:
    """The words of the SDK's closed lists are inert: a new word there would be examined as if the caller said it."""
    params, _ = BODIES[name]
    spoken = [
        f"{field}: {word}"
        for kind in members(params)
        for field, hint in get_type_hints(kind).items()
        for word in sorted(words(hint))
        if field not in ("model", *NO_MEMBERS) and (name, field) not in AS_TEXT and not inert(name, field, word)
    ]
    assert spoken == []


def inert(name: str, field: str, word: str) -> bool:
    """Whether a word, or a list of it, is inert in a field."""
    alone, listed = (outline(surfaced({field: value}, name).content) for value in (word, [word]))
    return f"inert /{field}" in alone or f"inert /{field}/0" in listed
