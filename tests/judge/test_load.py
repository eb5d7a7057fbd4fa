"""Policy files: every mistake with file, line and what is valid; and a pack read whole."""

from pathlib import Path

import pytest
from support.cases import PACK, caller, evidence

from proxy.decision import Outcome
from proxy.errors import ConfigurationError
from proxy.facts import Truth
from proxy.judge import judge
from proxy.judge.load import load_pack, load_policy
from proxy.judge.policy import ActsFor, All, AnyOf, AttributeIn, FactIs, Lifts, Mode, NoneOf, Pack, Policy, Rule

HEAD = """\
pack:
  name: test-pack
  version: "1"
  title: A test
  source: Nowhere
  effective_from: 2024-05-01
rules:
"""

RULE = """\
  - id: a-rule
    clause: C03
    citation: somewhere
    text: some words
    text_status: paraphrase
    when: {fact: media.images}
    outcome: block
    undetermined: review
    message: not permitted
"""


def pack_of(folder: Path, text: str) -> Path:
    (folder / "policy.yaml").write_text(text, encoding="utf-8")
    return folder


def changed(old: str, new: str) -> str:
    text = HEAD + RULE
    assert old in text
    return text.replace(old, new)


MISTAKES: list[tuple[str, str, list[str]]] = [
    (
        "an unknown fact",
        changed("{fact: media.images}", "{fact: intent.identfy_person}"),
        [
            (
                "13: rules[0].when.fact: rule 'a-rule' asks about unknown 'intent.identfy_person'; did you mean"
                " 'intent.identify_person'?"
            )
        ],
    ),
    (
        "an unknown fact, deep",
        changed(
            "{fact: media.images}",
            "\n      any:\n        - fact: media.images\n        - none:\n          - fact: media.image",
        ),
        [
            "17: rules[0].when.any[1].none[0].fact: rule 'a-rule' asks about unknown 'media.image'; did you mean 'media.images'?"
        ],
    ),
    (
        "an unknown fact in an exception",
        changed("    outcome:", "    exceptions:\n      - {fact: media.face}\n    outcome:"),
        ["15: rules[0].exceptions[0].fact: rule 'a-rule' asks about unknown 'media.face'; did you mean 'media.faces'?"],
    ),
    (
        "an unknown attribute",
        changed("{fact: media.images}", "{attribute: camra, in: [dash]}"),
        ["13: rules[0].when.attribute: rule 'a-rule' asks about unknown 'camra'; did you mean 'camera'?"],
    ),
    (
        "an unknown value of an attribute",
        changed("{fact: media.images}", "{attribute: camera, in: [dash, body-worn]}"),
        ["13: rules[0].when.in[1]: rule 'a-rule' asks camera for unknown 'body-worn'; did you mean 'body_worn'?"],
    ),
    (
        "an unknown organisation",
        changed("{fact: media.images}", "{acts_for: {organization: [police]}}"),
        [
            (
                "13: rules[0].when.acts_for.organization[0]: rule 'a-rule' asks about unknown 'police'; valid: law_enforcement,"
                " police_department, private, public_safety_vendor, public_sector"
            )
        ],
    ),
    (
        "two kinds in one condition",
        changed("{fact: media.images}", "{fact: media.images, all: [{fact: media.faces}]}"),
        ["13: rules[0].when: a condition has exactly one of: fact, attribute, acts_for, all, any, none"],
    ),
    (
        "no kind in a condition",
        changed("{fact: media.images}", "{}"),
        ["13: rules[0].when: a condition has exactly one of: fact, attribute, acts_for, all, any, none"],
    ),
    (
        "an attribute without values",
        changed("{fact: media.images}", "{attribute: camera}"),
        ["13: rules[0].when: `attribute` and `in` go together"],
    ),
    (
        "values without an attribute",
        changed("{fact: media.images}", "{fact: media.images, in: [dash]}"),
        ["13: rules[0].when: `attribute` and `in` go together"],
    ),
    (
        "a score of an attribute",
        changed("{fact: media.images}", "{attribute: camera, in: [dash], min_score: 0.5}"),
        ["13: rules[0].when: `min_score` and `min_count` go with `fact`"],
    ),
    (
        "an empty list of conditions",
        changed("{fact: media.images}", "{any: []}"),
        ["13: rules[0].when: an empty list of conditions says nothing"],
    ),
    (
        "an unknown outcome",
        changed("outcome: block", "outcome: blok"),
        ["14: rules[0].outcome: unknown value 'blok'; did you mean 'block'?"],
    ),
    (
        "an outcome that does not exist yet",
        changed("outcome: block", "outcome: redact"),
        ["14: rules[0].outcome: unknown value 'redact'; valid: advise, allow, block, flag, review"],
    ),
    (
        "an unknown key",
        changed("    undetermined:", "    undetermind: flag\n    undetermined:"),
        ["15: rules[0]: unknown key 'undetermind'; did you mean 'undetermined'?"],
    ),
    ("a missing key", changed("    undetermined: review\n", ""), ["8: rules[0]: 'undetermined' is missing"]),
    (
        "an id with capitals",
        changed("a-rule", "A-rule"),
        ["8: rules[0].id: String should match pattern '^[a-z0-9][a-z0-9-]{1,62}$'"],
    ),
    ("an id twice", HEAD + RULE + RULE, ["17: rules[1].id: the rule id 'a-rule' is used twice"]),
    (
        "an unknown text status",
        changed("paraphrase", "paraphrased"),
        ["12: rules[0].text_status: unknown value 'paraphrased'; did you mean 'paraphrase'?"],
    ),
    (
        "an unknown lift",
        changed("    outcome:", "    lifts: {aproval: review}\n    outcome:"),
        ["14: rules[0].lifts: unknown key 'aproval'; did you mean 'approval'?"],
    ),
    (
        "no rule",
        HEAD.replace("rules:", "rules: []"),
        ["7: rules: Tuple should have at least 1 item after validation, not 0"],
    ),
    (
        "an end before the beginning",
        changed("rules:", "  effective_to: 2023-05-01\nrules:"),
        ["1: pack: `effective_to` lies before `effective_from`"],
    ),
    (
        "a digest that is none",
        changed("rules:", "  source_sha256: abc\nrules:"),
        ["7: pack.source_sha256: String should match pattern '^([0-9a-f]{64})?$'"],
    ),
    (
        "several at once, in the order of lines",
        changed("outcome: block", "outcome: blok").replace("version", "versin"),
        [
            "1: pack: 'version' is missing",
            "3: pack: unknown key 'versin'; did you mean 'version'?",
            "14: rules[0].outcome: unknown value 'blok'; did you mean 'block'?",
        ],
    ),
]


@pytest.mark.parametrize(("text", "problems"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_mistakes(tmp_path: Path, text: str, problems: list[str]) -> None:
    """Each mistake is told with its line and what is valid."""
    with pytest.raises(ConfigurationError) as error:
        load_pack(pack_of(tmp_path, text))
    assert error.value.problems == tuple(f"{tmp_path / 'policy.yaml'}:{problem}" for problem in problems)


FULL = """\
pack:
  name: test-pack
  version: "1"
  title: A test
  source: Nowhere
  source_url: https://example.com/
  effective_from: 2024-05-01
  effective_to: 2025-05-01
  review_by: 2026-05-01
rules:
  - id: a-rule
    clause: C03
    citation: somewhere
    text: some words
    text_status: paraphrase
    when:
      all:
        - {fact: media.faces, min_score: 0.5, min_count: 2}
        - any: [{attribute: camera, in: [dash]}, {attribute: country, in: [US]}, {attribute: use_case, in: [gate]}]
        - none: [{fact: media.audio}]
    exceptions:
      - acts_for: {organization: [private], country: [DE]}
    outcome: block
    undetermined: flag
    lifts: {approval: review, consent: advise}
    mode: shadow
    message: not permitted
    alternative: something else
"""


def test_a_pack_whole(tmp_path: Path) -> None:
    """Every field of the format arrives; exceptions join the condition."""
    when = All(
        (
            All(
                (
                    FactIs("media.faces", 0.5, 2),
                    AnyOf(
                        (
                            AttributeIn("camera", ("dash",)),
                            AttributeIn("country", ("US",)),
                            AttributeIn("use_case", ("gate",)),
                        )
                    ),
                    NoneOf((FactIs("media.audio"),)),
                )
            ),
            NoneOf((ActsFor(("private",), ("DE",)),)),
        )
    )
    rule = Rule(
        id="a-rule",
        clause="C03",
        citation="somewhere",
        text="some words",
        text_status="paraphrase",
        when=when,
        outcome=Outcome.BLOCK,
        undetermined=Outcome.FLAG,
        message="not permitted",
        alternative="something else",
        lifts=Lifts(Outcome.REVIEW, Outcome.ADVISE),
        mode=Mode.SHADOW,
        needs=frozenset({"media.faces"}),
        facts=("media.faces", "media.audio"),
    )
    assert load_pack(pack_of(tmp_path, FULL)) == Pack(
        "test-pack", "1", "A test", (rule,), "2024-05-01", "2025-05-01", "2026-05-01"
    )


EXCEPTIONS = [
    (Truth.TRUE, Truth.FALSE, Outcome.BLOCK),
    (Truth.TRUE, Truth.UNKNOWN, Outcome.REVIEW),
    (Truth.TRUE, Truth.TRUE, Outcome.ALLOW),
    (Truth.UNKNOWN, Truth.FALSE, Outcome.REVIEW),
    (Truth.UNKNOWN, Truth.UNKNOWN, Outcome.REVIEW),
    (Truth.UNKNOWN, Truth.TRUE, Outcome.ALLOW),
    (Truth.FALSE, Truth.FALSE, Outcome.ALLOW),
    (Truth.FALSE, Truth.UNKNOWN, Outcome.ALLOW),
    (Truth.FALSE, Truth.TRUE, Outcome.ALLOW),
]


@pytest.mark.parametrize(
    ("rule", "exception", "outcome"), EXCEPTIONS, ids=[f"{one.name}-{other.name}" for one, other, _ in EXCEPTIONS]
)
def test_exceptions_in_three_values(tmp_path: Path, rule: Truth, exception: Truth, outcome: Outcome) -> None:
    """An exception silences a rule only where it surely holds; where it may hold, the case is undetermined."""
    text = changed("    outcome:", "    exceptions: [{fact: media.audio}]\n    outcome:")
    policy = Policy((load_pack(pack_of(tmp_path, text)),), "r")
    found = evidence({"media.images": rule, "media.audio": exception})
    assert judge(policy, found, caller()).outcome is outcome


def test_one_exception_of_several_is_enough(tmp_path: Path) -> None:
    """Exceptions are alternatives."""
    text = changed("    outcome:", "    exceptions: [{fact: media.audio}, {fact: media.video}]\n    outcome:")
    policy = Policy((load_pack(pack_of(tmp_path, text)),), "r")
    found = evidence({"media.images": Truth.TRUE, "media.video": Truth.TRUE})
    assert judge(policy, found, caller()).outcome is Outcome.ALLOW


# ---- several packs


def two_packs(folder: Path) -> tuple[Path, Path]:
    for name, text in (
        ("one", HEAD + RULE),
        ("two", HEAD.replace("test-pack", "other") + RULE.replace("block", "flag")),
    ):
        (folder / name).mkdir()
        pack_of(folder / name, text)
    return folder / "one", folder / "two"


def test_several_packs_count_at_once(tmp_path: Path) -> None:
    """All rules are asked; the strictest of all packs wins, in whatever order the packs are named."""
    one, two = two_packs(tmp_path)
    for folders in ((one, two), (two, one)):
        policy = load_policy(folders)
        assert sorted(pack.id for pack in policy.packs) == ["other@1", "test-pack@1"]
        assert judge(policy, evidence({"media.images": Truth.TRUE}), caller()).outcome is Outcome.BLOCK


def test_mistakes_of_all_packs_are_told(tmp_path: Path) -> None:
    """One broken pack does not hide the mistakes of the next."""
    one, two = two_packs(tmp_path)
    pack_of(one, changed("outcome: block", "outcome: no"))
    (two / "policy.yaml").unlink()
    with pytest.raises(ConfigurationError) as error:
        load_policy([one, two])
    assert error.value.problems == (
        f"{one}/policy.yaml:14: rules[0].outcome: unknown value 'no'; valid: advise, allow, block, flag, review",
        f"{two}/policy.yaml:1: the file cannot be read: No such file or directory",
    )


def test_the_revision_tells_every_change(tmp_path: Path) -> None:
    """The same files have the same revision; any other byte has another."""
    one, two = two_packs(tmp_path)
    first = load_policy([one, two]).revision
    assert load_policy([one, two]).revision == first
    assert load_policy([one]).revision != first
    pack_of(two, (two / "policy.yaml").read_text(encoding="utf-8") + "# a remark\n")
    assert load_policy([one, two]).revision != first


# ---- the shipped pack


def test_the_shipped_pack_says_where_each_rule_comes_from() -> None:
    """Clauses, modes and lifts of the May 2024 pack, as a table."""
    pack = load_pack(PACK)
    lifts = {rule.id: rule.lifts for rule in pack.rules if rule.lifts != Lifts()}
    assert pack.id == "ms-aoai-coc@2024-05-01"
    assert [(rule.clause, rule.id, rule.outcome.value, rule.undetermined.value) for rule in pack.rules] == [
        ("C01", "us-police-fr", "block", "review"),
        ("C01", "us-police-fr-operations", "review", "flag"),
        ("C02", "le-fr-operations", "flag", "flag"),
        ("C02", "le-mobile-realtime-fr", "block", "review"),
        ("C03", "bio-identify-verify", "block", "review"),
        ("C04", "tracking-no-consent", "block", "review"),
        ("C04", "covert-surveillance", "block", "review"),
        ("C05", "emotion-inference", "block", "review"),
        ("C06", "sensitive-attribute-inference", "block", "review"),
        ("C07", "biometric-categorisation", "block", "review"),
        ("C10", "social-scoring", "block", "review"),
        ("C12", "consequential-decision", "advise", "allow"),
        ("C12", "police-recordings", "advise", "allow"),
        ("C02", "undeclared-law-enforcement", "flag", "allow"),
        ("C09", "criminality-profiling", "block", "review"),
        ("C08", "fr-database-scraping", "block", "review"),
    ]
    assert lifts == {
        "bio-identify-verify": Lifts(approval=Outcome.REVIEW),
        "tracking-no-consent": Lifts(consent=Outcome.ADVISE),
    }
    assert [rule.id for rule in pack.rules if rule.mode is Mode.SHADOW] == [
        "criminality-profiling",
        "fr-database-scraping",
    ]
