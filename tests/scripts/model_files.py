"""Models as the conversion tool for Oracle writes them: their one input is called ``input``.

The demo's call it ``data``; loading without metadata expects the other name. An ONNX file is one protobuf message;
only the strings that name the input are written anew. Source of the field numbers: onnx.proto of the ONNX project.
"""

from __future__ import annotations

from collections.abc import Iterator

#: Fields on the way to names of values: model.graph, graph.node, node.input, graph.input, its name.
_GRAPH, _NODE, _NODE_INPUT, _GRAPH_INPUT, _VALUE_NAME = 7, 1, 1, 11, 1
_LENGTH_DELIMITED = 2


def with_input(model: bytes, name: str) -> bytes:
    """Return a model whose one input is called ``name``."""
    graph = next(value for field, _wire, value in _fields(model) if field == _GRAPH)
    described = next(value for field, _wire, value in _fields(graph) if field == _GRAPH_INPUT)
    old = next(value for field, _wire, value in _fields(described) if field == _VALUE_NAME)
    new = name.encode()

    def renamed(message: bytes, at: int) -> bytes:
        return _message((f, w, new if f == at and v == old else v) for f, w, v in _fields(message))

    def in_graph(field: int, wire: int, value: bytes) -> tuple[int, int, bytes]:
        if field == _NODE:
            return field, wire, renamed(value, _NODE_INPUT)
        return field, wire, renamed(value, _VALUE_NAME) if field == _GRAPH_INPUT else value

    graph = _message(in_graph(*each) for each in _fields(graph))
    return _message((f, w, graph if f == _GRAPH else v) for f, w, v in _fields(model))


def _fields(message: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield number, wire type and raw contents of each field."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        start = at
        if tag & 7 == _LENGTH_DELIMITED:
            length, start = _varint(message, at)
            at = start + length
        elif tag & 7 == 0:
            at = _varint(message, at)[1]
        else:
            at += 8 if tag & 7 == 1 else 4
        yield tag >> 3, tag & 7, message[start:at]


def _message(fields: Iterator[tuple[int, int, bytes]]) -> bytes:
    parts = []
    for field, wire, value in fields:
        parts.append(_encoded(field << 3 | wire))
        if wire == _LENGTH_DELIMITED:
            parts.append(_encoded(len(value)))
        parts.append(value)
    return b"".join(parts)


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _encoded(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
