"""proxy.yaml as values: where Facegate listens, what is behind it, which limits hold."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from proxy import documents
from proxy.errors import ConfigurationError

DEMO: Final = "demo"
"""The upstream endpoint that stands for the built-in demonstration service."""

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Count = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Listen(_Section):
    """An address to listen on."""

    host: str = Field("127.0.0.1", description="address of the interface; 0.0.0.0 for all of them")
    port: Port = Field(0, description="TCP port; 0 lets the system choose, and the log says which")


class Secret(_Section):
    """Where a secret is kept: an environment variable or a file, never this file itself."""

    env: str | None = Field(None, description="name of the environment variable that holds it")
    file: str | None = Field(None, description="path of the file that holds it, relative to this one")

    @model_validator(mode="after")
    def _one_source(self) -> "Secret":
        if (self.env is None) == (self.file is None):
            raise ValueError("give exactly one of `env` and `file`")
        return self

    def read(self, beside: Path) -> SecretStr:
        """The secret's value; `beside` is the folder that relative paths start from.

        Raises ConfigurationError when the variable is not set or the file cannot be read.
        """
        if self.env is not None:
            value = os.environ.get(self.env, "").strip()
            if not value:
                raise ConfigurationError(f"the environment variable {self.env} is not set; a secret is expected in it")
            return SecretStr(value)
        path = beside / (self.file or "")
        try:
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as failure:
            raise ConfigurationError(f"{path}: the secret cannot be read: {failure}") from failure
        if not value:
            raise ConfigurationError(f"{path}: the file is empty; a secret is expected in it")
        return SecretStr(value)


class Upstream(_Section):
    """The Azure OpenAI endpoint that allowed requests go to."""

    endpoint: str = Field(
        pattern=r"^(demo|https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?/?|https?://\[[0-9a-fA-F:]+\](:[0-9]{1,5})?/?)$",
        description="scheme and host, as in https://my-resource.openai.azure.com; `demo` is a built-in service that"
        " answers with made-up replies",
    )
    api_key: Secret | None = Field(None, description="the credential that Facegate sends; callers never see it")
    connect_timeout_s: Seconds = Field(10.0, description="seconds until a connection must stand (then 504)")
    read_timeout_s: Seconds = Field(300.0, description="longest silence of the service within a reply (then 504)")
    connections: Count = Field(1000, description="connections kept to the service at most")

    @model_validator(mode="after")
    def _credential(self) -> "Upstream":
        if self.endpoint != DEMO and self.api_key is None:
            raise ValueError("`api_key` is missing: an endpoint needs a credential of its own")
        return self


class Limits(_Section):
    """Limits that are checked before anything is read or decoded."""

    body_bytes: Count = Field(64 * 1024 * 1024, description="largest request body (then 413)")
    inflated_bytes: Count = Field(64 * 1024 * 1024, description="largest body after its content coding is undone")
    header_bytes: Count = Field(16 * 1024, description="longest request line and longest header (then 400)")
    header_timeout_s: Seconds = Field(
        20.0, description="seconds for a connection's first headers to arrive (then closed)"
    )
    body_timeout_s: Seconds = Field(120.0, description="seconds for the whole body to arrive (then 408)")
    idle_timeout_s: Seconds = Field(20.0, description="longest pause while the body arrives (then 408)")
    inflight_bytes: Count = Field(
        256 * 1024 * 1024, description="bodies held in memory at a time; a large one beyond them is answered 503"
    )
    json_depth: Annotated[int, Field(ge=1, le=200)] = Field(64, description="deepest nesting of a JSON body")
    images: Count = Field(50, description="pictures in one request")
    inline_bytes: Count = Field(20 * 1024 * 1024, description="one inline picture, recording or file, decoded")
    image_pixels: Count = Field(50_000_000, description="pixels of one picture")
    image_side: Count = Field(16_384, description="longest side of a picture, in pixels")
    image_frames: Count = Field(100, description="frames of one animation; each is examined")
    image_seconds: Seconds = Field(20.0, description="seconds for all pictures of one request")
    image_searched_pixels: Annotated[int, Field(ge=1_000_000)] = Field(
        4_000_000,
        description="pixels of a picture that are searched for faces, some 40 ms of CPU a million; a larger one is shrunk to"
        " them first, so that faces in it must be larger to be found",
    )
    document_pages: Count = Field(50, description="pages of one PDF; each is read, drawn and searched for faces")
    document_side: Annotated[int, Field(ge=320, le=4096)] = Field(
        1000,
        description="longest side, in pixels, at which a page of a PDF is drawn; twice as much takes four times as long",
    )
    document_pictures: Count = Field(200, description="pictures in one file")
    document_seconds: Seconds = Field(15.0, description="seconds to open one file")
    form_parts: Count = Field(64, description="parts of a form")
    file_lines: Count = Field(
        100_000, description="lines of a batch, fine-tuning or evaluation file; the service takes as many in a batch"
    )
    file_seconds: Seconds = Field(
        300.0,
        description="seconds for examining all lines of such a file (then 413); mind the time-outs of what is in front",
    )
    upload_bytes: Count = Field(
        64 * 1024 * 1024,
        description="files in parts that one tenant may have under way; held in memory until they are whole",
    )
    uploads_bytes: Count = Field(256 * 1024 * 1024, description="the same for all tenants; more are answered 503")
    upload_seconds: Seconds = Field(900.0, description="seconds until a file in parts that is not whole is let go")


class RemoteImages(_Section):
    """Fetching the pictures that requests name by address, for tenants whose entry in the register lists hosts."""

    pictures: Count = Field(
        10, description="addresses of pictures in one request; with more none is fetched (then 422)"
    )
    seconds: Seconds = Field(
        10.0, description="seconds for one picture in all, waiting for its turn included (then 422)"
    )
    connections: Annotated[int, Field(ge=2)] = Field(
        32, description="connections at a time, over all requests; one tenant has half of them at most"
    )
    http: bool = Field(
        False, description="fetch from `http://` too; whoever is on the way can then put another picture in its place"
    )
    ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = Field(
        (), description="ports that may be called beside 443 (and 80, with `http`)"
    )


class UnknownReferences(_Section):
    """Getting the files that requests name and nobody here knows, for tenants whose entry in the register says so."""

    files: Count = Field(
        5, description="files in one request that are not known; with more none is got from the service (then 422)"
    )
    file_bytes: Count = Field(64 * 1024 * 1024, description="bytes of one file (then 422)")
    seconds: Seconds = Field(
        30.0, description="seconds for getting one file in all, waiting for its turn included (then 422)"
    )
    at_a_time: Count = Field(4, description="files of one tenant that are got at a time")


class Examination(_Section):
    """The pool that examines pictures and long texts beside the event loop."""

    workers: Annotated[int, Field(ge=1, le=64)] = Field(
        2, description="processes that look at pictures; one a core is plenty"
    )
    isolated: bool = Field(
        True,
        description="look at pictures in processes of their own: a decoder that crashes harms nobody else; false: in threads",
    )
    worker_memory_bytes: Annotated[int, Field(ge=512 * 1024 * 1024)] = Field(
        2 * 1024**3, description="memory that one such process may address"
    )
    queue: Count = Field(64, description="requests that wait to be examined; more are answered 503")
    recordings: Literal["exempt", "refuse"] = Field(
        "exempt",
        description="recordings to be transcribed or translated, to which nobody here listens: let pass unheard, or refuse;"
        " `refuse` goes for speech in realtime sessions too",
    )
    face_score: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.83, description="score from which a face counts; lower finds more, and more that is none"
    )


Score = Annotated[float, Field(gt=0, le=1)]

Label = Literal["identify", "verify", "emotion", "sensitive", "biocat", "surveil", "social_score"]


class Semantic(_Section):
    """The second look at words, where a request carries or may carry pictures, moving pictures or recordings."""

    mode: Literal["required", "off"] = Field(
        "required",
        description="`required`: where it cannot be taken, what it would say is unknown; `off`: words are left to the word lists",
    )
    certain: Mapping[Label, Score] = Field(
        {}, description="scores from which a fact is true, by label; those left out are as trained"
    )
    possible: Mapping[Label, Score] = Field(
        {}, description="scores from which a fact is unknown, by label; those left out are as trained"
    )


class Realtime(_Section):
    """Realtime sessions: sockets over which events come and go."""

    sessions: Count = Field(
        200,
        description="sessions at a time; more are answered 503. Messages on their way take up to `message_bytes` in each",
    )
    session_s: Seconds = Field(
        1800.0, description="longest session, in seconds (then closed with 1001), as the service has it"
    )
    idle_timeout_s: Seconds = Field(600.0, description="longest silence of both sides (then closed with 1001)")
    message_bytes: Count = Field(24 * 1024 * 1024, description="largest message of either side (then closed with 1009)")
    events_a_minute: Count = Field(10_000, description="events of one caller within a minute (then closed with 1008)")
    refused_events: Count = Field(3, description="refused events with which a session ends (closed with 1008)")
    ping_interval_s: Seconds = Field(
        20.0,
        description="silence after which either side is asked for a sign of life; without one within half of that, it ends",
    )


class Audit(_Section):
    """The journal of decisions and outcomes."""

    path: str = Field("../var/audit", description="folder of the journal, relative to this file; made if missing")
    durability: Literal["fsync", "write"] = Field(
        "fsync", description="what must have happened before a request is forwarded: on the disk, or with the system"
    )
    digest_key: Secret | None = Field(
        None, description="key of the digests that stand for content; without it each start draws a new one"
    )


class Memory(_Section):
    """The memory of what the service keeps: who made a thing, and what the requests that made it showed."""

    path: str | None = Field(
        None,
        description="folder of its database, relative to this file; without it `memory` beside the journal's folder",
    )
    days: Annotated[float, Field(gt=0, le=3650)] = Field(
        30.0,
        description="days after which a thing is unknown, from when it was made or added to; the service keeps most for 30",
    )
    recent: Count = Field(10_000, description="things that are kept at hand, so that the disk is not asked")
    database_bytes: Annotated[int, Field(ge=1024 * 1024)] = Field(
        1024**3,
        description="largest size of the database; beyond it nothing new is remembered (some 100 bytes a thing)",
    )


class Refusals(_Section):
    """How refusals are worded."""

    appeal: str = Field(
        "your platform team", description="whom to turn to; stands in every refusal (a person, a page, an address)"
    )
    as_content_filter: bool = Field(
        False, description="answer 400 `content_filter` in place of 403, for clients that look for the service's filter"
    )


class Settings(_Section):
    """The whole of proxy.yaml. Paths are relative to the folder of that file."""

    listen: Listen = Field(Listen(port=8080), description="the data port, for applications")
    admin: Listen = Field(Listen(port=8081), description="the admin port: /livez, /readyz, /metrics")
    upstream: Upstream = Field(description="what is behind Facegate")
    tenants: str = Field("tenants.yaml", description="the tenant register")
    policies: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="folders of the policy packs in force, each with a policy.yaml"
    )
    lexicons: str = Field("lexicons", description="folder of the word lists")
    cameras: str = Field("cameras.yaml", description="the table of cameras by what picture metadata name")
    limits: Limits = Field(Limits(), description="limits on requests")
    remote_images: RemoteImages = Field(RemoteImages(), description="pictures behind addresses, where they are fetched")
    unknown_references: UnknownReferences = Field(
        UnknownReferences(), description="files that the service keeps and nobody here knows, where they are got"
    )
    examination: Examination = Field(Examination(), description="the examination pool")
    semantic: Semantic = Field(Semantic(), description="the second look at words")
    realtime: Realtime = Field(Realtime(), description="realtime sessions")
    audit: Audit = Field(Audit(), description="the journal")
    memory: Memory = Field(Memory(), description="the memory of what the service keeps")
    refusals: Refusals = Field(Refusals(), description="refusals")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    drain_timeout_s: Seconds = Field(30.0, description="seconds that requests in flight get after SIGTERM")


def load_settings(path: Path) -> Settings:
    """Read proxy.yaml. Raises ConfigurationError naming file, line and what is valid."""
    return documents.load(path, Settings)
