"""Markdown written by agents, as HTML that can neither run nor load anything."""

import re
from collections.abc import MutableMapping, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

from missioncontrol.documents.markup import visible

_WEB = re.compile(r"https?://[^\s]+\Z", re.IGNORECASE)


class _Quoted(RendererHTML):
    """Headings become bold paragraphs, because the outline of the page is ours; images a word."""

    def heading_open(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        return f'<p class="h {tokens[idx].tag}">'

    def heading_close(self, *_: Any) -> str:
        return "</p>\n"

    def image(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        text = self.renderInlineAsText(tokens[idx].children, options, env)
        return str(Markup('<span class="dim">[image: {}]</span>').format(text or "no text"))

    def link_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        tokens[idx].attrSet("rel", "nofollow noopener noreferrer")
        return self.renderToken(tokens, idx, options, env)

    def fence(self, *given: Any) -> str:
        return _reachable(super().fence(*given))

    def code_block(self, *given: Any) -> str:
        return _reachable(super().code_block(*given))

    def table_open(self, *_: Any) -> str:
        return '<div class="wrap" tabindex="0" role="region" aria-label="Table"><table class="md">'

    def table_close(self, *_: Any) -> str:
        return "</table></div>\n"

    def th_open(self, *_: Any) -> str:
        return '<th scope="col">'  # alignment would need a style attribute

    def td_open(self, *_: Any) -> str:
        return "<td>"


def _reachable(block: str) -> str:
    """Make code blocks focusable, so that the keyboard can scroll long lines."""
    return block.replace("<pre>", '<pre tabindex="0">', 1)


def prose(text: str) -> Markup:
    """Render untrusted Markdown: no HTML, no images, links to the web only."""
    return Markup(_markdown().render(visible(text)))  # noqa: S704 - rendered with HTML off


@cache
def _markdown() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Quoted).enable("table")
    reader.validateLink = _is_web_link  # type: ignore[method-assign]
    return reader


def _is_web_link(url: str) -> bool:
    return bool(_WEB.match(url))
