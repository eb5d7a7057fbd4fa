"""`make train`: from templates to the files of the semantic layer. One thread, fixed seeds: the same inputs give the same files.

Writes into `proxy/examine/semantic/data/` the encoder (only where it is missing, or with `--encoder`), the head, and a card with
the origin, the digests of all inputs and outputs and the operating points.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import encoder
import generate
import numpy as np
import numpy.typing as npt
import onnx
from scipy import sparse
from scipy.optimize import minimize
from scipy.sparse import linalg

from proxy.examine.normalise import canonical, fold
from proxy.examine.semantic.encoder import WIDTH, Encoder
from proxy.examine.semantic.head import LABELS
from proxy.examine.semantic.ngrams import BUCKETS, buckets, short_buckets
from proxy.examine.semantic.scorer import CARD, DATA

HERE: Final = Path(__file__).resolve().parent

CLASSES: Final = (generate.NONE, *LABELS)
FILES: Final = ("pieces.model", "table.npy", "scales.npy", "encoder.onnx", "runs.npy", "head.npz", "head.onnx")
LOOK: Final = 16
"""Numbers that stand for how a text looks, beside those of what it means."""

HIDDEN: Final = 256
EPOCHS: Final = 6
BATCH: Final = 512
RATE: Final = 2e-3
GAIN: Final = 5.66
"""By which a vector's numbers are multiplied: of unit length, they are some 0.04 each."""

NO_LOOK: Final = 0.15
NO_VECTOR: Final = 0.3
"""Shares of sentences that are shown without the one or the other half, so that neither is relied upon alone."""

DROPPED: Final = 0.3
SMOOTHED: Final = 0.05
ORDINARY: Final = 3.0
"""How much more an ordinary sentence counts."""

USUAL: Final = 14
HEAVIEST: Final = 3.0
"""A sentence counts more where its template gave fewer than the usual number, up to so much more."""

FOLDS: Final = 8
"""One template in so many is kept from a first training, on whose sentences scores are calibrated and points chosen."""

CERTAIN: Final = 0.97
POSSIBLE: Final = 0.93
"""Scores from which a fact is true, and from which it is unknown: of ordinary prompts of sorts not learnt from, one to three in a
hundred are then taken for something else (docs/detection.md)."""

QUICK_RECALL: Final = 0.95
DAMPED: Final = 0.0005

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Data:
    """Sentences as the head sees them."""

    vectors: Floats
    looks: Any
    quick: Any
    labels: npt.NDArray[np.int64]
    langs: Sequence[str]
    fold: npt.NDArray[np.int64]
    weights: Floats

    def where(self, rows: npt.NDArray[Any]) -> "Data":
        """The same, of some rows."""
        langs = [self.langs[row] for row in np.arange(len(self.labels))[rows]]
        return Data(
            self.vectors[rows],
            self.looks[rows],
            self.quick[rows],
            self.labels[rows],
            langs,
            self.fold[rows],
            self.weights[rows],
        )


class Reader:
    """The encoder, and what it read before: kept in a file, so that a second training need not wait for it."""

    def __init__(self, folder: Path) -> None:
        self._encoder = Encoder(DATA)
        self._path = folder / f"vectors-{sha256((DATA / 'encoder.onnx').read_bytes()).hexdigest()[:12]}.npz"
        self._rows: dict[bytes, int] = {}
        self._known = np.empty((0, WIDTH), np.float16)
        if self._path.exists():
            with np.load(self._path, allow_pickle=False) as kept:
                self._known = kept["vectors"]
                self._rows = {bytes(key): row for row, key in enumerate(kept["keys"])}

    def __call__(self, texts: Sequence[str]) -> Floats:
        """The vectors of texts, in 16 bits, whether they were read before or not."""
        keys = [sha256(text.encode("utf-8", "replace")).digest()[:16] for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._rows}
        order = sorted(new, key=lambda key: (len(new[key]), key))
        found = np.empty((len(order), WIDTH), np.float16)
        for start in range(0, len(order), 48):
            found[start : start + 48] = self._encoder.vectors([new[key] for key in order[start : start + 48]])
        self._rows.update({key: len(self._known) + row for row, key in enumerate(order)})
        self._known = np.concatenate((self._known, found))
        return self._known[[self._rows[key] for key in keys]].astype(np.float32)

    def keep(self) -> None:
        """Write what was read."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        keys = np.array([list(key) for key in self._rows], np.uint8)
        np.savez(self._path, vectors=self._known, keys=keys)


def data_of(examples: Sequence[generate.Example], reader: Callable[[Sequence[str]], Floats]) -> Data:
    """Read examples by encoder and hashes."""
    folded = [fold(one.text) for one in examples]
    vectors = reader(folded)
    plain = list(map(canonical, folded))
    labels = np.array([CLASSES.index(one.label) for one in examples])
    folds = np.array([sha256(one.template.encode()).digest()[0] % FOLDS for one in examples])
    looks, quick = _counted(map(buckets, plain), 0.5), _counted(map(short_buckets, plain), 1.0)
    return Data(vectors, looks, quick, labels, [one.lang for one in examples], folds, weights_of(examples))


def weights_of(examples: Sequence[generate.Example]) -> Floats:
    """How much each sentence counts."""
    given = Counter((one.lang, one.template) for one in examples)
    counts = np.array([given[one.lang, one.template] for one in examples])
    ordinary = np.array([one.label == generate.NONE for one in examples])
    weights = np.clip(np.sqrt(USUAL / counts), 1, HEAVIEST) * np.where(ordinary, ORDINARY, 1.0)
    return weights.astype(np.float32)


def _counted(rows: Iterator[npt.NDArray[np.uint32]], power: float) -> Any:
    """A sparse matrix of how often each bucket occurs, over the count of all to a power."""
    found = list(rows)
    counts = np.array(list(map(len, found)))
    weights = np.repeat(np.maximum(counts, 1).astype(np.float32) ** -power, counts)
    ends = np.concatenate(([0], np.cumsum(counts)))
    matrix = sparse.csr_matrix((weights, np.concatenate(found).astype(np.int32), ends), (len(found), BUCKETS))
    matrix.sum_duplicates()
    return matrix


class Adam:
    """Kingma and Ba, 2014; steps fall to nothing at the end."""

    def __init__(self, weights: Sequence[Floats], steps: int) -> None:
        self._weights, self._steps, self._step = weights, steps, 0
        self._means = [np.zeros_like(one) for one in weights]
        self._squares = [np.zeros_like(one) for one in weights]

    def step(self, slopes: Sequence[Floats]) -> None:
        """Move all weights once."""
        self._step += 1
        rate = RATE * min(1.0, self._step / 100) * max(0.0, 1 - self._step / self._steps)
        for number, slope in enumerate(slopes):
            self._means[number] += 0.1 * (slope - self._means[number])
            self._squares[number] += 0.02 * (slope * slope - self._squares[number])
            mean, square = self._means[number] / (1 - 0.9**self._step), self._squares[number] / (1 - 0.98**self._step)
            self._weights[number][...] -= rate * mean / (np.sqrt(square) + 1e-8)


@dataclass(slots=True)
class Weights:
    """What is learnt."""

    runs: Floats
    vectors: Floats
    mixed: Floats
    bias: Floats
    out: Floats
    out_bias: Floats

    def listed(self) -> list[Floats]:
        """All of them, in order."""
        return [self.runs, self.vectors, self.mixed, self.bias, self.out, self.out_bias]

    def logits(self, data: Data) -> Floats:
        """What the head says of sentences."""
        hidden = np.maximum(data.vectors * GAIN @ self.vectors + (data.looks @ self.runs) @ self.mixed + self.bias, 0)
        logits: Floats = hidden @ self.out + self.out_bias
        return logits


def train(data: Data, seed: int) -> Weights:
    """Learn the head."""
    chance = np.random.default_rng(seed)

    def drawn(*shape: int) -> Floats:
        return (chance.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32)

    learnt = Weights(
        np.zeros((BUCKETS, LOOK), np.float32),
        drawn(WIDTH, HIDDEN),
        drawn(LOOK, HIDDEN),
        np.zeros(HIDDEN, np.float32),
        drawn(HIDDEN, len(CLASSES)),
        np.zeros(len(CLASSES), np.float32),
    )
    rounds = len(data.labels) // BATCH
    adam = Adam(learnt.listed(), EPOCHS * rounds)
    for _ in range(EPOCHS):
        order = chance.permutation(len(data.labels))
        for number in range(rounds):
            rows = order[number * BATCH : (number + 1) * BATCH]
            adam.step(
                _slopes(learnt, (data.vectors[rows], data.looks[rows], data.labels[rows], data.weights[rows]), chance)
            )
    return learnt


def _slopes(
    learnt: Weights, batch: tuple[Floats, Any, npt.NDArray[np.int64], Floats], chance: np.random.Generator
) -> list[Floats]:
    vectors, looks, labels, weights = batch
    size = len(labels)
    meant = vectors * GAIN * (chance.random((size, 1)) > NO_LOOK)
    shown = (chance.random((size, 1)) > NO_VECTOR).astype(np.float32)
    look = (looks @ learnt.runs) * shown
    before = meant @ learnt.vectors + look @ learnt.mixed + learnt.bias
    kept = ((chance.random(before.shape) > DROPPED) / (1 - DROPPED)).astype(np.float32)
    hidden = np.maximum(before, 0) * kept
    logits = hidden @ learnt.out + learnt.out_bias
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    wanted = np.full_like(chances, SMOOTHED / len(CLASSES))
    wanted[np.arange(size), labels] += 1 - SMOOTHED
    slope = (chances - wanted) * weights[:, None] / size
    back = (slope @ learnt.out.T) * kept * (before > 0)
    runs = looks.T @ ((back @ learnt.mixed.T) * shown)
    return [
        np.asarray(runs, np.float32),
        meant.T @ back,
        look.T @ back,
        back.sum(axis=0),
        hidden.T @ slope,
        slope.sum(axis=0),
    ]


def fitted(learnt: Weights, checked: Data) -> tuple[float, float]:
    """By how much to stretch logits and to shift that of nothing, so that chances are right on sentences not learnt from.

    Half of the sentences are taken to be ordinary, whatever the share in `checked` is.
    """
    logits = learnt.logits(checked).astype(np.float64)
    ordinary = checked.labels == 0
    weight = np.where(ordinary, 0.5 / ordinary.mean(), 0.5 / (1 - ordinary.mean()))
    found = minimize(_surprise, (1.0, 0.0), (logits, ordinary, weight), method="Nelder-Mead")
    return float(found.x[0]), float(found.x[1])


def stretched(learnt: Weights, stretch: float, shift: float) -> Weights:
    """The same, with logits stretched and that of nothing shifted."""
    out, out_bias = learnt.out * np.float32(stretch), learnt.out_bias * np.float32(stretch)
    out_bias[0] += np.float32(shift)
    return replace(learnt, out=out, out_bias=out_bias)


def _surprise(fit: npt.NDArray[np.float64], logits: Any, ordinary: Any, weight: Any) -> float:
    asked = _asked(logits * fit[0] + np.concatenate(([fit[1]], np.zeros(len(LABELS)))))
    asked = np.clip(asked, 1e-6, 1 - 1e-6)
    return float(-(weight * np.where(ordinary, np.log1p(-asked), np.log(asked))).mean())


def _asked(logits: Any) -> Any:
    """The chance that anything is asked for."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return 1 - powers[:, 0] / powers.sum(axis=1)


def quick_weights(data: Data) -> Floats:
    """Weights of the quick look: a linear model over short buckets, by damped least squares."""
    aim = np.where(data.labels == 0, -1.0, 1.0) * np.where(data.labels == 0, 1.4, 1.0)
    scaled = sparse.diags(np.where(data.labels == 0, 1.4, 1.0)) @ data.quick
    return np.asarray(linalg.lsqr(scaled, aim, damp=DAMPED * np.sqrt(len(aim)), iter_lim=40)[0], np.float32)


def point(scores: npt.NDArray[Any], share: float) -> float:
    """The score that no more than a share of these reach."""
    return float(np.quantile(scores, 1 - share))


def figures(name: str, asked: npt.NDArray[Any], labels: npt.NDArray[Any], points: Sequence[float]) -> dict[str, Any]:
    """Recall and false alarms at some scores."""
    wanted = labels > 0
    return {
        "sentences": name,
        "asking": int(wanted.sum()),
        "ordinary": int((~wanted).sum()),
        "points": [
            {
                "score": round(float(one), 4),
                "recall": round(float((asked[wanted] >= one).mean()), 4) if wanted.any() else None,
                "alarms": round(float((asked[~wanted] >= one).mean()), 4) if (~wanted).any() else None,
            }
            for one in points
        ],
    }


def save(learnt: Weights, quick: Floats) -> None:
    """Write `runs.npy`, `head.npz` and `head.onnx`: the runs and the quick weights in 8 bits."""
    scale = np.abs(learnt.runs).max(axis=0) / 127
    np.save(DATA / "runs.npy", np.round(learnt.runs / np.maximum(scale, 1e-12)).astype(np.int8))
    quick_scale = float(np.quantile(np.abs(quick[quick != 0]), 0.999)) / 127
    quick_bytes = np.clip(np.round(quick / quick_scale), -127, 127).astype(np.int8)
    np.savez(DATA / "head.npz", runs_scale=scale.astype(np.float32), quick=quick_bytes)
    weights = {
        "vectors_in": learnt.vectors * np.float32(GAIN),
        "looks_in": learnt.mixed,
        "bias": learnt.bias,
        "out": learnt.out,
        "out_bias": learnt.out_bias,
    }
    onnx.save(encoder.head_graph_of(weights), DATA / "head.onnx")


def digests(folder: Path, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Digest and size of some files."""
    return {
        name: {"sha256": sha256((folder / name).read_bytes()).hexdigest(), "bytes": (folder / name).stat().st_size}
        for name in names
    }


def _card(
    options: argparse.Namespace, paths: Sequence[Path], made: Sequence[generate.Example], card: dict[str, Any]
) -> None:
    inputs = [*paths, HERE / "generate.py", HERE / "train.py", HERE / "encoder.py"]
    whole = {
        **card,
        "files": digests(DATA, FILES),
        "inputs": {path.name: sha256(path.read_bytes()).hexdigest() for path in inputs},
        "encoder": {"origin": encoder.origin(), "licence": "Apache-2.0", "source": encoder.digests()},
        "seed": options.seed,
        "sentences": {lang: sum(one.lang == lang for one in made) for lang in sorted({one.lang for one in made})},
        "versions": {name: version(name) for name in ("numpy", "onnxruntime", "scipy", "sentencepiece")},
    }
    (DATA / CARD).write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _tell(text: str, begun: float) -> None:
    sys.stderr.write(f"{time.monotonic() - begun:6.0f} s  {text}\n")


def main() -> None:
    """Train, write, and tell the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", action="store_true", help="write the encoder anew from its package")
    parser.add_argument("--kept", type=Path, default=Path("var/training"), help="folder for what can be used again")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begun = time.monotonic()
    DATA.mkdir(exist_ok=True)
    if options.encoder or not (DATA / "encoder.onnx").exists():
        encoder.write(DATA)
    paths = sorted(HERE.glob("*.yaml"))
    files = [generate.load(path) for path in paths]
    reader = Reader(options.kept)
    made = [one for file in files for one in generate.examples(file, options.seed)]
    data = data_of(made, reader)
    away = data_of([one for file in files for one in generate.heldout(file)], reader)
    reader.keep()
    _tell(f"{len(made)} sentences in {len(set(data.langs))} languages are read", begun)
    checked = data.where(data.fold == 0)
    first = train(data.where(data.fold != 0), options.seed)
    stretch, shift = fitted(first, checked)
    asked = _asked(stretched(first, stretch, shift).logits(checked))
    points = [CERTAIN, POSSIBLE]
    _tell(f"stretch {stretch:.3f}, shift {shift:.3f}", begun)
    quick = quick_weights(data.where(data.fold != 0))
    final = stretched(train(data, options.seed), stretch, shift)
    save(final, quick)
    looks = checked.quick @ np.load(DATA / "head.npz")["quick"].astype(np.float32)
    least = point(looks[checked.labels > 0], QUICK_RECALL)
    curve = [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995]
    figured = [
        figures("of templates not learnt from", asked, checked.labels, [*points, *curve]),
        figures("of held-out families", _asked(final.logits(away)), away.labels, [*points, *curve]),
    ]
    card = {
        "certain": round(points[0], 4),
        "possible": round(points[1], 4),
        "quick_look": round(least, 4),
        "figures": figured,
    }
    card["quick_look_passes"] = {
        "asking": round(float((looks[checked.labels > 0] >= least).mean()), 4),
        "ordinary": round(float((looks[checked.labels == 0] >= least).mean()), 4),
    }
    _card(options, paths, made, card)
    _tell(json.dumps(card), begun)


if __name__ == "__main__":
    main()
