"""The pages: files as they are, and the API's description written as plain HTML."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

router = APIRouter(include_in_schema=False)
STATIC = Path(__file__).parent / "static"
NO_CACHE = {"Cache-Control": "no-cache"}


@router.get("/")
def search_page() -> FileResponse:
    """Return the search page."""
    return FileResponse(STATIC / "search.html", headers=NO_CACHE)


@router.get("/favicon.ico")
def icon() -> FileResponse:
    """Return the icon that browsers ask for unasked."""
    return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml", headers=NO_CACHE)


@router.get("/api")
def api_page(request: Request) -> Response:
    """Describe the API for people; generated, so that it needs no script and no other host."""
    return HTMLResponse(_describe(request.app.openapi()), headers=NO_CACHE)


def _describe(schema: dict[str, Any]) -> str:
    frame = (STATIC / "api.html").read_text(encoding="utf-8")
    sections = [
        _operation(method, path, operation)
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    ]
    return frame.replace("<!-- operations -->", "\n".join(sections))


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = "".join(_parameter(entry) for entry in operation.get("parameters", []))
    table = (
        f"<table><thead><tr><th>parameter</th><th>where</th><th>limits</th><th>what</th></tr></thead>"
        f"<tbody>{parameters}</tbody></table>"
        if parameters
        else ""
    )
    answers = "".join(
        f"<li><code>{html.escape(status)}</code> {html.escape(answer.get('description', ''))}</li>"
        for status, answer in operation["responses"].items()
    )
    return (
        f"<section><h2><code>{method.upper()} {html.escape(path)}</code></h2>"
        f"<p>{html.escape(operation.get('description', ''))}</p>{table}<ul>{answers}</ul></section>"
    )


def _parameter(entry: dict[str, Any]) -> str:
    schema = entry.get("schema", {})
    limits = {
        "minimum": "from {}",
        "maximum": "to {}",
        "maxLength": "at most {} characters",
        "default": "default {}",
    }
    said = ", ".join(text.format(schema[name]) for name, text in limits.items() if name in schema)
    cells = (f"<code>{html.escape(entry['name'])}</code>", entry["in"], html.escape(said))
    described = html.escape(entry.get("description", ""))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}<td>{described}</td></tr>"
