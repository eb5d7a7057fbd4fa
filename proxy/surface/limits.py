"""Limits of reading, all checked before anything is expanded or decoded."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, counts and ratios. The image limits of the service itself: 20 MiB each (its vision how-to)."""

    inflated_bytes: int = 64 * 1024 * 1024
    inflation_ratio: int = 200
    json_depth: int = 64
    leaves: int = 100_000
    images: int = 50
    inline_bytes: int = 20 * 1024 * 1024
    form_parts: int = 64
    file_lines: int = 100_000
