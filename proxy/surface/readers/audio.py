"""Transcription and translation of recordings, as forms. Nobody here listens to a recording; what comes with it is read."""

from typing import Final

from proxy.surface.multipart import Form
from proxy.surface.readers.completions import prompt
from proxy.surface.readers.form import FLAG, NUMBER, FormTable, read_parts, recording_part, unread_part, word_of, words
from proxy.surface.readers.walk import Walk, name

_SPEAKERS: Final = unread_part(
    "speakers that are to be told by their voices, with samples that nobody here can examine"
)

_FORM: Final[FormTable] = {
    "file": recording_part,
    "model": words(name),
    "prompt": words(prompt),
    "language": words(),
    "languages[]": words(),
    "keywords[]": words(),
    "response_format": word_of("json", "text", "srt", "verbose_json", "vtt", "diarized_json"),
    "temperature": NUMBER,
    "timestamp_granularities[]": word_of("word", "segment"),
    "include[]": word_of("logprobs"),
    "stream": FLAG,
    "chunking_strategy": word_of("auto"),
    "chunking_strategy[type]": word_of("server_vad"),
    "chunking_strategy[prefix_padding_ms]": NUMBER,
    "chunking_strategy[silence_duration_ms]": NUMBER,
    "chunking_strategy[threshold]": NUMBER,
    "known_speaker_names[]": _SPEAKERS,
    "known_speaker_references[]": _SPEAKERS,
}


def read_audio_form(walk: Walk, form: Form) -> None:
    """Read the form of a transcription or translation."""
    read_parts(walk, form, _FORM)


KNOWN_FIELDS: Final = frozenset(field.partition("[")[0] for field in _FORM) | {
    "prefix_padding_ms", "silence_duration_ms", "threshold", "type",
}  # fmt: skip
"""Field names that this reader knows."""
