"""The model's 4-bit weights to 8 bits, in memory, when it is loaded.

The runtime unpacks 4-bit weights to floats for every product; 8-bit ones go straight into the
processor's integer instructions: 12,000 tokens a second on one core instead of 5,600, with the
same answer for every token of a test. The file on disk stays the publisher's own.

ONNX is protobuf; what is needed of it here (reading fields, writing fields) is short enough not to
need a library. The bytes are trusted: the caller has checked their SHA-256.

The runtime multiplies unsigned activations with signed weights. Where a processor has no
instruction for that (VNNI), it adds pairs of products in 16 bits, which overflow and stay at the
largest number: other answers than elsewhere (``docs/decisions/0054-same-answers-everywhere.md``).
Weights without a sign go another way there, a little slower and without loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

_VARINT, _BYTES = 0, 2
_WIDTHS: Final = {1: 8, 5: 4}
_MORE, _LOW = 0x80, 0x7F
# Field numbers of onnx.proto.
_MODEL_GRAPH: Final = 7
_GRAPH_NODE, _GRAPH_INITIALIZER = 1, 5
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_OP, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 3, 4, 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_INT = 1, 3
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 8, 9
_FLOAT, _UINT8, _INT8 = 1, 2, 3
_MIDDLE: Final = 128
"""What a weight of nought is written as without a sign."""
_FOUR_BIT: Final = b"MatMulNBits"
_ZERO: Final = 8
"""What a 4-bit weight of nought is written as, when the file doesn't say."""


class _Field(NamedTuple):
    number: int
    value: int | bytes
    raw: bytes


class _Product(NamedTuple):
    """One product with 4-bit weights."""

    inputs: list[str]
    output: bytes
    rows: int
    columns: int
    block: int


def to_int8(model: bytes, *, signed: bool) -> bytes:
    """The same model with 8-bit weights, one scale a column.

    Args:
        model: An ONNX file whose products are ``MatMulNBits`` of 4 bits.
        signed: Whether weights have a sign; the answers are the same where the processor has VNNI.
    """
    graph = next(_bytes(f) for f in _fields(model) if f.number == _MODEL_GRAPH)
    changed = _length(_MODEL_GRAPH, _convert(graph, signed=signed))
    return b"".join(changed if f.number == _MODEL_GRAPH else f.raw for f in _fields(model))


def _convert(graph: bytes, *, signed: bool) -> bytes:
    fields = list(_fields(graph))
    tensors = {_name(_bytes(f)): _bytes(f) for f in fields if f.number == _GRAPH_INITIALIZER}
    nodes: list[bytes] = []
    made: list[bytes] = []
    spent: set[str] = set()
    for field in fields:
        if field.number != _GRAPH_NODE:
            continue
        product = _product(_bytes(field))
        if product is None:
            nodes.append(field.raw)
            continue
        spent.update(product.inputs[1:])
        node, weights = _rewritten(product, tensors, signed=signed)
        nodes.append(_length(_GRAPH_NODE, node))
        made += (_length(_GRAPH_INITIALIZER, tensor) for tensor in weights)
    rest = [
        f.raw
        for f in fields
        if f.number != _GRAPH_NODE
        and not (f.number == _GRAPH_INITIALIZER and _name(_bytes(f)) in spent)
    ]
    return b"".join([*nodes, *rest, *made])


def _product(node: bytes) -> _Product | None:
    fields = list(_fields(node))
    if not any(f.number == _NODE_OP and f.value == _FOUR_BIT for f in fields):
        return None
    sizes: dict[bytes, int] = {}
    for field in fields:
        if field.number == _NODE_ATTRIBUTE:
            parts = {f.number: f.value for f in _fields(_bytes(field))}
            name, value = parts.get(_ATTRIBUTE_NAME), parts.get(_ATTRIBUTE_INT)
            if isinstance(name, bytes) and isinstance(value, int):
                sizes[name] = value
    inputs = [_bytes(f).decode() for f in fields if f.number == _NODE_INPUT]
    output = next(_bytes(f) for f in fields if f.number == _NODE_OUTPUT)
    return _Product(inputs, output, sizes[b"K"], sizes[b"N"], sizes[b"block_size"])


def _rewritten(
    product: _Product, tensors: dict[str, bytes], *, signed: bool
) -> tuple[bytes, list[bytes]]:
    weights = _weights(product, tensors)
    scales = (np.abs(weights).max(axis=0) / 127).astype(np.float32)
    scales[scales == 0] = 1
    small = np.round(weights / scales)
    base = product.inputs[1]
    names = [f"{base}_{part}" for part in ("i8", "scale", "zero")]
    node = b"".join(
        [_length(_NODE_INPUT, name.encode()) for name in (product.inputs[0], *names)]
        + [
            _length(_NODE_OUTPUT, product.output),
            _length(_NODE_NAME, f"{base}_product".encode()),
            _length(_NODE_OP, b"DynamicQuantizeMatMul"),
            _length(_NODE_DOMAIN, b"com.microsoft"),
        ]
    )
    middle = np.full(product.columns, 0 if signed else _MIDDLE)
    form, kind = (np.int8, _INT8) if signed else (np.uint8, _UINT8)
    written = [
        ((part + shift).astype(form), kind) for part, shift in ((small, middle), (middle, 0))
    ]
    kinds = (written[0], (scales, _FLOAT), written[1])
    return node, [_tensor(n, a, kind) for n, (a, kind) in zip(names, kinds, strict=True)]


def _weights(product: _Product, tensors: dict[str, bytes]) -> npt.NDArray[np.float32]:
    """The weights as floats, a row an input."""
    blocks = product.rows // product.block
    packed = np.frombuffer(_raw(tensors[product.inputs[1]]), np.uint8)
    weights = _halves(packed.reshape(product.columns, blocks, product.block // 2))
    scales = np.frombuffer(_raw(tensors[product.inputs[2]]), np.float32)
    zero: npt.NDArray[np.float32] | int = _ZERO
    if len(product.inputs) > 3 and product.inputs[3]:  # noqa: PLR2004 - the fourth input is optional
        written = np.frombuffer(_raw(tensors[product.inputs[3]]), np.uint8)
        zero = _halves(written.reshape(product.columns, -1))[:, :blocks, None]
    weights = (weights - zero) * scales.reshape(product.columns, blocks, 1)
    return np.ascontiguousarray(weights.reshape(product.columns, product.rows).T)


def _halves(packed: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Two numbers a byte, the low half first, along the last axis."""
    out = np.empty((*packed.shape[:-1], packed.shape[-1] * 2), np.float32)
    out[..., 0::2] = packed & 15
    out[..., 1::2] = packed >> 4
    return out


def _fields(data: bytes) -> Iterator[_Field]:
    place = 0
    while place < len(data):
        begin = place
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        value: int | bytes
        if kind == _VARINT:
            value, place = _varint(data, place)
        else:
            size, place = _varint(data, place) if kind == _BYTES else (_WIDTHS[kind], place)
            value, place = data[place : place + size], place + size
        yield _Field(number, value, data[begin:place])


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & _LOW) << shift
        shift += 7
        if byte < _MORE:
            return value, place


def _bytes(field: _Field) -> bytes:
    if isinstance(field.value, int):
        raise TypeError("a number where ONNX has bytes")
    return field.value


def _name(tensor: bytes) -> str:
    return next(_bytes(f).decode() for f in _fields(tensor) if f.number == _TENSOR_NAME)


def _raw(tensor: bytes) -> bytes:
    return next(_bytes(f) for f in _fields(tensor) if f.number == _TENSOR_RAW)


def _tensor(name: str, values: npt.NDArray[np.generic], kind: int) -> bytes:
    sizes = b"".join(_number(_TENSOR_DIMS, size) for size in values.shape)
    head = sizes + _number(_TENSOR_TYPE, kind) + _length(_TENSOR_NAME, name.encode())
    return head + _length(_TENSOR_RAW, values.tobytes())


def _number(field: int, value: int) -> bytes:
    return _written(field << 3 | _VARINT) + _written(value)


def _length(field: int, value: bytes) -> bytes:
    return _written(field << 3 | _BYTES) + _written(len(value)) + value


def _written(value: int) -> bytes:
    out = bytearray()
    while value > _LOW:
        out.append(value & _LOW | _MORE)
        value >>= 7
    out.append(value)
    return bytes(out)
