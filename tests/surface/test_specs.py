"""The service's own documents against the catalogue and the readers.

They are no part of this repository: `FACEGATE_SPECS` names the folder that holds them, and without it nothing here is collected.
"""

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML
from support.bodies import CATALOGUE

from proxy.operation import Operation
from proxy.surface import FIELD_NAMES
from proxy.surface.readers import assistants, chat, evals, fine_tuning, graders, moderations, responses, threads

FOLDER: Final = Path(os.environ["FACEGATE_SPECS"])

DOCUMENTS: Final[Mapping[str, str]] = {
    "azure-v1-v1.2026-01-28.json": "/openai/v1",
    "azure-v1-v1.aigw-subset.json": "/openai/v1",
    "azure-inference-2024-05-01-preview.json": "/openai",
    "azure-inference-2024-10-21.yaml": "/openai",
    "azure-inference-2025-03-01-preview.json": "/openai",
    "openai-openapi.yaml": "/openai/v1",
}
"""The documents, and what stands before their paths."""

METHODS: Final = ("get", "post", "put", "patch", "delete")

NOT_THE_SERVICE: Final = {
    "/openai/v1/organization/": "the administration of accounts of OpenAI's own",
    "/openai/v1/projects/": "the administration of accounts of OpenAI's own",
    "/openai/v1/videos/characters/": "characters/content could be the content of a video, too; no document of Azure's has it",
}
"""Beginnings of paths that the catalogue does not have; they are 404."""


@cache
def document(name: str) -> Mapping[str, Any]:
    """One document, as parsed."""
    path = FOLDER / name
    parsed: Mapping[str, Any] = json.loads(path.read_bytes()) if path.suffix == ".json" else YAML(typ="safe").load(path)
    return parsed


def calls(name: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method, path and description of each operation of a document; a query in its path is left out."""
    for path, described in document(name)["paths"].items():
        whole = DOCUMENTS[name] + path.partition("?")[0]
        if not whole.startswith(tuple(NOT_THE_SERVICE)):
            yield from (
                (method.upper(), whole, {**described, **described[method]}) for method in METHODS if method in described
            )


def operation(method: str, path: str) -> Operation | None:
    """The catalogue's operation of a path template."""
    segments = tuple("x" if part.startswith("{") else part for part in path[1:].split("/"))
    found = CATALOGUE.find(segments) or {}
    return found[method].operation if method in found else None


def resolved(name: str, node: Any) -> Any:
    """A node with its reference followed."""
    while isinstance(node, dict) and "$ref" in node:
        here: Any = document(name)
        for step in node["$ref"].split("/")[1:]:
            here = here[step.replace("~1", "/").replace("~0", "~")]
        node = here
    return node


def alternatives(name: str, node: Any) -> Iterator[Mapping[str, Any]]:
    """A schema, and those that it is made of or chosen from."""
    node = resolved(name, node)
    if isinstance(node, dict):
        yield node
        for key in ("anyOf", "oneOf", "allOf"):
            for one in node.get(key, ()):
                yield from alternatives(name, one)


def words(name: str, node: Any) -> set[str]:
    """The words that a schema allows."""
    found = (word for one in alternatives(name, node) for word in (*one.get("enum", ()), one.get("const")))
    return {word for word in found if isinstance(word, str)}


def tags(name: str, node: Any, seen: set[int]) -> set[str]:
    """The words of the members called `type`, wherever they stand in what a schema describes."""
    found: set[str] = set()
    for one in alternatives(name, node):
        if id(one) in seen:
            continue
        seen.add(id(one))
        inner = [one.get("items"), one.get("additionalProperties")]
        for key, member in one.get("properties", {}).items():
            inner.append(member)
            found |= words(name, member) if key == "type" else set()
        for member in inner:
            found |= tags(name, member, seen)
    return found


def bodies(name: str) -> Iterator[tuple[Operation, Any]]:
    """The schemas of the JSON bodies that are read."""
    for method, path, described in calls(name):
        found = operation(method, path)
        content = (resolved(name, described.get("requestBody")) or {}).get("content", {})
        if found is not None and found.reader:
            yield from ((found, media["schema"]) for kind, media in content.items() if kind == "application/json")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_operation_is_known(name: str) -> None:
    """Each method of each path is read, or refused for a reason."""
    found = [(method, path) for method, path, _ in calls(name)]
    assert len(found) >= 6
    assert [call for call in found if operation(*call) is None] == []


NO_QUERY: Final = {
    "metadata": "words of the caller's, in a query, which is not examined",
    "name": "words of the caller's, in a query, which is not examined",
    "include": "the SDKs send include[]; where the document spells it so, both are forwarded",
    "beta": "operations of a preview, whose items are refused",
}
"""Query parameters that need not be forwarded, with the reasons."""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_query_is_known(name: str) -> None:
    """Each parameter that a document gives an operation is forwarded, or left out for a reason."""
    lost = set()
    for method, path, described in calls(name):
        found = operation(method, path)
        parameters = (resolved(name, one) for one in described.get("parameters", ()))
        sent = {one["name"] for one in parameters if one["in"] == "query"} - set(NO_QUERY)
        if found is not None and not found.why:
            lost |= {f"{found.name}: {one}" for one in sent - set(found.query)}
    assert lost == set()


UNNAMED: Final = {
    "completion_config": "for a resource's administrator; its words are told",
    "statusCode": "a slip of the document's; its words are told",
}
"""Fields of bodies that no reader's table has, with what becomes of them."""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_field_is_known(name: str) -> None:
    """Each field of each body has a name that the readers know."""
    lost = {
        f"{found.name}: {key}"
        for found, schema in bodies(name)
        for one in alternatives(name, schema)
        for key in one.get("properties", ())
        if key not in FIELD_NAMES and key not in UNNAMED
    }
    assert lost == set()


KNOWN: Final[frozenset[str]] = frozenset().union(
    *(responses.READ_ITEMS, responses.REFUSED_ITEMS, responses.REFERENCE_ITEMS, responses._PARTS),
    *(responses.READ_TOOLS, responses.UNREAD_TOOLS, responses._ENVIRONMENTS, responses._CONTAINERS),
    *(chat.PART_TYPES, threads.PART_TYPES, assistants.TOOLS, moderations.PARTS),
    *(graders.TABLES, evals.SOURCES, evals.REFUSED_SOURCES, fine_tuning._INTEGRATIONS),
)
"""Types that the readers name, as read or as refused."""

OTHERWISE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("json_schema", "json_object", "grammar"), "in a form of the answer or a tool: a schema, which covers it"),
    **dict.fromkeys(("and", "or", "eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"), "a filter: all its words are told"),
    **dict.fromkeys(("auto", "static", "disabled", "last_messages", "supervised", "dpo", "reinforcement"), "a closed list"),
    **dict.fromkeys(("content", "allowed_tools"), "a prediction, a choice of tools: read by their own tables"),
    **dict.fromkeys(
        ("azure_search", "azure_cosmos_db", "azure_ml_index", "elasticsearch", "mongo_db", "pinecone", "access_token", "api_key",
         "connection_string", "deployment_name", "encoded_api_key", "endpoint", "integrated", "key_and_key_id", "model_id",
         "system_assigned_managed_identity", "user_assigned_managed_identity", "username_and_password"),
        "in sources of data, which are refused as a whole; as a grader refused with a reason",
    ),
    **dict.fromkeys(("approximate",), "in a web search, which is refused as a whole"),
    **dict.fromkeys(("allowlist", "inline", "skill_reference", "base64"), "in a container: refused as a whole"),
    **dict.fromkeys(("encrypted_content",), "in a message of another agent, which is refused as a whole"),
    **dict.fromkeys(
        ("computer-preview", "computer_use", "reasoning_summary", "output_audio"),
        "of a preview that is gone: opaque, as any type that is not known",
    ),
    "file_citation": "in a citation",
}  # fmt: skip
"""Types that stand where no list of types is kept, with what becomes of them."""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_type_is_known(name: str) -> None:
    """Each type of a part, an item, a tool or a grader is named by a reader."""
    lost = {
        f"{found.name}: {tag}"
        for found, schema in bodies(name)
        for tag in tags(name, schema, set()) - KNOWN - set(OTHERWISE)
    }
    assert lost == set()


def test_what_is_not_known_is_told() -> None:
    """A type, however deep, would be told."""
    schema = {"properties": {"a": {"items": {"oneOf": [{"properties": {"type": {"enum": ["hologram"]}}}]}}}}
    assert tags("azure-inference-2024-10-21.yaml", schema, set()) == {"hologram"}
