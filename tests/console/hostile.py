"""Texts that try to run something in a reader's browser, and the proof that they did not."""

import re
from html.parser import HTMLParser

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<img src=javascript:alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    '[x](https://example.org "onmouseover=alert(1)")',
    "[x]: javascript:alert(1)\n\n[x]",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='javascript:alert(1)'></object>",
    "<embed src='javascript:alert(1)'>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<style>*{background:url(javascript:alert(1))}</style>",
    "<div style='background:url(javascript:alert(1))'>",
    "<base href='//evil.example/'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<form action='//evil.example'><input name=csrf>",
    "<x hx-get='/stop' hx-trigger=load>",
    "<div hx-on:click=alert(1) data-island=palette>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "{{1337*7331}}{% raw %}${1337*7331}#{1337*7331}",
    "\u202egnp.exe\u202c <b onclick=alert(1)>",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#106;avascript:alert(1)",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    "<!--><script>alert(1)</script>-->",
    "]]><script>alert(1)</script>",
)
ALL = "\n\n".join(PAYLOADS)

OURS = re.compile(r"/static/[0-9a-f]{12}/")
ADDRESSES = {"href", "src", "action", "formaction", "xlink:href", "data", "poster", "srcset"}
NEVER = {"object", "embed", "base", "math", "marquee", "foreignobject", "animate", "set", "style"}
AGAIN = {"http-equiv": "refresh", "content": "5"}
"""Without scripts, a page of something that goes on loads itself again, and leads nowhere else."""

HTMX = ("hx-get", "hx-post", "hx-put", "hx-delete", "hx-patch")


class _Inspector(HTMLParser):
    """Walks a page as a browser would, and writes down what should not be there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        where = f"<{tag} {found}>"
        if tag in NEVER or (tag == "meta" and "http-equiv" in found and found != AGAIN):
            self.faults.append(where)
        if tag == "script":
            is_data = found.get("type") == "application/json"
            if not is_data and not OURS.match(found.get("src", "")):
                self.faults.append(where)
        if tag == "iframe" and ("srcdoc" in found or "sandbox" not in found):
            self.faults.append(where)
        for name, value in found.items():
            self._look_at(name, value, where)

    handle_startendtag = handle_starttag

    def _look_at(self, name: str, value: str, where: str) -> None:
        plain = re.sub(r"[\s\x00-\x20]", "", value).lower()
        if (name.startswith("on") and name != "on") or name.startswith("hx-on") or name == "style":
            self.faults.append(where)
        if name in ADDRESSES and plain.startswith(("javascript:", "data:", "vbscript:")):
            self.faults.append(where)
        if name in HTMX and not value.startswith("/"):
            self.faults.append(where)
        if name in ("action", *HTMX) and "evil" in value:
            self.faults.append(where)


def assert_harmless(html: str) -> None:
    """See that nothing in a page runs, loads or sends anything that is not ours."""
    inspector = _Inspector()
    inspector.feed(html)
    inspector.close()
    assert inspector.faults == []
    assert "9801547" not in html, "a template worked out what it was to show"
