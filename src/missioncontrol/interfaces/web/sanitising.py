"""Passes, of HTML that was made from untrusted text, only what is known to be harmless."""

from html.parser import HTMLParser

from markupsafe import Markup, escape

TAGS = frozenset(
    {"p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote", "a", "div", "span"}
    | {"ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"}
)
VOID = frozenset({"br", "hr"})
SILENT = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "math"})
"""What stands in these is no text of the document."""

CLASSES = frozenset({"h", "h1", "h2", "h3", "h4", "h5", "h6", "wrap", "md", "dim"})
PLAIN = frozenset({"scope", "start", "role", "aria-label", "tabindex"})
DEPTH_MAX = 200


def sanitised(html: str) -> Markup:
    """Return `html` with every tag and attribute left out that is not known to be harmless.

    Links lead to the web only and open beside the page; all that is left open is closed.
    """
    reader = _Sieve()
    reader.feed(html)
    reader.close()
    return reader.found()


class _Sieve(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._open: list[str] = []
        self._silence: list[str] = []
        self._regions = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._silence or tag in SILENT:
            self._silence.append(tag)
        elif tag in TAGS and len(self._open) < DEPTH_MAX:
            attributes = "".join(_attribute(tag, *each) for each in self._number_regions(attrs))
            rel = ' rel="nofollow noopener noreferrer" target="_blank"' if tag == "a" else ""
            self._out.append(f"<{tag}{attributes}{rel}>")
            if tag not in VOID:
                self._open.append(tag)

    def _number_regions(self, attrs: list[tuple[str, str | None]]) -> list[tuple[str, str]]:
        """Number what has a name of its own: two regions of a page don't share one."""
        known = dict(attrs)
        if known.get("role") == "region":
            self._regions += 1
            known["aria-label"] = f"{known.get('aria-label') or 'Part'} {self._regions}"
        return [(name, value or "") for name, value in known.items()]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._silence:
            if tag in self._silence:
                while self._silence.pop() != tag:
                    pass
        elif tag in self._open:
            while True:
                last = self._open.pop()
                self._out.append(f"</{last}>")
                if last == tag:
                    return

    def handle_data(self, data: str) -> None:
        if not self._silence:
            self._out.append(str(escape(data)))

    def found(self) -> Markup:
        ends = "".join(f"</{tag}>" for tag in reversed(self._open))
        return Markup("".join(self._out) + ends)  # noqa: S704 - every piece was made here


def _attribute(tag: str, name: str, value: str) -> str:
    if name == "href" and tag == "a":
        is_web = value.lower().startswith(("https://", "http://"))
        return f' href="{escape(value)}"' if is_web else ""
    if name == "class":
        classes = " ".join(each for each in value.split() if each in CLASSES)
        return f' class="{classes}"' if classes else ""
    return f' {name}="{escape(value)}"' if name in PLAIN else ""
