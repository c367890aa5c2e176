"""The writer says only what the plan, the findings or the code say, and names which."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.domain.plan import Plan, Requirement
from missioncontrol.domain.work import Finding, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.specialist import Delivered
from missioncontrol.specialists.writer import Writer
from missioncontrol.specialists.writer.markdown import block, code, sentence
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.pack_text import pack_text
from missioncontrol.specialists.writer.packing import packed, tokens
from missioncontrol.specialists.writer.parts import parts_of
from missioncontrol.specialists.writer.writer import read_scene
from missioncontrol.testing.local_workspace import LocalDesk
from tests.specialists.small_mission import (
    FILES,
    PLAN,
    STORE,
    STORE_PATH,
    brief_for,
    delivered,
    drawn,
    expected,
    suite_ran,
    task,
    with_tasks,
    write_repository,
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return write_repository(tmp_path)


@pytest.fixture
def upstream(tmp_path: Path) -> dict[str, Delivered]:
    return {
        "tests": suite_ran(tmp_path / "tests"),
        "architecture": drawn(tmp_path / "architecture"),
    }


def written(
    directory: Path,
    repository: Path | None,
    *,
    plan: Plan = PLAN,
    upstream: dict[str, Delivered] | None = None,
) -> tuple[Work, dict[str, str]]:
    desk = LocalDesk(directory / "desk")
    brief = brief_for("specification", repository, plan=plan, upstream=upstream)
    work = Writer().work(brief, desk)
    texts = {ref.name: (desk.directory / ref.name).read_text("utf-8") for ref in work.artifacts}
    return work, texts


def test_all_four_documents_are_written(
    tmp_path: Path, repository: Path, upstream: dict[str, Delivered]
) -> None:
    work, texts = written(tmp_path, repository, upstream=upstream)
    assert list(texts) == [
        "specification.md",
        "outline.md",
        "execution-pack.md",
        "execution-pack.json",
        *(f"packs/{key}.{end}" for key in ("declare", "build") for end in ("md", "json")),
    ]
    assert work.evidence


def test_only_the_expected_documents_are_written(tmp_path: Path, repository: Path) -> None:
    only = task("specification", "writer", artifacts=expected("outline.md"))
    _, texts = written(tmp_path, repository, plan=with_tasks(PLAN, only))
    assert list(texts) == ["outline.md"]


def test_the_same_input_gives_the_same_bytes(
    tmp_path: Path, repository: Path, upstream: dict[str, Delivered]
) -> None:
    first = written(tmp_path / "1", repository, upstream=upstream)
    assert written(tmp_path / "2", repository, upstream=upstream) == first


def test_no_document_names_a_directory_of_this_machine(
    tmp_path: Path, repository: Path, upstream: dict[str, Delivered]
) -> None:
    _, texts = written(tmp_path, repository, upstream=upstream)
    assert not [name for name, text in texts.items() if str(tmp_path) in text]


def test_every_requirement_has_a_section_with_its_source_and_criteria(
    tmp_path: Path, repository: Path, upstream: dict[str, Delivered]
) -> None:
    work, texts = written(tmp_path, repository, upstream=upstream)
    text = texts["specification.md"]
    assert "### R1 · Add a Redis session store" in text
    assert "Asked in goal: “Add a Redis session store”." in text
    assert "- [ ] A test of it in `tests/test_store.py` passes. (`build`)" in text
    sections = work.output["requirements"]["R2"]["sections"]
    assert sections == ["specification.md#r2--no-new-runtime-dependencies"]


def test_a_constraint_is_met_by_what_speaks_of_it(tmp_path: Path, repository: Path) -> None:
    _, texts = written(tmp_path, repository)
    section = texts["specification.md"].split("### R2")[1].split("## Out of scope")[0]
    assert "R2: installing shop does not install `redis`" in section
    assert "tests/test_store.py" not in section


def test_definitions_come_with_lines_and_the_places_that_use_them(
    tmp_path: Path, repository: Path
) -> None:
    _, texts = written(tmp_path, repository)
    text = texts["specification.md"]
    assert "| `SessionStore` | 4-11 | derived from in `src/shop/store.py:14`" in text
    used = "`MemorySessionStore`, `load`, `save_session` in lines 9, 12, 13."
    assert f"- `src/shop/app.py`: uses {used}" in text
    assert "`src/shop/app.py:13` | calls `save_session`" in texts["outline.md"]


def test_facts_of_earlier_tasks_are_quoted_with_their_place(
    tmp_path: Path, repository: Path, upstream: dict[str, Delivered]
) -> None:
    _, texts = written(tmp_path, repository, upstream=upstream)
    assert "4 modules need it in all (architecture.json /goal/0)" in texts["specification.md"]
    assert "Reach: 4 modules need `src/shop/store.py` to run" in texts["outline.md"]


def test_only_a_command_that_was_run_counts_as_verified(
    tmp_path: Path, repository: Path, upstream: dict[str, Delivered]
) -> None:
    _, ran = written(tmp_path / "1", repository, upstream=upstream)
    _, not_ran = written(tmp_path / "2", repository)
    assert "verified: 2 passed, 0 failed" in ran["execution-pack.md"]
    assert "not verified: it was not run" in not_ran["execution-pack.md"]
    assert json.loads(ran["execution-pack.json"])["commands"][0]["verified"] is True
    assert "verified" not in json.loads(not_ran["execution-pack.json"])["commands"][0]


def test_a_failed_task_is_named_as_a_gap(tmp_path: Path, repository: Path) -> None:
    failed = Delivered("failed", Work(), {}, "The suite hung.")
    work, texts = written(tmp_path, repository, upstream={"tests": failed})
    assert "Task `tests` ended as failed: The suite hung." in texts["specification.md"]
    assert work.output["gaps"] == ["Task `tests` ended as failed: The suite hung."]


def test_the_pack_as_data_says_what_the_pack_as_text_says(
    tmp_path: Path, repository: Path, upstream: dict[str, Delivered]
) -> None:
    _, texts = written(tmp_path, repository, upstream=upstream)
    pack, text = json.loads(texts["execution-pack.json"]), texts["execution-pack.md"]
    for each in pack["tasks"]:
        assert f"({each['key']}`)" in text.replace("(`", "(")
        assert all(criterion in text for criterion in each["acceptance"])
    assert all(each["text"] in text for each in pack["code"])
    assert f"{pack['budget']['tokens']:,} of at most" in text
    assert pack["budget"]["tokens"] == tokens(text)


def test_excerpts_are_the_lines_of_the_file(tmp_path: Path, repository: Path) -> None:
    _, texts = written(tmp_path, repository)
    code_read = json.loads(texts["execution-pack.json"])["code"]
    assert {each["path"] for each in code_read} >= {STORE_PATH, "src/shop/app.py", "pyproject.toml"}
    for each in code_read:
        lines = FILES[each["path"]].split("\n")
        assert each["text"].split("\n") == lines[each["start"] - 1 : each["end"]]


def test_a_task_reads_the_files_it_names(tmp_path: Path, repository: Path) -> None:
    _, texts = written(tmp_path, repository)
    pack = json.loads(texts["execution-pack.json"])
    by_id = {each["id"]: each["path"] for each in pack["code"]}
    declare = next(each for each in pack["tasks"] if each["key"] == "declare")
    assert {by_id[name] for name in declare["read"]} == {"pyproject.toml"}


def test_what_does_not_fit_is_dropped_from_the_end_and_said(
    tmp_path: Path, repository: Path
) -> None:
    brief = brief_for("specification", repository)
    material = Material(brief, PLAN, read_scene(brief, PLAN))
    whole = packed(material)
    small = packed(material, tokens_max=whole.budget.tokens - 100)
    assert small.code == whole.code[: len(small.code)]
    assert small.budget.dropped == tuple(each.place for each in whole.code[len(small.code) :])
    assert tokens(pack_text(small)) <= small.budget.tokens_max
    assert f"`{small.budget.dropped[0]}`" in pack_text(small)


def test_a_pack_without_room_for_any_excerpt_says_so(tmp_path: Path, repository: Path) -> None:
    brief = brief_for("specification", repository)
    pack = packed(Material(brief, PLAN, read_scene(brief, PLAN)), tokens_max=10)
    assert not pack.code
    assert "Over budget even without any excerpt" in pack_text(pack)


def test_without_a_repository_the_plan_alone_is_written_down(tmp_path: Path) -> None:
    _, texts = written(tmp_path, None)
    assert "What exists today" not in texts["specification.md"]
    assert "There is no repository: only the plan was read." in texts["specification.md"]


def test_an_empty_repository_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    _, texts = written(tmp_path, tmp_path / "empty")
    assert "No file of code answers to this goal" in texts["outline.md"]


def test_findings_in_a_changed_file_are_passed_on(
    tmp_path: Path, repository: Path, upstream: dict[str, Delivered]
) -> None:
    finding = Finding("bandit.B301", "high", "Pickle is unsafe", STORE_PATH, 7, remedy="Use JSON.")
    upstream["tests"] = suite_ran(tmp_path / "found", findings=(finding,))
    _, texts = written(tmp_path, repository, upstream=upstream)
    assert "`src/shop/store.py:7` Pickle is unsafe. Use JSON." in texts["outline.md"]


def test_building_on_what_is_deprecated_raises_a_doubt(tmp_path: Path, repository: Path) -> None:
    build = next(each for each in PLAN.tasks() if each.key == "build")
    build = msgspec.structs.replace(build, detail="Extend `old_session` in `src/shop/store.py`.")
    _, texts = written(tmp_path, repository, plan=with_tasks(PLAN, build))
    assert "Doubt: the plan builds on `old_session`" in texts["outline.md"]


def test_what_a_constraint_excludes_is_out_of_scope_and_not_to_touch(
    tmp_path: Path, repository: Path
) -> None:
    _, texts = written(tmp_path, repository)
    assert "- No new runtime dependencies. (R2," in texts["specification.md"]
    keep_out = json.loads(texts["execution-pack.json"])["keep_out"]
    assert keep_out[0]["what"] == "No new runtime dependencies"


def test_two_unrelated_missions_share_no_sentence_but_headings(
    tmp_path: Path, repository: Path
) -> None:
    other = msgspec.structs.replace(
        PLAN,
        goal="Export orders as CSV",
        title="Export orders as CSV",
        requirements=(Requirement("R1", "Export orders as CSV", source="goal: “Export”"),),
        risks=(),
        decisions=(),
        obtained="written by somebody else",
        architecture=msgspec.structs.replace(PLAN.architecture, components=(), relations=()),
        phases=(
            msgspec.structs.replace(
                PLAN.phases[0],
                tasks=(
                    task("specification", "writer"),
                    task("csv", "builder", detail="Write rows.", acceptance=("A row is there.",)),
                ),
            ),
        ),
    )
    (tmp_path / "csv").mkdir()
    _, ours = written(tmp_path / "1", repository)
    _, theirs = written(tmp_path / "2", tmp_path / "csv", plan=other)
    shared = _sentences(ours["specification.md"]) & _sentences(theirs["specification.md"])
    assert shared <= {"Met when:"}


def _sentences(text: str) -> set[str]:
    lines = {line.strip() for line in text.splitlines()}
    return {line for line in lines if line and not line.startswith(("#", "|"))}


def test_without_a_plan_the_task_is_refused(tmp_path: Path, repository: Path) -> None:
    brief = msgspec.structs.replace(brief_for("specification", repository), plan=None)
    with pytest.raises(AttemptFailed, match="no plan"):
        Writer().work(brief, LocalDesk(tmp_path / "desk"))


def test_definitions_of_python_end_where_they_end() -> None:
    places = {part.title: (part.start, part.end) for part in parts_of("a.py", STORE, "Python")}
    assert places["SessionStore"] == (4, 11)
    assert places["MemorySessionStore.load"] == (20, 21)


def test_definitions_with_braces_end_at_the_closing_one() -> None:
    text = 'function a(x) {\n  if (x) { return "}" }\n}\n\nfunction b() {\n}\n'
    places = [(part.name, part.start, part.end) for part in parts_of("a.js", text, "JavaScript")]
    assert places == [("a", 1, 3), ("b", 5, 6)]


def test_methods_of_objects_and_classes_are_definitions_whatever_patterns_stand_in_them() -> None:
    text = (
        "module.exports = {\n  redirect (url) {\n    if (/^https?:\\/\\//i.test(url)) {\n"
        "      url = escape(url)\n    } // it's safe\n    return url\n  },\n\n"
        "  get host () {\n    return ''\n  },\n  sent: function (a) {\n  }\n}\n\n"
        "class Store {\n  static async load(id = 'x'): Promise<Item> {\n    for (const a of b) {\n"
        "    }\n    describe('it', () => {\n    })\n  }\n}\n"
    )
    places = [(part.name, part.start, part.end) for part in parts_of("a.ts", text, "TypeScript")]
    assert places == [
        ("redirect", 2, 7),
        ("host", 9, 11),
        ("sent", 12, 13),
        ("Store", 16, 23),
        ("load", 17, 22),
    ]


def test_typed_methods_are_definitions_and_statements_are_none() -> None:
    text = (
        "class Cart {\n  public List<String> items(int page) throws Oops {\n"
        "    if (page) {\n    } else if (more(page)) {\n    }\n    return new Thing(page) {\n"
        "    };\n  }\n}\n"
    )
    names = [part.name for part in parts_of("Cart.java", text, "Java")]
    assert names == ["Cart", "items"]


@pytest.mark.parametrize(
    ("text", "result"),
    [("a", "a."), ("a.", "a."), ("“a.”", "“a.”"), ("“a”", "“a”."), ("は。", "は。"), ("", "")],
)
def test_a_sentence_ends_once(text: str, result: str) -> None:
    assert sentence(text) == result


def test_backticks_in_the_text_do_not_break_out_of_code() -> None:
    assert code("a `b` c") == "`` a `b` c ``"
    assert next(block(["```", "x"], "Python")) == "````python"


def test_what_the_goal_says_beside_its_requirements_is_kept(
    tmp_path: Path, repository: Path
) -> None:
    plan = msgspec.structs.replace(PLAN, goal=f"{PLAN.goal}. Entries expire after thirty days.")
    _, texts = written(tmp_path, repository, plan=plan)
    statement = "in no requirement of the plan: “Entries expire after thirty days.”"
    assert statement in texts["specification.md"]


def test_the_history_of_a_changed_file_is_told_with_its_place(
    tmp_path: Path, repository: Path
) -> None:
    rows = [{"path": "a.py"}, {"path": STORE_PATH, "commits": 7, "authors": ["A"], "fixes": 2}]
    pairs = [{"one": "src/shop/app.py", "other": STORE_PATH, "together": 5, "degree": 0.7}]
    left = delivered(
        tmp_path / "history", {"history.json": json.dumps({"files": rows, "pairs": pairs})}
    )
    _, texts = written(tmp_path, repository, upstream={"architecture": left})
    statement = "Changed in 7 commits by 1 person, 2 of them fixes (history.json /files/1)."
    assert statement in texts["specification.md"]
    assert "`src/shop/app.py` (5 times, history.json /pairs/0)" in texts["outline.md"]


def test_odd_plans_and_odd_upstream_files_do_no_harm(tmp_path: Path, repository: Path) -> None:
    broken: dict[str, Any] = {"history.json": "[1", "tests.json": "[]", "architecture.json": "7"}
    files = {}
    for name, text in broken.items():
        (tmp_path / name).write_text(text)
        files[name] = tmp_path / name
    upstream = {"tests": Delivered("succeeded", Work(summary="odd"), files)}
    _, texts = written(tmp_path, repository, upstream=upstream)
    assert len(texts) == 8


def test_a_file_that_defines_nothing_has_no_parts() -> None:
    assert (
        parts_of("index.js", "'use strict'\nmodule.exports = require('./lib')\n", "JavaScript")
        == []
    )
    assert parts_of("empty.ts", "", "TypeScript") == []


def test_what_is_asked_for_is_never_what_is_not_to_be_touched(
    tmp_path: Path, repository: Path
) -> None:
    wanted = Requirement("R3", "Log only the errors, without changing the format", source="goal")
    plan = msgspec.structs.replace(PLAN, requirements=(*PLAN.requirements, wanted))
    _, texts = written(tmp_path, repository, plan=plan)
    keep_out = {each["what"] for each in json.loads(texts["execution-pack.json"])["keep_out"]}
    assert wanted.text not in keep_out
    assert "No new runtime dependencies" in keep_out
