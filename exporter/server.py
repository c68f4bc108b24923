"""Serves the metrics over HTTP, with a password or to this machine alone."""

from __future__ import annotations

import base64
import hmac
import socket
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import make_wsgi_app
from prometheus_client.registry import CollectorRegistry

from fleet.errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: A connection that does not send its request within this time is closed, seconds.
_REQUEST_SECONDS = 10.0
_TEXT = ("Content-Type", "text/plain; charset=utf-8")
#: What this machine calls itself.
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class MetricsServer(ThreadingMixIn, WSGIServer):
    """Answers each request in a thread of its own."""

    daemon_threads = True

    def __init__(self, address: str, port: int, application: WSGIApplication) -> None:
        """Listen.

        Args:
            address: Where.
            port: 0: any free one.
            application: What answers.

        Raises:
            ConfigurationError: The address is taken, or not this machine's.
        """
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            super().__init__((address, port), _Handler)
        except OSError as error:
            raise ConfigurationError(
                f"the metrics cannot be served at {address}:{port} ({error.strerror}); take another port, or any free "
                "one: --port 0"
            ) from None
        self.set_app(application)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class has it
        """Say nothing of readers that go away in the middle."""


class _Handler(WSGIRequestHandler):
    timeout = _REQUEST_SECONDS

    def log_message(self, *_: object) -> None:
        """Log no request: there is one every few seconds."""


def metrics_application(
    registry: CollectorRegistry, *, address: str, user: str, password: str | None
) -> WSGIApplication:
    """Return what answers: ``/metrics``, and ``/healthz`` to say that it does.

    Args:
        registry: The metrics.
        address: Where it listens. Without a password it answers to names of this machine only, so that a page in a
            browser here cannot read it through a name of its own.
        user: Who may read.
        password: None: whoever reaches it.
    """
    metrics = make_wsgi_app(registry)
    names = _LOOPBACK_NAMES | {address}

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/healthz":
            return _answer(start_response, "200 OK", "it answers")
        if path != "/metrics":
            return _answer(start_response, "404 Not Found", "the metrics are at /metrics")
        if password is None and _host_name(environ.get("HTTP_HOST", "")) not in names:
            return _answer(start_response, "403 Forbidden", "ask for localhost, or set METRICS_PASSWORD")
        if password is not None and not _is_allowed(environ.get("HTTP_AUTHORIZATION", ""), user, password):
            challenge = ("WWW-Authenticate", 'Basic realm="adgfleet metrics", charset="UTF-8"')
            return _answer(start_response, "401 Unauthorized", "METRICS_USER and METRICS_PASSWORD, please", challenge)
        answer: Callable[..., Iterable[bytes]] = metrics
        return answer(environ, start_response)

    return application


def _answer(start_response: StartResponse, status: str, text: str, *headers: tuple[str, str]) -> list[bytes]:
    start_response(status, [_TEXT, *headers])
    return [f"{text}\n".encode()]


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_allowed(header: str, user: str, password: str) -> bool:
    scheme, _, encoded = header.partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except ValueError:  # no base64, or not even ASCII
        return False
    return scheme.lower() == "basic" and hmac.compare_digest(given, f"{user}:{password}".encode())
