"""Recordings to be transcribed or translated: nobody listens, and all that comes with them is read."""

import typing

import pytest
from openai.types.audio import TranscriptionCreateParams, TranslationCreateParams
from support.bodies import outline, reasons
from support.cases import caller
from support.forms import Part, formed
from typing_extensions import get_type_hints

from proxy.decision import Outcome
from proxy.exchange import Forward, Refuse
from proxy.judge.policy import Policy
from proxy.refusal import Wording
from proxy.screen import Screening, screen
from proxy.surface.readers import audio

SOUND: Part = ("file", b"RIFF", "call.wav", "audio/wav")


def test_form() -> None:
    """The recording is a recording, its prompt is the caller's words, all else is words or inert."""
    found = formed(
        "audio", SOUND, ("prompt", "A traffic stop."), ("language", "en"), ("languages[]", "de"), ("keywords[]", "plate"),
        ("response_format", "verbose_json"), ("temperature", "0.2"), ("timestamp_granularities[]", "word"),
        ("timestamp_granularities[]", "segment"), ("include[]", "logprobs"), ("stream", "true"),
        ("chunking_strategy", "auto"), ("chunking_strategy[type]", "server_vad"), ("chunking_strategy[threshold]", "0.5"),
        ("chunking_strategy[prefix_padding_ms]", "300"), ("chunking_strategy[silence_duration_ms]", "200"),
    ).content  # fmt: skip
    assert [line for line in outline(found) if not line.startswith("inert")] == [
        "text /form/file/filename: field: call.wav",
        "audio /form/file: audio/wav 4",
        "text /form/prompt: user: A traffic stop.",
        "text /form/language: field: en",
        "text /form/languages/0: field: de",
        "text /form/keywords/0: field: plate",
    ]
    assert (found.model, found.stream) == ("m", True)


@pytest.mark.parametrize("name", ["known_speaker_names[]", "known_speaker_references[]"])
def test_speakers(name: str) -> None:
    """Telling speakers by samples of their voices is nothing that anybody here can examine."""
    assert list(reasons(formed("audio", SOUND, (name, "agent")).content)) == [f"/form/{name[:-2]}/0"]


def test_words_that_are_none_of_the_api() -> None:
    """Words in place of a closed list are examined, structure in place of a word too."""
    found = formed("audio", ("response_format", "names"), ("chunking_strategy", '{"type":"server_vad"}')).content
    assert outline(found)[:2] == [
        "text /form/response_format: field: names",
        'text /form/chunking_strategy: field: {"type":"server_vad"}',
    ]


@pytest.mark.parametrize("exempt", [True, False], ids=["exempt", "refused"])
def test_recordings_are_exempt_or_refused(*, exempt: bool) -> None:
    """An operator's choice: recordings pass unheard, and are counted as such, or are refused."""
    screening = Screening(Policy((), "r"), (), Wording("w"), frozenset({"audio"}) if exempt else frozenset())
    screened = screen(formed("audio", SOUND), caller(), screening, "d")
    assert isinstance(screened.action, Forward if exempt else Refuse)
    assert screened.decision.outcome is Outcome.ALLOW
    fates = ("inspected", "exempt") if exempt else ("refused", "refused")  # the file's name is part of the file
    assert screened.coverage.kinds == {("text", fates[0]): 1, ("audio", fates[1]): 1}


def test_each_field_of_the_sdk() -> None:
    """Each field that the SDK can send is one that the reader knows."""
    kinds = (TranslationCreateParams, *typing.get_args(TranscriptionCreateParams))
    sent = {name for kind in kinds for name in get_type_hints(kind)}
    assert len(sent) > 10
    assert sent - {name.partition("[")[0] for name in audio._FORM} == set()
