"""How Sphinx builds the pages: ``make docs``; every warning is an error."""

from __future__ import annotations

from typing import Any

from pygments.lexers.special import TextLexer

project = "adgfleet"
extensions = ["myst_parser"]
root_doc = "index"
html_theme = "alabaster"
html_theme_options = {"description": "Embeds pictures on idle Active Data Guard standbys", "page_width": "1100px"}
#: So that links to sections work as on a code host.
myst_heading_anchors = 4


def setup(app: Any) -> None:  # noqa: ANN401 - Sphinx's application
    """Let drawings stay text where no browser script draws them."""
    app.add_lexer("mermaid", TextLexer)
