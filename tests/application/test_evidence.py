"""Every kind of check, passed and failed."""

from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.application import evidence as module
from missioncontrol.application.evidence import checks_of, count_tests, resolve
from missioncontrol.domain.plan import ExpectedArtifact
from missioncontrol.domain.run.events import Check
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import (
    ArtifactRef,
    CommandRan,
    Fact,
    FilesRead,
    Work,
)
from missioncontrol.domain.work import TestsRan as RanTests

JUNIT = b"""<?xml version="1.0"?>
<testsuites><testsuite name="a">
  <testcase name="one"/><testcase name="two"/>
  <testcase name="three"><failure message="no">why</failure></testcase>
  <testcase name="four"><error/></testcase>
  <testcase name="five"><skipped/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def store(tmp_path: Path) -> FolderArtifactStore:
    return FolderArtifactStore(tmp_path)


Store = FolderArtifactStore


def kept(store: Store, name: str, content: bytes, media_type: str = "text/plain") -> ArtifactRef:
    return ArtifactRef(name, store.put(content), len(content), media_type)


def checks(store: Store, work: Work, *expected: ExpectedArtifact) -> tuple[Check, ...]:
    return checks_of(Step("a", "hand", expects=expected), work, store)


def only(found: tuple[Check, ...]) -> Check:
    (check,) = found
    return check


def test_work_that_claims_nothing_and_owes_nothing_needs_no_check(store: Store) -> None:
    assert checks(store, Work("Done.", output=1)) == ()


def test_evidence_without_a_report_is_taken_as_it_is(store: Store) -> None:
    work = Work(
        evidence=(
            CommandRan(("make",), 0, 1.0),
            FilesRead(3, 0),
            RanTests("", 1, 0, 0, 0),
        )
    )
    assert checks(store, work) == ()


# Artifacts.


def test_an_artifact_is_there_with_its_digest_and_size(store: Store) -> None:
    check = only(checks(store, Work(artifacts=(kept(store, "a.txt", b"words"),))))
    assert check.passed
    assert "a.txt has SHA-256 " in check.what
    assert "5 bytes" in check.what


def test_an_artifact_that_was_never_stored_fails(store: Store) -> None:
    reference = ArtifactRef("a.txt", "0" * 64, 5, "text/plain")
    check = only(checks(store, Work(artifacts=(reference,))))
    assert not check.passed
    assert "0" * 64 in check.detail


def test_an_artifact_whose_bytes_changed_fails(store: Store) -> None:
    reference = kept(store, "a.txt", b"words")
    path = store.path(reference.digest)
    path.chmod(0o644)
    path.write_bytes(b"sword")
    assert not only(checks(store, Work(artifacts=(reference,)))).passed


def test_an_artifact_of_another_size_than_claimed_fails(store: Store) -> None:
    reference = ArtifactRef("a.txt", store.put(b"words"), 6, "text/plain")
    check = only(checks(store, Work(artifacts=(reference,))))
    assert (check.passed, check.detail) == (False, "It claims 6 bytes.")


def test_an_expected_artifact_that_is_missing_fails_by_name(store: Store) -> None:
    found = checks(
        store,
        Work(artifacts=(kept(store, "b.txt", b"words"),)),
        ExpectedArtifact("a.txt", "text/plain"),
        ExpectedArtifact("b.txt", "text/plain"),
    )
    assert [check.passed for check in found] == [True, False]
    assert found[1].what == "a.txt was handed in"


def test_a_step_that_owes_something_gets_nothing_for_nothing(store: Store) -> None:
    assert not only(checks(store, Work(), ExpectedArtifact("a.txt", "text/plain"))).passed


def test_an_expected_artifact_has_the_expected_kind(store: Store) -> None:
    work = Work(artifacts=(kept(store, "a.svg", b"words"),))
    check = only(checks(store, work, ExpectedArtifact("a.svg", "image/svg+xml")))
    assert (check.passed, check.detail) == (
        False,
        "It is 'text/plain'; 'image/svg+xml' was expected.",
    )


def test_two_artifacts_of_one_name_are_one_too_many(store: Store) -> None:
    work = Work(artifacts=(kept(store, "a.txt", b"one"), kept(store, "a.txt", b"two")))
    assert not all(check.passed for check in checks(store, work))


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "a/../../b", "", "a\x00b"])
def test_an_artifact_is_named_by_a_relative_path(store: Store, name: str) -> None:
    work = Work(artifacts=(kept(store, name, b"words"),))
    assert not all(check.passed for check in checks(store, work))


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><g/></svg>'
PREFIXED = b'<s:svg xmlns:s="http://www.w3.org/2000/svg"/>'
SARIF = b'{"version":"2.1.0","runs":[]}'


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("application/json", b'{"a":[1,2,{"b":null}]}'),
        ("application/sarif+json", SARIF),
        ("image/svg+xml", SVG),
        ("image/svg+xml", PREFIXED),
        ("text/markdown", "# Größe\n".encode()),
        ("text/plain", b"words"),
        ("text/vnd.mermaid", b"graph TD"),
        ("application/octet-stream", b"\x00\xff"),
    ],
)
def test_what_is_what_its_media_type_says_passes(
    store: Store, media_type: str, content: bytes
) -> None:
    reference = kept(store, "file", content, media_type)
    found = only(checks(store, Work(artifacts=(reference,)), ExpectedArtifact("file", media_type)))
    assert found.passed, found.detail


BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><svg>&b;</svg>'
)


@pytest.mark.parametrize(
    ("media_type", "content", "words"),
    [
        ("application/json", b'{"a":', "not valid JSON"),
        ("application/json", b"\xff", "not valid JSON"),
        ("application/json", b'"\xff"', "not valid JSON"),
        ("application/json", b"[" * 200_000, "not valid JSON"),
        ("application/sarif+json", b"{}", "not valid SARIF"),
        ("application/sarif+json", b'{"version":"2.0.0","runs":[]}', "version 2.1.0"),
        ("application/sarif+json", b'{"version":"2.1.0","runs":[1]}', "not valid SARIF"),
        ("application/sarif+json", b"[" * 200_000, "not valid SARIF"),
        ("image/svg+xml", b"<svg><g></svg>", "not well-formed SVG"),
        ("image/svg+xml", b"<html/>", "root element is not svg"),
        ("image/svg+xml", b"<svg:html/>", "root element is not svg"),
        ("image/svg+xml", b"not xml at all", "not well-formed SVG"),
        ("image/svg+xml", b'<?xml version="1.0" encoding="klingon"?><svg/>', "not well-formed SVG"),
        ("image/svg+xml", BILLION_LAUGHS, "declares entities"),
        ("text/markdown", b" \n\t", "white space"),
        ("text/markdown", b"\xff\xfe", "not text in UTF-8"),
        ("application/octet-stream", b"", "empty"),
        ("application/json", b"", "empty"),
    ],
)
def test_what_is_not_what_its_media_type_says_fails(
    store: Store, media_type: str, content: bytes, words: str
) -> None:
    check = only(checks(store, Work(artifacts=(kept(store, "file", content, media_type),))))
    assert not check.passed
    assert words in check.detail


def test_what_is_too_large_to_read_is_checked_by_digest_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PARSED_BYTES_MAX", 4)
    reference = kept(store, "a.json", b'{"a":', "application/json")
    check = only(checks(store, Work(artifacts=(reference,))))
    assert check.passed
    assert "valid JSON" not in check.what


# Test reports.


def test_tests_are_counted_case_by_case() -> None:
    assert count_tests(JUNIT) == (2, 1, 1, 1)


@pytest.mark.parametrize(
    ("claimed", "passed"),
    [((2, 1, 1, 1), True), ((3, 1, 1, 1), False), ((2, 0, 1, 1), False), ((2, 1, 1, 0), False)],
)
def test_the_counts_are_those_of_the_report(
    store: Store, claimed: tuple[int, int, int, int], passed: bool
) -> None:
    report = kept(store, "junit.xml", JUNIT, "application/xml")
    found = checks(store, Work(artifacts=(report,), evidence=(RanTests("junit.xml", *claimed),)))
    assert found[1].passed is passed
    if not passed:
        assert f"the work claims {claimed}" in found[1].detail


@pytest.mark.parametrize(
    "report",
    [
        b"<testsuites>",
        b"not xml",
        b'<?xml version="1.0" encoding="klingon"?><testsuites/>',
        BILLION_LAUGHS,
        b"<a>" * 300_000,
    ],
    ids=["half", "no xml", "unknown encoding", "entities", "deep"],
)
def test_a_report_that_cannot_be_read_fails(store: Store, report: bytes) -> None:
    reference = kept(store, "junit.xml", report, "application/xml")
    work = Work(artifacts=(reference,), evidence=(RanTests("junit.xml", 0, 0, 0, 0),))
    check = checks(store, work)[1]
    assert not check.passed
    assert "can't be read" in check.detail


def test_a_report_that_was_not_handed_in_fails(store: Store) -> None:
    check = only(checks(store, Work(evidence=(RanTests("junit.xml", 1, 0, 0, 0),))))
    assert (check.passed, check.detail) == (False, "The test report was not handed in.")


# Facts.

DOCUMENT = b'{"files":3,"list":[10,20],"a/b":{"m~n":true},"ratio":0.5,"":"empty","sub":{"x":1}}'


def fact(value: Any, pointer: str, artifact: str = "a.json") -> Fact:
    return Fact("files", value, artifact=artifact, pointer=pointer)


def with_document(store: Store, *facts: Fact) -> tuple[Check, ...]:
    reference = kept(store, "a.json", DOCUMENT, "application/json")
    return checks(store, Work(artifacts=(reference,), facts=facts))[1:]


def test_facts_that_stand_where_they_say_pass_together(store: Store) -> None:
    found = with_document(
        store, fact(3, "/files"), fact(20, "/list/1"), fact(True, "/a~1b/m~0n"), fact("empty", "/")
    )
    assert found == (Check("4 facts stand where they say they do", True),)


@pytest.mark.parametrize(
    "wrong",
    [
        fact(4, "/files"),
        fact("3", "/files"),
        fact(10, "/list/2"),
        fact(10, "/list/x"),
        fact(3, "/nothing"),
        fact(3, "/files/deeper"),
        fact(0.25, "/ratio"),
        fact(1, "/a~1b/m~0n"),
        # RFC 6901, 4: an index is digits without a leading zero, and no sign.
        fact(20, "/list/-1"),
        fact(20, "/list/01"),
        fact(20, "/list/ 1"),
    ],
    ids=lambda wrong: f"{wrong.value!r} at {wrong.pointer}",
)
def test_a_fact_that_does_not_stand_there_fails_by_name(store: Store, wrong: Fact) -> None:
    found = with_document(store, fact(3, "/files"), wrong)
    assert [check.passed for check in found] == [False, True]
    assert wrong.pointer in found[0].what


def test_a_count_may_point_at_what_was_counted(store: Store) -> None:
    assert only(with_document(store, fact(2, "/list"), fact(1, "/sub"))).passed
    assert not only(with_document(store, fact(3, "/list"))).passed


def test_a_fact_about_a_file_that_was_not_handed_in_fails(store: Store) -> None:
    assert not only(with_document(store, fact(3, "/files", "b.json"))).passed


@pytest.mark.parametrize("content", [b"{", b'"\xff"', b"[" * 200_000])
def test_a_fact_about_a_file_that_is_no_json_fails(store: Store, content: bytes) -> None:
    reference = kept(store, "a.json", content, "text/x-other")
    found = checks(store, Work(artifacts=(reference,), facts=(fact(3, "/files"),)))
    assert [check.passed for check in found] == [True, False]


def test_facts_that_point_elsewhere_are_not_looked_up(store: Store) -> None:
    facts = (fact(3, "12", "a.json"), fact(3, "/files", "a.txt"), Fact("files", 3))
    assert with_document(store, *facts) == ()


def test_a_pointer_names_the_whole_or_a_part() -> None:
    document = {"a": [{"b": 1}]}
    assert resolve(document, "") == document
    assert resolve(document, "/a/0/b") == 1
    with pytest.raises(KeyError):
        resolve(document, "/a/0/c")


def test_a_case_with_several_marks_counts_once() -> None:
    marks = "<failure/><failure/><error/>"
    assert count_tests(f"<s><testcase>{marks}</testcase><testcase/></s>".encode()) == (1, 1, 0, 0)
