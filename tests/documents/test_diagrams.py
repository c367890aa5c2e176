"""The diagrams of a mission: about this mission alone, with a place for all that they say."""

import hashlib
import json
from importlib.resources import files
from typing import Any

import msgspec
import pytest

from missioncontrol.documents.drawing.blueprint import blueprint_text
from missioncontrol.documents.drawing.diagrams import (
    KINDS,
    diagram,
    diagrams,
    drawn,
    file_svg,
    mermaid_text,
    places,
)
from missioncontrol.documents.drawing.material import Material
from missioncontrol.documents.drawing.report_drawings import style
from missioncontrol.documents.report import report_html
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.plan import Architecture, Plan
from missioncontrol.domain.work import ArtifactRef, Work
from tests.documents.records import Made, Store, redis_plan, redis_run

BLUEPRINT: dict[str, Any] = {
    "name": "Flask",
    "units": [
        {"id": "p", "name": "Flask", "kind": "package", "path": "setup.cfg", "line": 2,
         "detail": "Python package"},
        {"id": "w", "name": "web", "kind": "service", "path": "compose.yml", "line": 3,
         "excerpt": "web:\n  build: .", "group": "compose.yml"},
    ],
    "ties": [{"source": "w", "target": "p", "label": "runs", "path": "compose.yml", "line": 4}],
    "tables": [
        {"name": "users", "kind": "table", "path": "schema.sql", "line": 1, "how": "CREATE TABLE",
         "columns": [{"name": "id", "type": "int", "mark": "key"}]},
        {"name": "visits", "kind": "table", "path": "schema.sql", "line": 5,
         "columns": [{"name": "user_id", "type": "int", "mark": "reference"}]},
    ],
    "references": [{"source": "visits", "target": "users", "column": "user_id",
                    "path": "schema.sql", "line": 6}],
    "practices": [{"topic": "check", "text": "`flake8` is configured.", "path": "setup.cfg",
                   "line": 9}],
    "entries": [{"name": "flask", "kind": "command", "target": "flask.cli:main",
                 "path": "setup.cfg", "line": 45, "module": "src/flask/cli.py"}],
    "foundation": [{"kind": "language", "name": "Python", "detail": ">= 3.7",
                    "path": "setup.cfg", "line": 38}],
    "shape": [{"path": "src/flask", "files": 22, "lines": 9000, "holds": "code",
               "languages": ["Python"]}],
    "deployment_files": ["compose.yml"],
}  # fmt: skip
STRUCTURE: dict[str, Any] = {
    "modules": [{"path": path, "lines": 9} for path in (
        "src/flask/cli.py", "src/flask/app.py", "src/flask/sessions.py", "src/flask/json.py",
    )],
    "imports": [
        {"source": "src/flask/cli.py", "target": "src/flask/app.py", "file": "src/flask/cli.py",
         "line": 3, "text": "from .app import Flask", "when": "load"},
        {"source": "src/flask/app.py", "target": "src/flask/sessions.py",
         "file": "src/flask/app.py", "line": 7, "text": "from .sessions import x", "when": "load"},
        {"source": "src/flask/sessions.py", "target": "src/flask/json.py",
         "file": "src/flask/sessions.py", "line": 2, "text": "from . import json", "when": "load"},
    ],
}  # fmt: skip


def made(plan: Plan | None = None, **artifacts: Any) -> Made:
    """Return a run of which two tasks have left these artifacts."""
    store = Store()
    works = {}
    for task, (name, value) in zip(("survey", "modules"), artifacts.items(), strict=False):
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        digest = hashlib.sha256(content).hexdigest()
        store.contents[digest] = content
        named = f"{name}.json"
        works[task] = Work(
            summary="s",
            artifacts=(ArtifactRef(named, digest, len(content), "application/json"),),
        )
    return redis_run(plan=plan, works=works, store=store)


def material(one: Made) -> Material:
    return Material(one.record, one.store.read)


@pytest.fixture
def whole() -> Material:
    return material(made(blueprint=BLUEPRINT, architecture=STRUCTURE))


def test_the_tasks_that_are_used_here_exist() -> None:
    assert {"survey", "modules"} <= {task.key for task in redis_plan().tasks()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_and_says_what_it_shows(whole: Material, kind: str) -> None:
    found = diagram(whole, kind)
    assert found.said
    graph = drawn(found)
    assert graph.nodes
    assert file_svg(graph).startswith("<svg ")
    assert mermaid_text(graph).startswith(("flowchart ", "erDiagram"))


@pytest.mark.parametrize("kind", KINDS)
def test_each_box_leads_somewhere_or_stands_for_somebody(whole: Material, kind: str) -> None:
    for node in drawn(diagram(whole, kind)).nodes:
        assert node.link is not None or node.kind in ("actor", "more"), node


@pytest.mark.parametrize("kind", KINDS)
def test_edges_join_boxes_that_are_there(whole: Material, kind: str) -> None:
    graph = drawn(diagram(whole, kind))
    names = {node.id for node in graph.nodes}
    assert all({edge.source, edge.target} <= names for edge in graph.edges)


def test_the_plan_is_marked_over_the_modules_that_stand(whole: Material) -> None:
    graph = drawn(diagram(whole, "proposed"))
    marks = {node.link.key: node.mark for node in graph.nodes if node.link}
    assert marks["src/flask/sessions.py"] == "changed"
    assert marks["src/flask/json.py"] == ""
    assert "new" in marks.values()
    assert "(+)" in graph.said
    (line,) = [edge for edge in graph.edges if edge.target == "src/flask/json.py"]
    assert line.because == "src/flask/sessions.py:2 from . import json"


def test_the_flow_follows_imports_from_a_way_in_to_what_changes(whole: Material) -> None:
    graph = drawn(diagram(whole, "flow"))
    (way,) = [edge for edge in graph.edges if edge.source == "in flask"]
    assert way.label == "through 1 module"
    assert way.because == "src/flask/cli.py → src/flask/app.py → src/flask/sessions.py"
    assert ("who someone at a terminal", "in flask") in {(e.source, e.target) for e in graph.edges}


def test_deployment_and_data_model_name_files_and_lines(whole: Material) -> None:
    found = diagram(whole, "deployment")
    assert found.said.startswith("Read from compose.yml.")
    rows = {place.node.label: place for place in places(found, whole)}
    assert rows["web"].where == "compose.yml:3"
    assert rows["web"].excerpt == "web:\n  build: ."
    assert rows["web"].leads_to[0] == "runs Flask (compose.yml:4)"
    data = diagram(whole, "data-model")
    assert data.said == "2 tables defined in schema.sql."
    (edge,) = drawn(data).edges
    assert (edge.source, edge.target, edge.because) == ("visits", "users", "schema.sql:6")


def test_nothing_found_is_a_sentence_and_no_picture() -> None:
    empty = material(made(blueprint={"looked_for": ["Dockerfiles", "CREATE TABLE"]}))
    found = diagram(empty, "data-model")
    assert found.graph is None
    assert found.said == (
        "This repository defines no table and no data class. Looked for: CREATE TABLE."
    )
    with pytest.raises(NotFound) as refused:
        drawn(found)
    assert refused.value.code == "diagram.empty"


def test_without_specialists_only_the_plan_is_drawn() -> None:
    alone = material(made())
    found = {each.kind: each for each in diagrams(alone)}
    assert found["as-is"].graph is None
    assert found["deployment"].graph is None
    assert found["proposed"].graph is not None
    assert "no survey has read the ways in yet" in found["flow"].said
    assert blueprint_text(alone).missing


def test_a_plan_without_an_architecture_says_so() -> None:
    plan = msgspec.structs.replace(redis_plan(), architecture=Architecture())
    assert "names no part" in diagram(material(made(plan)), "proposed").said


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"units": 3}', b"\xff\xfe", b"{" * 9_999])
def test_a_broken_artifact_is_no_artifact(content: bytes) -> None:
    assert material(made(blueprint=content)).blueprint is None


def test_an_unknown_kind_is_refused_with_those_there_are(whole: Material) -> None:
    with pytest.raises(NotFound) as refused:
        diagram(whole, "cloud")
    assert "flow, as-is" in refused.value.hint


def test_the_blueprint_says_where_each_statement_stands(whole: Material) -> None:
    text = blueprint_text(whole)
    assert all(one.source for one in (*text.foundation, *text.operating))
    assert ("Language", "Python >= 3.7", "setup.cfg:38") in {
        (one.topic, one.text, one.source) for one in text.foundation
    }
    assert any(one.topic == "Hand-off" and one.by_plan for one in text.operating)
    (level,) = text.shape
    assert level.changes >= 1


def test_the_report_holds_the_drawings_and_their_links_lead_within_it() -> None:
    one = made(blueprint=BLUEPRINT, architecture=STRUCTURE)
    page = report_html(one.record, one.store.read)
    assert page.count('class="drawing"') == 5
    assert 'id="blueprint"' in page
    assert 'href="#box-deployment-2"' in page
    assert 'id="box-deployment-2"' in page


def test_words_of_a_repository_are_text_in_every_form() -> None:
    nasty = "</svg><script>alert(1)</script>"
    hostile = json.loads(json.dumps(BLUEPRINT).replace("web", nasty))
    one = made(blueprint=hostile, architecture=STRUCTURE)
    assert "<script" not in report_html(one.record, one.store.read)
    assert "<script" not in file_svg(drawn(diagram(material(one), "deployment")))


def test_pages_and_reports_colour_drawings_by_the_same_rules() -> None:
    rules = style()
    block = rules[rules.index("  .drawing {") : rules.index("\n}")]
    pages = files("missioncontrol.interfaces.web") / "static/css/areas/drawings.css"
    assert block in pages.read_text("utf-8")
