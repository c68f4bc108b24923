"""The control channel of a running instance: one JSON request and one JSON answer for each connection.

A request is a line ``{"secret": …, "command": …, "arguments": {…}}``; its answer is a line ``{"result": …}`` or
``{"error": text}``. The secret is that of the cluster's configuration, readable by its owner only.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from emulator.errors import OraError

log = logging.getLogger("emulator.control")

#: Anything that JSON can carry.
Json: TypeAlias = Any
Command: TypeAlias = Callable[..., Json]

_LONGEST_LINE_BYTES = 64 * 1024
_REQUEST_SECONDS = 5.0
#: Longer than any command takes that does not wait for redo.
ANSWER_SECONDS = 10.0


class ControlError(Exception):
    """A command could not be given, or failed; the text says why, and what to do."""


class ControlServer:
    """Takes commands for one instance."""

    def __init__(self, host: str, port: int, secret: str, commands: Mapping[str, Command]) -> None:
        """Bind the port; nobody is answered before ``start``.

        Args:
            host: The address at which it listens.
            port: Where it listens; 0 for any free one.
            secret: What a caller must know; without one, nobody is let in.
            commands: What can be asked, by name; arguments are keyword arguments.
        """
        self._secret = secret
        self._commands = commands
        self._socket = socket.create_server((host, port))
        self.port: int = self._socket.getsockname()[1]

    def start(self) -> None:
        """Begin to answer."""
        threading.Thread(target=self._listen, name="control", daemon=True).start()

    def stop(self) -> None:
        """Close the port."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), name="control call", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(_REQUEST_SECONDS)
            answer = self._answer(_read_line(connection))
            connection.sendall(json.dumps(answer).encode() + b"\n")

    def _answer(self, line: bytes) -> dict[str, Json]:
        try:
            request = json.loads(line)
            secret, name, arguments = str(request["secret"]), str(request["command"]), dict(request["arguments"])
        except (ValueError, KeyError, TypeError):
            return {"error": "not a request"}
        if not self._secret or not hmac.compare_digest(secret.encode(), self._secret.encode()):
            log.warning("refused a command of somebody who does not know the secret")
            return {"error": "the secret is not that of this cluster"}
        command = self._commands.get(name)
        if command is None:
            return {"error": f"no command {name}; there are {', '.join(sorted(self._commands))}"}
        try:
            result = command(**arguments)
        except (ControlError, OraError, ValueError, TypeError) as error:
            return {"error": str(error)}
        except Exception as error:
            log.exception("command %s failed", name)
            return {"error": f"{type(error).__name__}: {error}; see the instance's log"}
        if arguments or result is None:
            log.info("command %s %s", name, arguments)
        return {"result": result}


def ask(
    host: str, port: int, secret: str, command: str, *, timeout_seconds: float = ANSWER_SECONDS, **arguments: Json
) -> Json:
    """Give a command to an instance and return its result.

    Raises:
        ControlError: The instance does not answer, or says that the command failed.
    """
    request = json.dumps({"secret": secret, "command": command, "arguments": arguments}).encode() + b"\n"
    try:
        with socket.create_connection((host, port), timeout=timeout_seconds) as connection:
            connection.sendall(request)
            line = _read_line(connection)
    except ConnectionRefusedError:
        raise ControlError("it does not run") from None
    except TimeoutError:
        raise ControlError(f"it has not answered within {timeout_seconds:g} s; is it frozen?") from None
    except OSError as error:
        raise ControlError(f"it cannot be reached: {error}") from error
    if not line:
        raise ControlError("it ended while it was asked")
    answer = json.loads(line)
    if "error" in answer:
        raise ControlError(str(answer["error"]))
    return answer["result"]


def _read_line(connection: socket.socket) -> bytes:
    """Return what comes before the first line feed, or before the end; b"" if it is too long to be one of ours."""
    line = bytearray()
    while not line.endswith(b"\n"):
        part = connection.recv(4096)
        if not part:
            break
        line += part
        if len(line) > _LONGEST_LINE_BYTES:
            return b""
    return bytes(line)
