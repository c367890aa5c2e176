"""Documents of a mission: every statement sourced, nothing false, the same bytes."""

import json
import re
from typing import Any

import msgspec
import pytest

from missioncontrol.documents.merge import Conflict, merged, settled, stands
from missioncontrol.documents.sections import sections
from missioncontrol.documents.studio import markdown, parts
from missioncontrol.documents.studio.builder import built
from missioncontrol.documents.studio.design import LINES_MAX, Shown, shown_of
from missioncontrol.documents.studio.export import Form, exported, pictures
from missioncontrol.documents.studio.material import Material
from missioncontrol.documents.studio.model import Document, Source, Statement, statements_of
from missioncontrol.domain.building import NOT_PROVEN
from missioncontrol.domain.document import CHARACTERS_MAX, KINDS, TITLES, DocumentKind
from missioncontrol.domain.estimates import Estimate
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.work import Work
from tests.documents.records import Made, Store, every_kind, redis_plan, redis_run
from tests.documents.test_report_changes import built as with_changes

HOSTILE = "<script>alert(1)</script> [x](javascript:y) ![p](q) | a\n# b [^R1] \u202e"


def written(made: Made, kind: DocumentKind) -> str:
    document = built(made.record, kind, made.store.read)
    defined = markdown.definitions(document.sources().values())
    return markdown.with_sources(markdown.body_of(document), defined)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("standing", ["succeeded", "failed", "running", "cancelled", "queued"])
def test_a_document_is_built_however_the_run_stands(kind: DocumentKind, standing: str) -> None:
    made = every_kind()[standing]
    document = built(made.record, kind, made.store.read)
    assert document.title.startswith(TITLES[kind])
    assert document.sections
    for text, sources in statements_of(document):
        assert text.strip()
        assert sources, text
    assert written(made, kind) == written(made, kind), "the same record gives the same bytes"


@pytest.mark.parametrize("kind", KINDS)
def test_every_footnote_leads_to_a_source_and_every_source_is_named(kind: DocumentKind) -> None:
    text = written(redis_run(), kind)
    defined = markdown.defined_in(text)
    used = set(markdown.notes_in(text))
    assert used == set(defined)
    shown, listed = markdown.numbered(text)
    assert [key for key, _ in listed] == list(dict.fromkeys(markdown.notes_in(text)))
    assert "[^" not in shown
    numbers = re.findall(r"\d+", " ".join(re.findall(r"\\\[([\d, ]+)\\\]", shown)))
    assert max(map(int, numbers)) == len(listed)


@pytest.mark.parametrize("kind", KINDS)
def test_a_typed_document_survives_json(kind: DocumentKind) -> None:
    made = redis_run()
    document = built(made.record, kind, made.store.read)
    encoded = msgspec.json.encode(document, order="deterministic")
    assert msgspec.json.decode(encoded, type=Document) == document


def test_nothing_is_said_without_a_source() -> None:
    with pytest.raises(AssertionError):
        Statement("It will be fast.", ())


@pytest.mark.parametrize("kind", KINDS)
def test_what_strangers_wrote_cannot_become_markup(kind: DocumentKind) -> None:
    plan = redis_plan()
    hostile = msgspec.structs.replace(
        plan,
        goal=HOSTILE,
        title=HOSTILE,
        summary=HOSTILE,
        requirements=tuple(
            msgspec.structs.replace(each, text=HOSTILE, source=HOSTILE)
            for each in plan.requirements
        ),
        decisions=tuple(
            msgspec.structs.replace(each, title=HOSTILE, choice=HOSTILE) for each in plan.decisions
        ),
        risks=tuple(msgspec.structs.replace(each, title=HOSTILE) for each in plan.risks),
        questions=(HOSTILE,),
    )
    text = written(redis_run(plan=hostile), kind)
    lines = [line for line in text.split("\n") if not line.startswith("    ")]
    assert "\u202e" not in text
    assert not any(re.match(r"# b", line) for line in lines)
    assert not re.search(r"(?<!\\)<script", text)
    assert not re.search(r"(?<!\\)\]\(javascript", text)


def test_a_plan_of_before_documents_has_documents_too() -> None:
    old = Plan("g", "t", "s", (), (), (), ())
    made = redis_run(plan=old, works={})
    for kind in KINDS:
        assert written(made, kind).startswith(f"# {TITLES[kind]}")


def test_requirements_say_what_counts_as_done_and_where_they_come_from() -> None:
    made = redis_run()
    text = written(made, "prd")
    for each in made.record.plan.requirements:
        assert f"[^{each.id}]" in text
    for one in made.record.tasks:
        if one.task.is_change and one.task.requirements:
            assert f"`{one.task.key}`" in text


def test_the_output_that_a_goal_quotes_is_not_run_into_its_sentence() -> None:
    made = redis_run()
    goal = "Sessions are lost.\n\n```\nTraceback (most recent call last):\n```\n\nKeep them."
    made = msgspec.structs.replace(made, record=msgspec.structs.replace(made.record, goal=goal))
    for kind in KINDS:
        assert "Traceback (most" not in written(made, kind)
    assert "“Sessions are lost. Keep them.”, with the output that it quotes" in written(made, "prd")


def test_the_brief_says_what_failed_though_no_reviewer_came_to_it() -> None:
    made = every_kind()["failed"]
    first = next(one for one in made.record.tasks if one.state == "failed")
    needed = written(made, "brief").partition("## Needed from you")[2].partition("\n## ")[0]
    assert f"`{first.task.key}`" in needed
    assert f"`mission runs retry {made.record.run} {first.task.key}`" in needed


def test_the_brief_fits_a_page() -> None:
    made = redis_run()
    long = msgspec.structs.replace(
        made.record.plan,
        questions=tuple(f"Question {n} {'word ' * 60}?" for n in range(30)),
    )
    for plan in (made.record.plan, long):
        text, _ = markdown.numbered(written(redis_run(plan=plan), "brief"), brief=True)
        assert len(text.split()) < 480


def test_a_mission_that_only_planned_has_nothing_to_release() -> None:
    text = written(redis_run(), "release-notes")
    assert "Nothing to release" in text
    assert "## Changed" not in text
    changes = [each for each in redis_run().record.tasks if each.task.is_change]
    assert f"once {'its' if len(changes) == 1 else 'their'} patch is there" in text


def test_release_notes_tell_what_was_really_changed_and_how_it_was_proven() -> None:
    text = written(with_changes(failed=2), "release-notes")
    assert "## Changed" in text
    assert "`a.py`" in text
    assert "3 passed, 2 failed" in text
    assert "When you upgrade" in text
    doubted = written(with_changes(NOT_PROVEN), "release-notes")
    assert f"Why: {NOT_PROVEN}" in doubted
    untouched = written(with_changes(patch=""), "release-notes")
    assert "Nothing to release" in untouched


def test_text_stays_bounded() -> None:
    made = redis_run()
    huge = msgspec.structs.replace(made.record, goal="word " * 4_000, context="more " * 40_000)
    for kind in KINDS:
        document = built(huge, kind, made.store.read)
        assert len(markdown.body_of(document)) < CHARACTERS_MAX / 2


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        pytest.param({"Python": 10_533, "Windows Batch": 35}, "nearly all of it Python", id="one"),
        pytest.param({"Python": 100}, "all of it Python", id="alone"),
        pytest.param(
            {"Python": 70, "C": 28, "Shell": 2}, "of which 70 % Python and 28 % C", id="two"
        ),
    ],
)
def test_only_languages_that_matter_are_named(languages: dict[str, int], expected: str) -> None:
    store, lines = Store(), sum(languages.values())
    rows = [{"language": name, "lines": count} for name, count in languages.items()]
    survey = json.dumps({"code_lines": lines, "languages": rows})
    artifact = store.keep("survey.json", survey, "application/json")
    made = redis_run(works={"survey": Work(artifacts=(artifact,))}, store=store)
    document = built(made.record, "design", store.read)
    [text] = [text for text, _ in statements_of(document) if "lines of code" in text]
    assert text.endswith(f"{lines:,} lines of code, {expected}.")


def test_artifacts_that_cannot_be_read_leave_gaps_and_no_claims() -> None:
    made = redis_run()
    empty = Store()

    def gone(digest: str) -> bytes:
        return empty.read(digest)

    document = built(made.record, "design", gone)
    assert not any("lines of code" in text for text, _ in statements_of(document))


# Footnotes.


def source(key: str, text: str = "somewhere") -> Source:
    return Source(key, "code", text)


def test_footnotes_mean_the_same_after_lines_were_moved() -> None:
    text = "One.[^R1] Two.[^a/b.py:3]\n"
    defined = {"R1": "Requirement", "a/b.py:3": "a line", "unused": "x"}
    full = markdown.with_sources(text, defined)
    assert markdown.defined_in(full) == {"R1": "Requirement", "a/b.py:3": "a line"}
    assert markdown.without_sources(full, defined) == text
    moved = "Two.[^a/b.py:3] One.[^R1]\n"
    assert markdown.numbered(markdown.with_sources(moved, defined))[1][0][0] == "a/b.py:3"


def test_what_a_person_added_to_the_sources_stays() -> None:
    defined = {"R1": "Requirement"}
    text = "One.[^R1] Mine.[^me]\n\n## Sources\n\n[^R1]: Requirement\n[^me]: I was there\n"
    body = markdown.without_sources(text, defined)
    assert "[^me]: I was there" in body
    again = markdown.with_sources(body, defined)
    assert set(markdown.defined_in(again)) == {"R1", "me"}


def test_a_key_holds_nothing_that_ends_a_footnote() -> None:
    for key in ("a b", "x]y", "`c`", "|", "^", "ä\n"):
        assert re.fullmatch(r"[^\s\[\]^`|<>\\]+", markdown.key_of(source(key)))


# Conflicts.


def conflicting() -> tuple[str, Conflict]:
    base = "# T\n\n## A\n\nold\n\n## B\n\nsame\n"
    found = merged(base, base.replace("old", "mine"), base.replace("old", "theirs"))
    return found.text, found.conflicts[0]


@pytest.mark.parametrize(
    ("theirs", "remaining", "gone"), [(True, "theirs", "mine"), (False, "mine", "theirs")]
)
def test_a_decided_conflict_leaves_one_side(theirs: bool, remaining: str, gone: str) -> None:
    text, conflict = conflicting()
    assert stands(text, conflict)
    after = settled(text, conflict, theirs=theirs)
    assert remaining in after
    assert gone not in after
    assert "<!--" not in after
    assert not stands(after, conflict)


def test_a_section_that_is_generated_no_more_can_go_or_stay() -> None:
    base = "# T\n\n## A\n\nold\n\n## B\n\nsame\n"
    found = merged(base, base.replace("old", "mine"), "# T\n\n## B\n\nsame\n")
    (conflict,) = found.conflicts
    assert settled(found.text, conflict, theirs=False) == found.text
    gone = settled(found.text, conflict, theirs=True)
    assert "mine" not in gone
    assert [each.title for each in sections(gone)] == ["T", "B"]


def test_what_does_not_stand_any_more_changes_nothing() -> None:
    text, conflict = conflicting()
    other = text.replace("theirs", "neither")
    assert settled(other, conflict, theirs=True) == other


# Prose of a model.


def with_prose(passage: dict[str, Any]) -> str:
    store = Store()
    prose = {"model": "m", "passages": [passage]}
    artifact = store.keep("prose.json", msgspec.json.encode(prose).decode(), "application/json")
    made = redis_run(store=store)
    tasks = list(made.record.tasks)
    work = msgspec.structs.replace(tasks[0].work, artifacts=(*tasks[0].work.artifacts, artifact))
    tasks[0] = msgspec.structs.replace(tasks[0], work=work)
    record = msgspec.structs.replace(made.record, tasks=tuple(tasks))
    return written(Made(record, store), "prd")


PASSAGE = {"document": "prd", "section": "asked", "text": "Sessions move.", "facts": ["R1", "D1"]}


def test_an_accepted_passage_stands_in_its_section_with_its_facts() -> None:
    text = with_prose({**PASSAGE, "accepted": True})
    assert "Sessions move.[^R1][^D1][^prose.json/passages/0]" in text


def test_a_refused_passage_stands_nowhere() -> None:
    assert "Sessions move" not in with_prose({**PASSAGE, "accepted": False, "reason": "doubt"})
    assert "Sessions move" not in with_prose({**PASSAGE, "accepted": "yes"})


# Forms that people pass on.


def pages(content: bytes) -> int:
    return len(re.findall(rb"/Type ?/Page[^s]", content))


def test_the_brief_is_one_page_of_paper_however_much_there_is_to_say() -> None:
    made = redis_run()
    long = msgspec.structs.replace(
        made.record.plan,
        questions=tuple(f"Question {n} {'word ' * 60}?" for n in range(30)),
        risks=tuple(
            msgspec.structs.replace(made.record.plan.risks[0], id=f"K{n}", title="word " * 30)
            for n in range(9)
        ),
    )
    for plan in (made.record.plan, long):
        text = written(redis_run(plan=plan), "brief")
        assert pages(exported(text, "brief", "pdf", {})) == 1


@pytest.mark.parametrize("form", ["html", "docx", "pdf"])
def test_a_design_is_passed_on_with_its_drawings_and_numbered_sources(form: Form) -> None:
    made = redis_run()
    images = pictures(made.record, made.store.read)
    assert "diagrams/proposed.svg" in images
    content = exported(written(made, "design"), "design", form, images)
    assert content == exported(written(made, "design"), "design", form, images)
    if form == "html":
        text = content.decode()
        assert "[^" not in text
        assert "Sources" in text


def test_markdown_goes_out_as_it_is_kept() -> None:
    text = written(redis_run(), "prd")
    assert exported(text, "prd", "md", {}) == text.encode()


def test_the_items_of_a_goal_are_sentences_and_no_dashes_join_them() -> None:
    made = redis_run()
    goal = "Keep sessions in Redis.\n- Let callers set a prefix\n- Refuse an empty one."
    made = msgspec.structs.replace(made, record=msgspec.structs.replace(made.record, goal=goal))
    for kind in ("prd", "design", "brief"):
        text = written(made, kind)
        assert " - " not in text.partition("\n## Sources")[0]
        assert "Keep sessions in Redis. Let callers set a prefix; Refuse an empty one." in text


def packed_code(made: Made, lines: int, more: int, **fields: Any) -> Material:
    """Return a mission whose pack holds one definition of so many lines, and cuts so many."""
    text = "\n".join(f"    line_{n}" for n in range(lines))
    code = [{"path": "a/b.py", "start": 10, "end": 9 + lines, "title": "B", "text": text}]
    code[0] |= {"more": more, **fields}
    stored = made.store.keep("execution-pack.json", json.dumps({"code": code}), "application/json")
    work = Work(artifacts=(stored,))
    return Material(redis_run(works={"pack": work}, store=made.store).record, made.store.read)


def first_shown(of: Material) -> Shown:
    return shown_of(of, of.rows("execution-pack.json", "code")[0])


def test_a_definition_is_shown_whole_within_its_budget() -> None:
    shown = first_shown(packed_code(redis_run(), LINES_MAX, 0))
    assert len(shown.lines) == LINES_MAX
    assert not shown.note


def test_what_has_no_room_is_counted_and_placed() -> None:
    shown = first_shown(packed_code(redis_run(), LINES_MAX + 1, 0))
    assert len(shown.lines) == LINES_MAX
    assert "1 line of `a/b.py` is left out here (line 210)" in shown.note
    shown = first_shown(
        packed_code(redis_run(), 50, 30, left_out=["`is_a` (55-58)", "`get` (61-70)"])
    )
    assert ", lines 10 to 59 of 80; 30 lines of `a/b.py` are left out here" in shown.note
    assert "(lines 60 to 89, with `get` (61-70))" in shown.note


def test_what_a_pack_cuts_is_read_from_the_repository_where_that_is_the_same() -> None:
    of = packed_code(redis_run(), 50, 30)
    whole = "\n".join(["x"] * 9 + [f"    line_{n}" for n in range(80)] + ["y"])
    of.source = lambda path: whole if path == "a/b.py" else None
    shown = first_shown(of)
    assert (len(shown.lines), shown.lines[-1], shown.note) == (80, "    line_79", "")
    of.source = lambda _: whole.replace("line_3", "changed")
    assert len(first_shown(of).lines) == 50


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [
        (Estimate("", "seconds", 10, 125, 190), "2 min 05 s from its first step to its end"),
        (Estimate("t", "seconds", 1, 2.5, 9), "2.50 s at work"),
        (Estimate("", "files", 1, 1, 2), "1 file"),
        (Estimate("", "lines", 1, 1, 10, label="a few lines (up to 10)"), "a few lines (up to 10)"),
        (Estimate("", "hours", 1, 1, 3), "1 hour of a person"),
        (Estimate("", "hours", 1, 2.5, 3), "2.5 hours of a person"),
        (Estimate("", "cost", 1, 1_500_000, 3), "$1.50 for models"),
    ],
)
def test_an_estimate_says_what_it_counts(estimate: Estimate, expected: str) -> None:
    plan = msgspec.structs.replace(redis_plan(), estimates=(estimate,))
    text = parts.estimates(Material(redis_run(plan=plan).record, Store().read))
    assert text is not None
    assert expected in [cell for row in text.rows for cell in row.cells]  # type: ignore[union-attr]


def test_an_estimate_says_whether_it_names_all_that_it_comes_from() -> None:
    basis = ("a1 Add x (1 file)", "b2 Add y (2 files)", "c3 Add z (3 files)")
    several = Estimate("", "files", 1, 2, 3, basis, 12)
    one = Estimate("", "lines", 1, 2, 3, basis[:1], 1)
    plan = msgspec.structs.replace(redis_plan(), estimates=(several, one))
    text = markdown_of(plan)
    assert "12 comparable cases, such as a1 Add x (1 file); b2 Add y (2 files)" in text
    assert "1 comparable case: a1 Add x (1 file)" in text


def markdown_of(plan: Plan) -> str:
    return written(redis_run(plan=plan), "prd")
