"""A drawing as SVG and as Mermaid: whole, accessible, and safe with any words in it."""

import re
import xml.etree.ElementTree as ET

import msgspec
import pytest

from missioncontrol.drawing.mermaid import mermaid
from missioncontrol.drawing.model import Edge, Graph, Group, Link, Node, Row
from missioncontrol.drawing.svg import Style, svg
from tests.drawing.graphs import graph_of

NASTY = (
    '"]; click n0 call alert()',
    "<script>alert(1)</script>",
    "a --> b %% {init}",
    "%%{init:{}}%%",
    "end",
    "\u202egnp.exe\u200b",
    "\x00\x08\ufffe",
    "]]>&amp;<!--",
    "日本語",
    "",
    "x" * 4_000,
)
SVG = "{http://www.w3.org/2000/svg}"
FLOW_LINE = re.compile(
    r"  %% .*|  subgraph g\d+\[\"[^\"]*\"\]|  end|"
    r" {2,4}n\d+(\[\(|\(\[|\[\[|\{\{|>|\(|\[)\"[^\"]*\"(\)\]|\]\)|\]\]|\}\}|\]|\))|"
    r"  n\d+ (-->|-\.->|==>)(\|\"[^\"]*\"\|)? n\d+|"
    r"  classDef \w+ [\w#:,. -]+|  class n\d+(,n\d+)* \w+|  click n\d+ href \"[\w./#:?=&%~+-]+\""
)
TABLE_LINE = re.compile(
    r"  %% .*|  t\d+\[\"[^\"]*\"\] \{|  \}|    [A-Za-z_]\w* [A-Za-z_]\w*( PK| FK)?|"
    r"  t\d+ \}o--\|\| t\d+ : \"[^\"]*\""
)


def nasty_graph() -> Graph:
    nodes = tuple(
        Node(f"n{n}", words, "module", words, words, "new", Link("code", words or "x", 3), "g")
        for n, words in enumerate(NASTY)
    )
    edges = tuple(Edge(f"n{n}", f"n{n + 1}", words) for n, words in enumerate(NASTY[:-1]))
    return Graph(NASTY[0], NASTY[1], nodes, edges, (Group("g", NASTY[1]),))


def tables() -> Graph:
    rows = (Row("id", "bigint", "key"), Row("1 odd", "varchar(20)"), Row("user", "", "reference"))
    nodes = (Node("a", 'orders "x"', "table", rows=rows), Node("b", "users", "table"))
    return Graph("Tables", "Two.", nodes, (Edge("a", "b", "user"),), direction="right")


@pytest.mark.parametrize("style", [Style(), Style(is_file=False, href=str)])
def test_any_words_make_a_whole_svg_without_a_script(style: Style) -> None:
    text = svg(nasty_graph(), style)
    root = ET.fromstring(text)
    assert not [each for each in root.iter() if each.tag.lower().endswith("script")]
    assert not [name for each in root.iter() for name in each.attrib if name.startswith("on")]
    assert "\u202e" not in text


@pytest.mark.parametrize("seed", range(20))
def test_a_drawing_is_named_and_described(seed: int) -> None:
    root = ET.fromstring(svg(graph_of(seed)))
    assert root[0].tag == f"{SVG}title"
    assert root[1].tag == f"{SVG}desc"
    assert root.get("aria-labelledby") == f"{root[0].get('id')} {root[1].get('id')}"
    assert root.get("role") == "img"


def test_boxes_are_links_where_they_lead_somewhere() -> None:
    nodes = (
        Node("a", "app.py", "module", link=Link("code", "src/app.py", 7)),
        Node("b", "Build it", "task", link=Link("task", "build")),
    )
    href = {"code": "#row-1", "task": ""}
    root = ET.fromstring(
        svg(Graph("T", "", nodes), Style(is_file=False, href=lambda link: href[link.to]))
    )
    (link,) = root.iter(f"{SVG}a")
    assert link.get("href") == "#row-1"
    assert link[0].text == "app.py, module"
    assert root.get("role") == "group"


def test_on_a_page_there_is_no_style_of_its_own_and_in_a_file_there_is() -> None:
    graph = graph_of(3)
    page, file = svg(graph, Style(is_file=False)), svg(graph)
    assert "<style" not in page
    assert " fill=" not in page
    assert " style=" not in page
    assert "@media screen and (prefers-color-scheme:dark)" in file
    assert 'class="d-box" ' in file or 'class="d-box d-' in file
    assert all("fill=" in line for line in file.splitlines() if 'class="d-name"' in line)


def test_what_is_new_and_what_is_changed_differ_without_colour() -> None:
    nodes = (
        Node("a", "a", "module", mark="new"),
        Node("b", "b", "module", mark="changed"),
        Node("c", "c", "module"),
    )
    text = svg(Graph("T", "", nodes))
    root = ET.fromstring(text)
    signs = [each.text for each in root.iter(f"{SVG}text") if "sign" in each.get("class", "")]
    assert signs == ["+", "~"]
    titles = [each.text for each in root.iter(f"{SVG}title")][1:]
    assert titles == ["a, new module", "b, changed module", "c, module"]
    assert "+ new by the plan" in text
    assert "~ changed by the plan" in text


def test_the_same_graph_gives_the_same_bytes() -> None:
    assert svg(graph_of(5)) == svg(graph_of(5))
    assert mermaid(graph_of(5)) == mermaid(graph_of(5))


@pytest.mark.parametrize("graph", [nasty_graph(), *map(graph_of, range(20))])
def test_a_flowchart_keeps_to_the_grammar(graph: Graph) -> None:
    head, *lines = mermaid(
        msgspec.structs.replace(graph, nodes=(*graph.nodes, Node("z", "z", "module"))),
        lambda link: f"{link.key}#L{link.line}",
    ).splitlines()
    assert head in ("flowchart TB", "flowchart LR")
    assert not [line for line in lines if not FLOW_LINE.fullmatch(line)]


def test_tables_become_an_entity_relationship_diagram() -> None:
    head, *lines = mermaid(tables()).splitlines()
    assert head == "erDiagram"
    assert not [line for line in lines if not TABLE_LINE.fullmatch(line)]
    assert "    bigint id PK" in lines
    assert '  t0 }o--|| t1 : "user"' in lines
