"""Whatever a document says is printed as it is, in each form, and nothing of it is ever run."""

import base64
import io
import json
import re
import zipfile
from collections.abc import Iterator

import docx
import pytest
import typst
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from missioncontrol.documents.printing import fonts, html_of, pdf_of, png_of
from missioncontrol.documents.printing.diagrams import drawing_of
from missioncontrol.documents.printing.docx import docx_of
from missioncontrol.documents.printing.fonts import lacking, shapeless, spelled
from missioncontrol.documents.printing.pdf import _note
from missioncontrol.documents.printing.render_process import Binding, Order, bound, pressed
from missioncontrol.domain.errors import Rejected, Unavailable

SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 40">
<title>Parts</title><style>:root { --fill: light-dark(#ff0000, #00ff00) }
@media (prefers-color-scheme: dark) { :root { --fill: blue } } .a { fill: var(--fill) }</style>
<rect class="a" width="80" height="40"/><text x="4" y="20">Redis</text></svg>"""
DOCUMENT = """# Sessions

Read `src/app.py` *first*, then [the page](https://example.com/a) and [the end](#end).

1. one
2. two
   - inside

- [ ] open
- [x] done

| part | lines |
|---|---:|
| `app` | 12 |

```python
print("#eval(1)")
```

> quoted

![Parts and their links](parts.svg)

## End
"""
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=120)


def test_a_pdf_is_tagged_titled_and_has_an_outline() -> None:
    content = pdf_of(DOCUMENT, "Sessions of ours", {"parts.svg": SVG})
    assert content.startswith(b"%PDF-1.7")
    for wanted in (b"/StructTreeRoot", b"/Marked true", b"/Outlines", b"/Lang", b"pdfuaid:part"):
        assert wanted in content
    assert b"Sessions of ours" in content


def test_the_same_document_is_the_same_bytes() -> None:
    for printed in (pdf_of, docx_of):
        first = printed(DOCUMENT, "Sessions", {"parts.svg": SVG})
        assert printed(DOCUMENT, "Sessions", {"parts.svg": SVG}) == first


def test_a_docx_has_headings_lists_tables_links_and_pictures_of_its_own() -> None:
    content = docx_of(DOCUMENT, "Sessions of ours", {"parts.svg": SVG})
    paper = docx.Document(io.BytesIO(content))
    styles = {line.text: line.style.name for line in paper.paragraphs if line.style}
    assert styles["Sessions"] == "Heading 1"
    assert styles["End"] == "Heading 2"
    assert styles['print("#eval(1)")'] == "Code"
    assert styles["one"] == "List Paragraph"
    assert "☐\u00a0open" in styles
    assert "☑\u00a0done" in styles
    assert [[cell.text for cell in row.cells] for row in paper.tables[0].rows] == [
        ["part", "lines"],
        ["app", "12"],
    ]
    [link, inner] = paper.paragraphs[1].hyperlinks
    assert (link.address, link.text) == ("https://example.com/a", "the page")
    assert inner.fragment in content.decode("latin-1")
    assert len(paper.inline_shapes) == 1
    assert paper.core_properties.title == "Sessions of ours"
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_page_loads_and_runs_nothing() -> None:
    page = html_of(
        "<script>alert(1)</script>\n\n[x](javascript:y) ![i](https://e.com/i.png)", "<T>"
    )
    assert "<script" not in page
    assert "javascript:" not in page
    assert "src=" not in page
    assert "<title>&lt;T&gt;</title>" in page
    assert "default-src &#39;none&#39;" in page


def test_a_drawing_in_a_page_is_an_image_with_its_words() -> None:
    page = html_of("![Parts](a.svg)", "T", {"a.svg": SVG})
    found = re.search(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="Parts"', page)
    assert found
    assert b"Redis" in base64.b64decode(found[1])


def test_a_drawing_is_in_light_colours_and_without_what_runs_or_loads() -> None:
    hostile = SVG.replace(
        "<rect",
        '<script>x</script><image href="/etc/passwd"/><foreignObject/><a href="https://e.com" '
        'onclick="x"><g/></a><rect',
    )
    drawing = drawing_of(hostile)
    assert (drawing.width, drawing.height) == (80, 40)
    assert "#ff0000" in drawing.svg
    for gone in ("script", "passwd", "foreignObject", "e.com", "onclick", "var(", "blue"):
        assert gone not in drawing.svg


@pytest.mark.parametrize(
    "svg",
    [
        "",
        "<svg",
        "<html/>",
        '<!DOCTYPE svg [<!ENTITY a "b">]><svg/>',
        '<svg xmlns="http://www.w3.org/2000/svg" width="0" height="1"/>',
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 . 1"/>',
    ],
)
def test_what_is_no_drawing_is_refused_and_its_words_are_printed(svg: str) -> None:
    with pytest.raises(Rejected) as refused:
        drawing_of(svg)
    assert refused.value.code == "drawing.unreadable"
    assert pdf_of("![The words](a.svg)", "T", {"a.svg": svg})
    assert "[drawing: The words]" in html_of("![The words](a.svg)", "T", {"a.svg": svg})


def test_a_drawing_becomes_a_png_of_the_size_asked_for() -> None:
    content = png_of(SVG, 3)
    assert content.startswith(b"\x89PNG")
    assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (240, 120)
    assert png_of(SVG, 3) == content


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The press with no fonts but its own."""
    monkeypatch.setattr(fonts, "PACKAGES", ())
    _look_again()
    yield
    monkeypatch.undo()
    _look_again()


def _look_again() -> None:
    for known in (fonts.folders, fonts.covered, fonts._lacking):
        known.cache_clear()


@pytest.mark.usefixtures("bare")
def test_a_character_without_a_glyph_is_named_with_what_gives_it_one() -> None:
    assert fonts.families("日本") == ()
    assert "pip install 'missioncontrol[fonts]'" in shapeless("日本")
    assert shapeless("abc") == ""
    [_, note] = _note(lacking("日"))
    assert "missioncontrol[fonts]" in repr(note)


def test_installed_fonts_give_other_scripts_and_emoji_their_shapes() -> None:
    pytest.importorskip("manimgx_fonts")
    pytest.importorskip("manimgx_fonts_cjk")
    sample = "日本語 仮名 한국어 中文 😀🚀 العربية हिन्दी ไทย"
    assert shapeless(sample) == ""
    assert pdf_of(f"# {sample}\n\n`{sample}`\n", sample).startswith(b"%PDF")
    assert [fonts.families(each)[0][-2:] for each in ("仮名かな", "한국", "用户")] == [
        "JP",
        "KR",
        "SC",
    ]
    # PDF/UA allows no missing glyph, so this says that what is read of the fonts is right.
    known = [chr(code) for low, high in fonts.covered() for code in range(low, high + 1)]
    some = [each for each in known if each.isprintable()][::97]
    source = (
        '#set document(title: [T])\n#set text(lang: "en")\n'
        "#for c in json(bytes(sys.inputs.t)) [#c ]"
    )
    order = Order(source, {"t": json.dumps(some)}, "pdf", standards=["ua-1"], fonts=fonts.folders())
    assert pressed(order)


@pytest.mark.usefixtures("bare")
def test_a_character_without_a_glyph_stands_as_its_code_point() -> None:
    assert spelled("a日b😀✓") == "a⟨U+65E5⟩b⟨U+1F600⟩✓"
    assert lacking("日本 и 日") == ("日", "本")
    # PDF/UA allows no missing glyph, so this says that the list of characters is right.
    source = '#set document(title: [T])\n#set text(lang: "en")\n#text(sys.inputs.t)'
    text = spelled("日本 😀 ﷽ ελ кир עברית ✓☐☑→█│∑🏳️‍🌈")
    assert pressed(Order(source, {"t": text}, "pdf", standards=["ua-1"]))


@pytest.mark.usefixtures("bare")
def test_every_character_of_the_list_has_a_glyph() -> None:
    text = "".join(chr(code) for code in range(0x20, 0x20000) if not lacking(chr(code)))
    glyphs = "".join(c for c in text if c.isprintable())
    assert len(glyphs) > 7_000
    glyphs = glyphs[::4]
    source = (
        '#set document(title: [T])\n#set text(lang: "en", font: ("Libertinus Serif", '
        '"DejaVu Sans Mono"))\n#for c in json(bytes(sys.inputs.t)) { [#text(c) #strong(c) ] }'
    )
    assert pressed(Order(source, {"t": json.dumps(list(glyphs))}, "pdf", standards=["ua-1"]))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example('#eval("1") #import "@preview/x:1.0.0" $x$ <a> @b *c* _d_ `e` \\u{41} // /* = h')
@example('#read("/etc/passwd") #panic()')
@example("日本語 😀 עברית \u202e \u0000 \ufdd0 \U0010ffff")
@example("\ufffe \uffff")
@given(ANY_TEXT)
def test_any_text_is_printed_and_none_is_evaluated(text: str) -> None:
    """The compiler fails on wrong Typst; what is written in code blocks must come out unchanged."""
    assert pdf_of(f"{text}\n\n```\n{text}\n```\n\n| {text} |\n|---|\n| {text} |\n", text)
    assert docx_of(text, text)
    page = html_of(text, text)
    assert page.count("<script") == 0


def test_no_text_is_read_as_typst() -> None:
    bomb = '#panic("ran") #(1/0) #{while true {}} #image("/etc/passwd")'
    for place in (
        bomb,
        f"# {bomb}",
        f"- {bomb}",
        f"`{bomb}`",
        f"|{bomb}|\n|-|\n|{bomb}|",
        f"> {bomb}",
    ):
        assert pdf_of(place, bomb)


def test_the_press_finds_no_file_no_package_and_no_font_of_the_machine() -> None:
    from missioncontrol.documents.printing.render_process import NotMade

    for source in (
        '#read("/etc/passwd")',
        '#image("../../../../etc/passwd")',
        '#import "@preview/cetz:0.3.0"',
    ):
        with pytest.raises(NotMade):
            pressed(Order(source, {}, "pdf"))
    assert typst.Fonts(include_system_fonts=False).families() == [
        "DejaVu Sans Mono",
        "Libertinus Serif",
        "New Computer Modern",
        "New Computer Modern Math",
    ]


def test_a_press_that_takes_too_long_is_ended() -> None:
    with pytest.raises(Unavailable) as late:
        pressed(
            Order(
                "#let f(n) = if n > 0 { for i in range(1000000) { f(n - 1) } }\n#f(9)",
                {},
                "pdf",
            ),
            seconds_max=1.0,
        )
    assert late.value.code == "document.unprinted_in_time"


def test_the_bindery_makes_the_same_bytes_and_refuses_with_the_same_words() -> None:
    images = {"parts.svg": SVG}
    assert bound(Binding(DOCUMENT, "Sessions", images)) == docx_of(DOCUMENT, "Sessions", images)
    with pytest.raises(Rejected) as refused:
        bound(Binding("a\n\n" * 30_001, "T", {}))
    assert refused.value.code == "document.too_large"
    assert "30,000" in refused.value.reason
    with pytest.raises(Unavailable) as late:
        bound(Binding("a\n\n" * 20_000, "T", {}), seconds_max=0.1)
    assert late.value.code == "document.unprinted_in_time"


def test_a_document_beyond_its_bound_is_refused() -> None:
    with pytest.raises(Rejected) as refused:
        html_of("a" * 4_000_001, "T")
    assert refused.value.code == "document.too_large"
    with pytest.raises(Rejected) as refused:
        docx_of("a\n\n" * 30_001, "T")
    assert refused.value.code == "document.too_large"


def test_deep_and_wide_documents_are_printed() -> None:
    deep = "\n".join(f"{'  ' * level}- {'> ' * 3}level {level}" for level in range(19))
    wide = "|" + "a|" * 60 + "\n|" + "-|" * 60 + "\n|" + "b|" * 60
    for markdown in (deep, "> " * 40 + "x", wide, "*" * 500 + "a" + "*" * 500):
        assert pdf_of(markdown, "T")
        assert docx_of(markdown, "T")
