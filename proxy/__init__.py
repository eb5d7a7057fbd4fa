"""Facegate: a reverse proxy that holds every Azure OpenAI request against the service's code of conduct."""

from typing import Final

__version__: Final = "0.1.0"
