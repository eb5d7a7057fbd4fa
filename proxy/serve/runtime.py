"""Everything that deciding needs, loaded and validated together from the operator's files."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from proxy.admit.register import Register, load_register
from proxy.errors import ConfigurationError, FacegateError
from proxy.examine.conflict import Conflict
from proxy.examine.detector import Detector
from proxy.examine.faces import Faces
from proxy.examine.intent import Intent
from proxy.examine.lexicon import load_lexicon
from proxy.examine.media import Media
from proxy.examine.pictures import PictureLimits
from proxy.judge.load import load_policy
from proxy.judge.policy import Policy
from proxy.refusal import Wording
from proxy.screen import Screening
from proxy.settings import Settings, load_settings
from proxy.surface import load_catalogue
from proxy.surface.catalogue import Catalogue
from proxy.surface.limits import Limits as SurfaceLimits


@dataclass(frozen=True, slots=True)
class Runtime:
    """The configuration in force. `folder` is where relative paths of the settings start."""

    settings: Settings
    folder: Path
    register: Register
    catalogue: Catalogue
    policy: Policy
    screening: Screening
    surface_limits: SurfaceLimits
