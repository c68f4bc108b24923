"""A child process of an instance that runs ONNX models: ``python -m emulator.inference_process``.

Requests come in on standard input, answers go out on standard output: a frame is two 32-bit lengths, a JSON header,
raw bytes.
It ends when its input ends, and with its parent.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import struct
import sys
from typing import Any, BinaryIO

import numpy as np

_FRAME = struct.Struct(">II")
#: prctl(PR_SET_PDEATHSIG): be killed when the parent dies, also in the middle of a decoder's endless loop. Source:
#: prctl(2).
_PR_SET_PDEATHSIG = 1


def make_frame(header: dict[str, Any], body: bytes = b"") -> bytes:
    """Return one frame."""
    text = json.dumps(header).encode()
    return _FRAME.pack(len(text), len(body)) + text + body


def write_answer(stream: BinaryIO, header: dict[str, Any], body: bytes = b"") -> None:
    """Write an answer."""
    stream.write(make_frame(header, body))
    stream.flush()


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read one frame; None at the end of the stream."""
    head = stream.read(_FRAME.size)
    if len(head) < _FRAME.size:
        return None
    header_bytes, body_bytes = _FRAME.unpack(head)
    text, body = stream.read(header_bytes), stream.read(body_bytes)
    if len(text) < header_bytes or len(body) < body_bytes:
        return None
    header: dict[str, Any] = json.loads(text)
    return header, body


class _Models:
    """The models that this process has loaded."""

    def __init__(self) -> None:
        # Else the runtime keeps a device id in the home directory and reports its use. Source: seen, onnxruntime 1.32.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime  # noqa: PLC0415 - heavy; only this process needs it
        import onnxruntime_extensions  # noqa: PLC0415

        self._runtime = onnxruntime
        self._options = onnxruntime.SessionOptions()
        self._options.intra_op_num_threads = 1
        self._options.inter_op_num_threads = 1
        self._options.log_severity_level = 4
        self._options.register_custom_ops_library(onnxruntime_extensions.get_library_path())
        self._sessions: dict[str, Any] = {}

    def open(self, data: bytes) -> Any:  # noqa: ANN401 - an InferenceSession
        return self._runtime.InferenceSession(data, self._options, providers=["CPUExecutionProvider"])

    def load(self, key: str, data: bytes) -> None:
        self._sessions[key] = self.open(data)

    def run(self, key: str, kind: str, input_name: str, body: bytes) -> np.ndarray[Any, np.dtype[Any]] | None:
        session = self._sessions.get(key)
        if session is None:
            return None
        if kind == "picture":
            from emulator.picture_guard import clean_picture  # noqa: PLC0415 - a text model needs no Pillow

            value: Any = np.frombuffer(clean_picture(body), dtype=np.uint8)
        else:
            value = np.array([body.decode()], dtype=object)
        output = session.run(None, {input_name: value})[0]
        return np.asarray(output, dtype=np.float32).reshape(-1)


def inspect(models: _Models, data: bytes) -> dict[str, Any]:
    """Say what a model takes and gives."""
    session = models.open(data)
    return {
        "inputs": [{"name": item.name, "type": item.type, "shape": list(item.shape)} for item in session.get_inputs()],
        "outputs": [
            {"name": item.name, "type": item.type, "shape": list(item.shape)} for item in session.get_outputs()
        ],
    }


def main() -> None:
    """Answer requests until there are no more."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not get between the frames
    models = _Models()
    write_answer(answers, {"ready": True})
    while (request := read_frame(requests)) is not None:
        header, body = request
        try:
            if header["do"] == "load":
                models.load(header["key"], body)
                write_answer(answers, {"ok": True})
            elif header["do"] == "inspect":
                write_answer(answers, {"ok": True, **inspect(models, body)})
            else:
                vector = models.run(header["key"], header["kind"], header["input"], body)
                if vector is None:
                    write_answer(answers, {"ok": False, "missing": True})
                else:
                    write_answer(answers, {"ok": True}, vector.tobytes())
        except Exception as error:  # noqa: BLE001 - whatever a model or a picture does is an answer, not an end
            write_answer(answers, {"ok": False, "error": (str(error) or type(error).__name__)[:500]})


if __name__ == "__main__":
    main()
