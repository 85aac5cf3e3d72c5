"""A policy as an ONNX graph. The graph is written node by node, so that no exporter of torch's versions is needed."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from mile_desktop.arrays import Float32Array
from mile_desktop.interchange.errors import InterchangeError
from mile_desktop.policies.checkpoint import PolicyNetwork
from mile_desktop.policies.limits import ACTION_LIMIT, NORMALISED_LIMIT
from mile_desktop.policies.networks import CategoricalMlp, GaussianMlp

_PRODUCER = "mile-desktop"
_OPSET, _IR_VERSION = 17, 8
"""Of 2022: old enough for the runtimes of robots, and every operator used here is in it."""
_OUTPUTS = ("action", "mean", "std")


def write_onnx(network: PolicyNetwork, about: Mapping[str, str], target: Path) -> None:
    """Write ``network`` to ``target``; ``about`` becomes the model's metadata.

    Raises ``InterchangeError`` where the package onnx is missing.
    """
    onnx = _onnx()
    graph = _Graph(onnx)
    if isinstance(network, CategoricalMlp):
        _categorical(graph, network)
    else:
        _gaussian(graph, network)
    made = onnx.helper.make_model(
        graph.finished(network),
        producer_name=_PRODUCER,
        ir_version=_IR_VERSION,
        opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
    )
    onnx.helper.set_model_props(made, dict(about))
    # Before the file is written: a graph that a runtime would refuse must not replace an earlier export.
    onnx.checker.check_model(made)
    target.write_bytes(made.SerializeToString())


def is_onnx_policy(path: Path) -> bool:
    """Return whether this program wrote ``path``."""
    try:
        found: str = _onnx().load_model_from_string(path.read_bytes()).producer_name
    except Exception:  # noqa: BLE001 - protobuf's own errors, of whatever version: the file is something else
        return False
    return found == _PRODUCER


def compute_onnx(path: Path, observations: Float32Array) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Compute ``observations`` (float32[N, n]) with ONNX's own reference implementation."""
    _onnx()
    from onnx.reference import ReferenceEvaluator  # noqa: PLC0415 - an optional package

    computed = ReferenceEvaluator(str(path)).run(list(_OUTPUTS), {"observation": observations})
    action, mean, std = (np.asarray(each, np.float32) for each in computed)
    return action, mean, std


def _onnx() -> Any:  # noqa: ANN401 - an optional package
    try:
        import onnx  # noqa: PLC0415 - an optional package
        import onnx.checker  # noqa: PLC0415
        import onnx.helper  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise InterchangeError(
            "The package onnx is not installed; install it with `pip install 'mile-desktop[onnx]'` and export again."
        ) from error
    return onnx


class _Graph:
    """Collects nodes and constants; a value is known by its name."""

    def __init__(self, onnx: Any) -> None:  # noqa: ANN401 - an optional package
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, values: object, kind: type[np.generic] = np.float32) -> str:
        """Return the name of a constant."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(self._onnx.numpy_helper.from_array(np.array(values, kind), name))
        return name

    def node(self, operator: str, *inputs: str, output: str = "", **attributes: object) -> str:
        """Return the name of the one output of a new node."""
        name = output or f"value_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def linear(self, layer: nn.Linear, value: str) -> str:
        """Return weight · value + bias."""
        # torch keeps a weight as [out, in], so the product needs it transposed.
        weight, bias = (self.constant(each.detach().numpy()) for each in (layer.weight, layer.bias))
        return self.node("Gemm", value, weight, bias, transB=1)

    def clipped(self, value: str, low: float, high: float, output: str = "") -> str:
        """Return ``value`` within bounds."""
        return self.node("Clip", value, self.constant(low), self.constant(high), output=output)

    def finished(self, network: PolicyNetwork) -> Any:  # noqa: ANN401 - a graph of an optional package
        """Return the graph."""
        helper, kind = self._onnx.helper, self._onnx.TensorProto.FLOAT
        given = helper.make_tensor_value_info("observation", kind, ["N", network.observation_size])
        made = [helper.make_tensor_value_info(name, kind, ["N", network.action_size]) for name in _OUTPUTS]
        return helper.make_graph(self._nodes, "policy", [given], made, self._constants)


def _features(graph: _Graph, network: PolicyNetwork) -> str:
    value = graph.node("Sub", "observation", graph.constant(network.observation_offset.numpy()))
    value = graph.node("Div", value, graph.constant(network.observation_scale.numpy()))
    # As in the network itself: without the limit, an observation far from the recorded ones gives other actions here.
    value = graph.clipped(value, -NORMALISED_LIMIT, NORMALISED_LIMIT)
    for layer in network.trunk:
        if isinstance(layer, nn.Linear):
            value = graph.linear(layer, value)
        else:
            value = graph.node("Relu" if network.activation == "relu" else "Tanh", value)
    return value


def _gaussian(graph: _Graph, network: GaussianMlp) -> None:
    features = _features(graph, network)
    mean = graph.linear(network.mean_head, features)
    if network.squashed:
        mean = graph.node("Tanh", mean)
    graph.clipped(mean, -ACTION_LIMIT, ACTION_LIMIT, output="mean")
    graph.node("Identity", "mean", output="action")
    # As ``GaussianMlp``: σ moves between its limits on a logarithmic scale; the clip only removes rounding errors.
    low, high = math.log(network.std_floor), math.log(network.std_ceiling)
    share = graph.node("Sigmoid", graph.linear(network.spread_head, features))
    exponent = graph.node("Add", graph.node("Mul", share, graph.constant(high - low)), graph.constant(low))
    graph.clipped(graph.node("Exp", exponent), network.std_floor, network.std_ceiling, output="std")


def _categorical(graph: _Graph, network: CategoricalMlp) -> None:
    logits = graph.linear(network.logit_head, _features(graph, network))
    mean = graph.node("Softmax", logits, output="mean", axis=-1)
    # The most probable choice as one-hot vector, because actions of discrete scenes are one-hot everywhere here.
    choice = graph.node("ArgMax", mean, axis=-1, keepdims=0)
    depth, values = graph.constant(network.action_size, np.int64), graph.constant([0.0, 1.0])
    graph.node("OneHot", choice, depth, values, output="action", axis=-1)
    rest = graph.node("Sub", graph.constant(1.0), mean)
    variance = graph.node("Mul", mean, rest)
    # never 0, as in ``CategoricalPolicy``
    graph.node("Sqrt", graph.node("Max", variance, graph.constant(np.finfo(np.float32).eps)), output="std")
