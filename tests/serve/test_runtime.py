"""Everything that decides is loaded together, all its mistakes are told together, and its revision tells it apart."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.commands import configuration
from support.gate import KEYS, register_with_keys, settings_for, write_settings
from support.service import KEY

from proxy.caller import Caller
from proxy.content import Content
from proxy.errors import ConfigurationError
from proxy.facts import Evidence
from proxy.serve.runtime import describe, load_runtime

PACK = "policies/ms-aoai-coc/2024-05-01/policy.yaml"


class Nobody:
    """A detector that reports nothing."""

    name = "nobody"
    reports: frozenset[str] = frozenset()

    def examine(self, content: Content, caller: Caller) -> Evidence:
        """Nothing."""
        del content, caller
        return Evidence(())


def changed(folder: Path, *changes: tuple[str, str, str]) -> Path:
    """The shipped configuration with few words, and with (file, old, new) replaced, in a fresh folder."""
    shutil.rmtree(folder / "config", ignore_errors=True)
    return configuration(folder, changes)


def test_the_parts(tmp_path: Path) -> None:
    """What the settings name, found beside them; three detectors, of which one looks for faces."""
    path = changed(tmp_path)
    runtime = load_runtime(path)
    assert runtime.folder == path.parent
    assert [pack.id for pack in runtime.policy.packs] == ["ms-aoai-coc@2024-05-01"]
    assert "metro-pd" in runtime.register.tenants
    assert [one.name for one in runtime.screening.detectors] == ["media", "intent", "faces"]
    assert runtime.screening.detectors[2] is runtime.faces
    assert runtime.screening.policy is runtime.policy


def test_relative_paths_start_at_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the process was started, and also where the settings are named by a relative path."""
    path = changed(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    runtime = load_runtime(Path("..") / "config" / "proxy.yaml")
    assert (runtime.folder, runtime.policy.revision) == (path.parent, load_runtime(path).policy.revision)


LIMITS = {
    "inflated_bytes": 1001,
    "json_depth": 12,
    "images": 13,
    "inline_bytes": 1004,
    "image_pixels": 1005,
    "image_side": 1006,
    "image_frames": 17,
    "image_seconds": 1.5,
    "image_searched_pixels": 1_000_007,
}


def test_limits_reach_those_who_keep_them(tmp_path: Path) -> None:
    """Each limit of the settings that a reader or a decoder keeps; pixels of all frames are four pictures' worth."""
    register_with_keys(tmp_path)
    changes = {"limits": LIMITS, "examination": {"face_score": 0.5}, "refusals": {"appeal": "ada@example.com"}}
    write_settings(tmp_path / "proxy.yaml", settings_for(tmp_path, "http://127.0.0.1:9", changes))
    runtime = load_runtime(tmp_path / "proxy.yaml")
    surface, pictures = runtime.surface_limits, runtime.faces.limits
    assert {
        "inflated_bytes": surface.inflated_bytes,
        "json_depth": surface.json_depth,
        "images": surface.images,
        "inline_bytes": surface.inline_bytes,
        "image_pixels": pictures.pixels,
        "image_side": pictures.side,
        "image_frames": pictures.frames,
        "image_seconds": pictures.seconds,
        "image_searched_pixels": pictures.searched_pixels,
    } == LIMITS
    assert pictures.frame_pixels == 4 * LIMITS["image_pixels"]
    assert (runtime.faces.score, runtime.screening.wording.appeal) == (0.5, "ada@example.com")


DECIDES = {
    "the policy": (PACK, "outcome: block", "outcome: review"),
    "the words": ("lexicons/few.yaml", "[girlfriend]", "[girlfriend, boyfriend]"),
    "a limit": ("proxy.yaml", "audit:", "limits: {images: 7}\naudit:"),
    "the score of a face": ("proxy.yaml", "audit:", "examination: {face_score: 0.5}\naudit:"),
    "whether words get a second look": ("proxy.yaml", "audit:", "semantic: {mode: 'off'}\naudit:"),
    "a score of that": ("proxy.yaml", "audit:", "semantic: {certain: {emotion: 0.97}}\naudit:"),
    "the cameras": ("cameras.yaml", "make: Axon,", "make: Axom,"),
}

DOES_NOT_DECIDE = {
    "nothing": ("proxy.yaml", "audit:", "audit:"),
    "a comment of the settings": ("proxy.yaml", "audit:", "# a comment\naudit:"),
    "where it listens": ("proxy.yaml", "port: 8080", "port: 9090"),
    "the log": ("proxy.yaml", "audit:", "log_level: debug\naudit:"),
    "who may call": ("tenants.yaml", "name: ", "name: Another "),
}


def revision(path: Path) -> str:
    """The revision of a configuration."""
    return load_runtime(path).policy.revision


@pytest.mark.parametrize("name", DECIDES)
def test_the_revision_tells_what_decides(tmp_path: Path, name: str) -> None:
    """Two requests under one revision were judged by the same rules, words and limits."""
    before = revision(changed(tmp_path))
    after = revision(changed(tmp_path, DECIDES[name]))
    assert before != after
    assert {len(one) for one in (before, after)} == {12}


@pytest.mark.parametrize("name", DOES_NOT_DECIDE)
def test_the_revision_is_of_nothing_else(tmp_path: Path, name: str) -> None:
    """The same everywhere, at each start, whatever else is set."""
    assert revision(changed(tmp_path)) == revision(changed(tmp_path, DOES_NOT_DECIDE[name]))


MISTAKES: dict[str, tuple[str, str, str]] = {
    "tenants.yaml": ("tenants.yaml", "tenants:", "tenantz:"),
    PACK: (PACK, "outcome: block", "outcome: blokk"),
    "lexicons/few.yaml": ("lexicons/few.yaml", "concepts:", "concept:"),
    "cameras.yaml": ("cameras.yaml", "cameras:", "camera:"),
}


@pytest.mark.parametrize(
    "wrong",
    [[name] for name in MISTAKES] + [list(MISTAKES)],
    ids=["register", "policy", "words", "cameras", "all of them"],
)
def test_all_mistakes_are_told(tmp_path: Path, wrong: Sequence[str]) -> None:
    """One error with the mistakes of every file, each with its place; nothing is loaded by half."""
    path = changed(tmp_path, *(MISTAKES[name] for name in wrong))
    with pytest.raises(ConfigurationError) as raised:
        load_runtime(path)
    blamed = [name for name in MISTAKES if any(f"/config/{name}:" in problem for problem in raised.value.problems)]
    assert blamed == list(wrong)


def test_mistakes_in_the_settings_come_first(tmp_path: Path) -> None:
    """Without settings nothing else is looked for."""
    path = changed(tmp_path, ("proxy.yaml", "audit:", "audits:"), MISTAKES["tenants.yaml"])
    with pytest.raises(ConfigurationError) as raised:
        load_runtime(path)
    assert ["audits" in problem for problem in raised.value.problems] == [True]


def test_with_another_detector_or_policy(tmp_path: Path) -> None:
    """The rest stays, and so does the runtime that was there."""
    runtime = load_runtime(changed(tmp_path))
    other, nobody = load_runtime(changed(tmp_path, DECIDES["the policy"])), Nobody()
    blind = runtime.with_faces(nobody)
    assert [one.name for one in blind.screening.detectors] == ["media", "intent", "nobody"]
    assert (blind.policy, blind.register, blind.faces) == (runtime.policy, runtime.register, runtime.faces)
    judged = runtime.with_policy(other.policy)
    assert (judged.policy, judged.screening.detectors) == (other.policy, runtime.screening.detectors)
    assert runtime.screening.detectors[2] is runtime.faces
    assert runtime.policy.revision != other.policy.revision


def test_what_is_said_of_it(tmp_path: Path) -> None:
    """For the readiness page and the log: what is in force, and no secret."""
    register_with_keys(tmp_path)
    write_settings(tmp_path / "proxy.yaml", settings_for(tmp_path, "http://127.0.0.1:9", {}))
    runtime = load_runtime(tmp_path / "proxy.yaml")
    told: Mapping[str, Any] = describe(runtime)
    expected = {
        "policy_revision": runtime.policy.revision,
        "packs": ["ms-aoai-coc@2024-05-01"],
        "tenants": len(runtime.register.tenants),
        "credentials": len(KEYS),
        "upstream": "http://127.0.0.1:9",
        "faces": "ok",
        "semantic": "not loaded yet",
    }
    assert {name: told[name] for name in expected} == expected
    page = orjson.dumps(told).decode()
    assert [secret for secret in (KEY, *KEYS.values()) if secret in page] == []


def test_words_get_a_second_look_unless_it_is_off(tmp_path: Path) -> None:
    """As the settings say; what is off is told as such."""
    on = load_runtime(changed(tmp_path))
    off = load_runtime(changed(tmp_path, ("proxy.yaml", "audit:", "semantic: {mode: 'off'}\naudit:")))
    assert (on.scorer is None, on.screening.second is None) == (False, False)
    assert (off.scorer, off.screening.second, describe(off)["semantic"]) == (None, None, "off")
