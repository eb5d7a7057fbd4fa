"""Everything that deciding needs, loaded and validated together from the operator's files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

from proxy.admit.register import Register, load_register
from proxy.content import Json
from proxy.errors import ConfigurationError
from proxy.examine.detector import Detector
from proxy.examine.faces import Faces
from proxy.examine.image_context import Cameras, load_cameras
from proxy.examine.intent import Intent
from proxy.examine.lexicon import Lexicon, digest_of, load_lexicon
from proxy.examine.media import Media
from proxy.examine.opening import DocumentLimits
from proxy.examine.pictures import PictureLimits
from proxy.examine.semantic import Scorer, Semantic
from proxy.examine.unfold import unfold
from proxy.judge.load import load_policy
from proxy.judge.policy import Policy
from proxy.refusal import Wording
from proxy.screen import Screening, Unfold
from proxy.settings import Limits, Settings, load_settings
from proxy.surface import load_catalogue
from proxy.surface.catalogue import Catalogue
from proxy.surface.limits import Limits as SurfaceLimits


@dataclass(frozen=True, slots=True)
class Runtime:
    """The configuration in force. `folder` is where the relative paths of the settings start."""

    settings: Settings
    folder: Path
    register: Register
    catalogue: Catalogue
    screening: Screening
    surface_limits: SurfaceLimits
    faces: Faces
    scorer: Scorer | None
    """What scores words where they get a second look; None: they get none."""

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.screening.policy

    def with_faces(self, detector: Detector) -> "Runtime":
        """The same, with another detector in place of the one that looks for faces."""
        detectors = tuple(detector if one is self.faces else one for one in self.screening.detectors)
        return replace(self, screening=replace(self.screening, detectors=detectors))

    def with_unfold(self, unfold: Unfold) -> "Runtime":
        """The same, with files opened by `unfold`."""
        return replace(self, screening=replace(self.screening, unfold=unfold))

    def with_policy(self, policy: Policy) -> "Runtime":
        """The same, with another policy."""
        return replace(self, screening=replace(self.screening, policy=policy))


def load_runtime(path: Path) -> Runtime:
    """Load a proxy.yaml and all that it names. Raises ConfigurationError with every mistake in all the files."""
    settings = load_settings(path)
    folder = path.resolve().parent
    problems: list[str] = []
    loaded: dict[str, object] = {}
    parts: Mapping[str, Callable[[], object]] = {
        "register": lambda: load_register(folder / settings.tenants),
        "policy": lambda: load_policy([folder / pack for pack in settings.policies]),
        "lexicon": lambda: load_lexicon(folder / settings.lexicons),
        "cameras": lambda: load_cameras(folder / settings.cameras),
    }
    for name, load in parts.items():
        try:
            loaded[name] = load()
        except ConfigurationError as error:
            problems.extend(error.problems)
    register, policy, lexicon, cameras = (loaded.get(name) for name in parts)
    if not (
        isinstance(register, Register)
        and isinstance(policy, Policy)
        and isinstance(lexicon, Lexicon)
        and isinstance(cameras, Cameras)
    ):
        raise ConfigurationError(*problems)
    catalogue = load_catalogue()
    faces = Faces(_picture_limits(settings.limits), settings.examination.face_score, cameras)
    scorer = Scorer() if settings.semantic.mode == "required" else None
    revised = replace(policy, revision=_revision(policy, folder / settings.lexicons, settings, scorer, faces))
    wording = Wording(settings.refusals.appeal, settings.refusals.as_content_filter)
    exempt = frozenset({"audio"} if settings.examination.recordings == "exempt" else ())
    screening = Screening(
        revised,
        (Media(), Intent(lexicon), faces),
        wording,
        exempt=exempt,
        line_seconds=settings.limits.file_seconds,
        unfold=partial(unfold, limits=document_limits(settings.limits)),
        second=Semantic(scorer, settings.semantic.certain, settings.semantic.possible) if scorer else None,
    )
    return Runtime(settings, folder, register, catalogue, screening, _surface_limits(settings.limits), faces, scorer)


def _revision(policy: Policy, lexicons: Path, settings: Settings, scorer: Scorer | None, faces: Faces) -> str:
    """A digest of all that decides: packs, word lists, the second look, limits, face model and score, cameras, what is exempt."""
    digest = sha256(policy.revision.encode())
    digest.update(digest_of(lexicons).encode())
    digest.update(settings.limits.model_dump_json().encode())
    digest.update(f"{faces.revision} {settings.examination.recordings}".encode())
    digest.update(f"{settings.semantic.model_dump_json()} {scorer.revision() if scorer else ''}".encode())
    return digest.hexdigest()[:12]


def _picture_limits(limits: Limits) -> PictureLimits:
    return PictureLimits(
        pixels=limits.image_pixels,
        side=limits.image_side,
        frames=limits.image_frames,
        frame_pixels=4 * limits.image_pixels,
        seconds=limits.image_seconds,
        searched_pixels=limits.image_searched_pixels,
    )


def document_limits(limits: Limits) -> DocumentLimits:
    """The limits of opening files."""
    return DocumentLimits(
        pages=limits.document_pages,
        side=limits.document_side,
        pictures=limits.document_pictures,
        seconds=limits.document_seconds,
        inline_bytes=limits.inline_bytes,
        picture=_picture_limits(limits),
    )


def _surface_limits(limits: Limits) -> SurfaceLimits:
    return SurfaceLimits(
        inflated_bytes=limits.inflated_bytes,
        json_depth=limits.json_depth,
        images=limits.images,
        inline_bytes=limits.inline_bytes,
        form_parts=limits.form_parts,
        file_lines=limits.file_lines,
    )


def describe(runtime: Runtime) -> dict[str, Json]:
    """What is in force, for the readiness page and the log; no secrets."""
    return {
        "policy_revision": runtime.policy.revision,
        "packs": [pack.id for pack in runtime.policy.packs],
        "tenants": len(runtime.register.tenants),
        "credentials": len(runtime.register.by_digest),
        "upstream": runtime.settings.upstream.endpoint,
        "faces": "ok" if runtime.faces.available else f"unavailable: {runtime.faces.reason}",
        "semantic": runtime.scorer.state if runtime.scorer else "off",
    }
