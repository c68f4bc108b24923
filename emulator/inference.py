"""Runs ONNX models for an instance, in child processes of its own.

Why processes: the decoder inside a picture model's graph can hang for ever on bytes that got past the guard, and only
ending its process ends that. A child that exits or misses the deadline is replaced, and the call becomes an error of
its row. Each child keeps the models that it has loaded; sessions share the children.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import resource
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emulator.datatypes import Value
from emulator.errors import OraError
from emulator.faults import Faults
from emulator.inference_process import make_frame, read_frame

if TYPE_CHECKING:
    from emulator.engine.objects import Model

#: Code and text of a picture that cannot be embedded: the emulator's invention, nobody has published Oracle's. Clients
#: must not decide by it.
PICTURE_ERROR_CODE = 54481
_START_SECONDS = 60.0
#: How often a waiting call looks at its cancel flag, seconds.
_SLICE_SECONDS = 0.05
#: Default metadata. Source: Oracle AI Vector Search User's Guide 26ai, LOAD_ONNX_MODEL procedure.
DEFAULT_METADATA = '{"function":"embedding","embeddingOutput":"embedding","input":{"input":["DATA"]}}'


@dataclass(frozen=True, slots=True)
class ModelInspection:
    """What a model's file says of itself."""

    input_name: str
    #: ``picture`` (bytes) or ``text``.
    kind: str
    dimensions: int


class _ChildLostError(Exception):
    """The child ended or missed its deadline."""


class _Child:
    """One inference process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "emulator.inference_process"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None  # noqa: S101 - asked for at the start
        self._requests = self._process.stdin.fileno()
        os.set_blocking(self._requests, False)
        try:
            self._await(time.monotonic() + _START_SECONDS, lambda: None)
        except _ChildLostError:
            self.end()
            raise

    def ask(
        self, header: dict[str, Any], body: bytes, deadline: float, check_cancelled: Callable[[], None]
    ) -> tuple[dict[str, Any], bytes]:
        """Send a request and wait for its answer.

        Raises:
            _ChildLostError: No answer by the deadline, or the process ended.
        """
        self._send(make_frame(header, body), deadline, check_cancelled)
        return self._await(deadline, check_cancelled)

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process while it runs, 0.0 afterwards. Source: proc(5), /proc/PID/stat."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
        except OSError:
            return 0.0
        return 0.0 if fields[0] == "Z" else (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _send(self, frame: bytes, deadline: float, check_cancelled: Callable[[], None]) -> None:
        """Write a request; a process that does not read fills the pipe, so this can be given up like the answer."""
        left = memoryview(frame)
        while left:
            if select.select([], [self._requests], [], _SLICE_SECONDS)[1]:
                try:
                    left = left[os.write(self._requests, left) :]
                except OSError as error:
                    raise _ChildLostError("ended") from error
            else:
                self._check_time(deadline, check_cancelled)

    def _await(self, deadline: float, check_cancelled: Callable[[], None]) -> tuple[dict[str, Any], bytes]:
        assert self._process.stdout is not None  # noqa: S101 - asked for at the start
        while True:
            if select.select([self._process.stdout], [], [], _SLICE_SECONDS)[0]:
                answer = read_frame(self._process.stdout)  # type: ignore[arg-type]
                if answer is None:
                    raise _ChildLostError("ended")
                return answer
            self._check_time(deadline, check_cancelled)

    @staticmethod
    def _check_time(deadline: float, check_cancelled: Callable[[], None]) -> None:
        if time.monotonic() > deadline:
            raise _ChildLostError("did not answer in time")
        check_cancelled()


class InferenceService:
    """The inference processes of an instance."""

    def __init__(self, processes: int, deadline_seconds: float, faults: Faults | None = None) -> None:
        """Start nothing yet.

        Args:
            processes: Most calls that run at once.
            deadline_seconds: After this time a call is given up, and its process ended.
            faults: Says which code corrupt pictures raise.
        """
        self._faults = faults or Faults()
        #: Calls of VECTOR_EMBEDDING that reached a model, whatever came of them.
        self.inferences = 0
        self._deadline_seconds = deadline_seconds
        self._lock = threading.Lock()
        self._closed = False
        self._children: set[_Child] = set()
        self._slots: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        self._size = processes
        # The system kills a child when the *thread* that started it ends, and sessions' threads end all the time.
        # Source: prctl(2), PR_SET_PDEATHSIG.
        self._spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference spawner")
        for _ in range(processes):
            self._slots.put(None)

    def start(self) -> None:
        """Start one process ahead of the first call."""
        with self._child(lambda: None):
            pass

    def stop(self) -> None:
        """End all processes; calls that wait fail."""
        self._closed = True
        for _ in range(self._size):
            with contextlib.suppress(queue.Empty):
                child = self._slots.get(timeout=1)
                if child is not None:
                    child.end()
        self._spawner.shutdown()

    def cpu_seconds(self) -> float:
        """Return the CPU time of all inference processes, those that have ended included."""
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        with self._lock:
            children = list(self._children)
        return usage.ru_utime + usage.ru_stime + sum(child.cpu_seconds() for child in children)

    def embed(
        self, model: Model, load: Callable[[], bytes], data: Value, *, check_cancelled: Callable[[], None]
    ) -> np.ndarray[Any, np.dtype[Any]]:
        """Run a model on one value.

        Args:
            model: The model; its metadata names its input.
            load: Gives the model's bytes, asked only by a process that does not have it yet.
            data: Bytes of a picture, or a text.
            check_cancelled: Raises when the caller's call was cancelled.

        Returns:
            Shape ``(model.dimensions,)``, dtype float32.

        Raises:
            OraError: The value cannot be embedded.
        """
        with self._lock:
            self.inferences += 1
        body = _body(data, model.input_kind)
        header = {"do": "run", "key": model.fingerprint, "kind": model.input_kind, "input": model.input_name}
        with self._child(check_cancelled) as child:
            deadline = time.monotonic() + self._deadline_seconds
            answer, output = child.ask(header, body, deadline, check_cancelled)
            if answer.get("missing"):
                loaded, _ = child.ask(
                    {"do": "load", "key": model.fingerprint}, load(), time.monotonic() + _START_SECONDS, check_cancelled
                )
                if not loaded["ok"]:
                    raise OraError(54401, loaded["error"])
                deadline = time.monotonic() + self._deadline_seconds
                answer, output = child.ask(header, body, deadline, check_cancelled)
        if not answer["ok"]:
            raise self._picture_error(answer["error"])
        return np.frombuffer(output, dtype=np.float32)

    def inspect(self, data: bytes, metadata: str | None) -> ModelInspection:
        """Check a model's bytes against its metadata.

        Raises:
            OraError: 54401 no model that can be opened, 54408 another input or output, 54426 no fixed length of the
                vector.
        """
        with self._child(lambda: None) as child:
            answer, _ = child.ask({"do": "inspect"}, data, time.monotonic() + _START_SECONDS, lambda: None)
        if not answer["ok"]:
            raise OraError(54401, answer["error"])
        try:
            details = json.loads(metadata or DEFAULT_METADATA)
            wanted = next(iter(details["input"]))
            output_name = details.get("embeddingOutput", "embedding")
        except (ValueError, KeyError, TypeError, StopIteration):
            raise OraError(54408, "input") from None
        found = next((item for item in answer["inputs"] if item["name"] == wanted), None)
        if found is None or len(answer["inputs"]) != 1:
            raise OraError(54408, wanted)
        output = next((item for item in answer["outputs"] if item["name"] == output_name), None)
        if output is None:
            raise OraError(54408, output_name)
        if not isinstance(output["shape"][-1], int):
            raise OraError(54426)
        kind = "picture" if found["type"] == "tensor(uint8)" else "text"
        return ModelInspection(wanted, kind, output["shape"][-1])

    def _picture_error(self, reason: str) -> OraError:
        """Return the error of a value that a model cannot embed."""
        code = self._faults.picture_code(PICTURE_ERROR_CODE)
        return OraError(code, text=f"ORA-{code:05d}: the value cannot be embedded by the ONNX model: {reason}")

    def _start_child(self) -> _Child:
        """Start a process; that this fails is no picture's fault."""
        try:
            child = self._spawner.submit(_Child).result()
        except (_ChildLostError, OSError) as error:
            raise OraError(600, f"no inference process can be started: {error}") from error
        with self._lock:
            self._children.add(child)
        return child

    @contextlib.contextmanager
    def _child(self, check_cancelled: Callable[[], None]) -> Iterator[_Child]:
        """Lend a process; one that is lost is ended and replaced at the next need."""
        while True:
            if self._closed:
                raise OraError(1089)
            try:
                child = self._slots.get(timeout=_SLICE_SECONDS)
                break
            except queue.Empty:
                check_cancelled()
        returned: _Child | None = None
        try:
            if child is None:
                child = self._start_child()
            yield child
            returned = child
        except _ChildLostError as error:
            raise self._picture_error(f"the model's process {error}") from None
        except OraError as error:
            if error.code != 1013:  # a cancelled call leaves the process in the middle of something
                returned = child
            raise
        finally:
            if returned is None and child is not None:
                with self._lock:
                    self._children.discard(child)
                child.end()
            self._slots.put(returned)


def _body(data: Value, kind: str) -> bytes:
    if kind == "picture":
        if not isinstance(data, bytes):
            raise OraError(932, "CHAR", "BLOB")
        return data
    if not isinstance(data, str):
        raise OraError(932, "BLOB", "CHAR")
    return data.encode()
