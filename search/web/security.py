"""Which requests are answered at all, and what every answer says to the browser.

No byte of a picture or a text can become a program. There is no logon, so whoever reaches the server may search; a page
of somebody else's that is open in the same browser must not: neither by a name of its own that leads to this server
(DNS rebinding), nor by sending forms to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: No inline script or style, no other host, no frame; blob: is the preview of a picture that was dropped on the page.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
#: A picture opened by its own address may do nothing at all.
PICTURE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
#: Addresses that stand for all of the machine's.
_ANY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104 - compared, not listened on
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def trusted_hosts(address: str, more: Sequence[str]) -> list[str]:
    """Return the names by which browsers may call a server: loopback's, where it listens, what the settings add."""
    listening = [] if address in _ANY_ADDRESS else [f"[{address}]" if ":" in address else address]
    return list(dict.fromkeys((*_LOOPBACK, *listening, *more)))


class CrossSiteGuard:
    """ASGI middleware: refuses what another site's page sends; browsers say so in a header that pages cannot set.

    Source: W3C, Fetch Metadata Request Headers. Clients that are no browsers send none and are let in.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it comes from another site and does more than read."""
        is_sending = scope["type"] == "http" and scope["method"] not in _READING
        if is_sending and Headers(scope=scope).get("sec-fetch-site") == "cross-site":
            refusal = JSONResponse({"detail": "this is not for pages of other sites"}, 403)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class SecurityHeaders:
    """ASGI middleware: adds the headers that an answer does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
