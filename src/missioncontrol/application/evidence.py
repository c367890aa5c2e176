"""What the engine checks itself before it believes that work is done."""

import re
import xml.parsers.expat
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import msgspec

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.plan import ExpectedArtifact
from missioncontrol.domain.run.events import Check
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import ArtifactRef, Fact, TestsRan, Work
from missioncontrol.ports.artifact_store import ArtifactStore

PARSED_BYTES_MAX = 64 * 1024 * 1024
"""Larger files are checked by digest and size, not read as what they claim to be."""

TOO_LARGE = f"It is too large to be read here: more than {PARSED_BYTES_MAX:,} bytes."

UNREADABLE = (
    ValueError,  # among them UnicodeDecodeError and msgspec's errors
    LookupError,  # an unknown encoding
    RecursionError,
    OverflowError,
    xml.parsers.expat.ExpatError,
)
"""What parsers raise about content that was made to trip them, or just broken."""

_INDEX = re.compile(r"0|[1-9][0-9]*")


def checks_of(step: Step, work: Work, artifacts: ArtifactStore) -> tuple[Check, ...]:
    """Check `work` against what `step` expects and against itself.

    Every artifact must be there with the digest it claims, under a relative path of its own; an
    expected one must be named, not empty, and valid for its media type; counts read from a test
    report must be the report's; a fact that points into a JSON artifact must be what stands there.
    """
    if not (step.expects or work.artifacts or work.facts or work.evidence):
        return ()
    return tuple(_checks(step, work, artifacts))


def _checks(step: Step, work: Work, artifacts: ArtifactStore) -> Iterator[Check]:
    contents: dict[str, bytes] = {}
    expected = {item.name: item for item in step.expects}
    names: set[str] = set()
    for reference in work.artifacts:
        problem = _bad_name(reference.name, names)
        if problem:
            yield Check(f"{reference.name!r} is a name for an artifact", False, problem)
            continue
        names.add(reference.name)
        try:
            contents[reference.name] = artifacts.get(reference.digest)
        except MissionControlError as error:
            yield Check(f"{reference.name} is stored under its digest", False, error.reason)
            continue
        yield _artifact_check(reference, contents[reference.name], expected.get(reference.name))
    for name in expected:
        if name not in names:
            yield Check(f"{name} was handed in", False, "The work has no artifact of that name.")
    for evidence in work.evidence:
        if isinstance(evidence, TestsRan) and evidence.report:
            yield _test_check(evidence, contents.get(evidence.report))
    yield from _fact_checks(work.facts, contents)


def _bad_name(name: str, used: set[str]) -> str:
    """Say why an artifact can't have this name, or return an empty string."""
    if name in used:
        return "Another artifact of this work has it already."
    if "\0" in name or any(part in ("", ".", "..") for part in name.split("/")):
        return "It has to be a relative path with `/`, without empty parts, `.`, `..` or NUL."
    return ""


def _artifact_check(
    reference: ArtifactRef, content: bytes, expected: ExpectedArtifact | None
) -> Check:
    what = f"{reference.name} has SHA-256 {reference.digest[:12]}…, {len(content):,} bytes"
    if len(content) != reference.size:
        return Check(what, False, f"It claims {reference.size:,} bytes.")
    if expected is not None and reference.media_type != expected.media_type:
        claim = f"It is {reference.media_type!r}; {expected.media_type!r} was expected."
        return Check(what, False, claim)
    if not content:
        return Check(what, False, "It is empty.")
    if len(content) > PARSED_BYTES_MAX or reference.media_type not in _KINDS:
        return Check(what, True)
    kind, parse = _KINDS[reference.media_type]
    problem = _malformed(content, kind, parse)
    return Check(f"{what}, {kind}", not problem, problem)


def _malformed(content: bytes, kind: str, parse: Callable[[bytes], object]) -> str:
    """Say why `content` is no such `kind`, or return an empty string."""
    try:
        parse(content)
    except UNREADABLE as error:
        return f"It is not {kind}: {error}."
    return ""


class _Sarif(msgspec.Struct):
    """The parts without which a file is no SARIF log."""

    version: str
    runs: list[dict[str, Any]]


def _parse_text(content: bytes) -> None:
    if not content.decode("utf-8").strip():
        raise ValueError("there is nothing but white space in it")


def _parse_sarif(content: bytes) -> None:
    if msgspec.json.decode(content, type=_Sarif).version != "2.1.0":
        raise ValueError("it does not say that it is version 2.1.0")


def _parse_svg(content: bytes) -> None:
    if _root_element(content).rpartition("}")[2].rpartition(":")[2] != "svg":
        raise ValueError("its root element is not svg")


def _root_element(content: bytes) -> str:
    names: list[str] = []
    _walk_xml(content, lambda name, _: names.append(name) if not names else None)
    return names[0]


def _walk_xml(content: bytes, started: Callable[[str, dict[str, str]], None]) -> None:
    """Parse XML, calling `started` with each element; entity declarations are refused."""
    parser = xml.parsers.expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise ValueError("it declares entities, which could grow without bound")

    parser.StartElementHandler = started
    parser.EntityDeclHandler = refuse
    parser.Parse(content, True)


_KINDS: dict[str, tuple[str, Callable[[bytes], object]]] = {
    "application/json": ("valid JSON", msgspec.json.decode),
    "application/sarif+json": ("valid SARIF 2.1.0", _parse_sarif),
    "image/svg+xml": ("well-formed SVG", _parse_svg),
    "text/markdown": ("text in UTF-8", _parse_text),
    "text/plain": ("text in UTF-8", _parse_text),
    "text/vnd.mermaid": ("text in UTF-8", _parse_text),
}


def _test_check(evidence: TestsRan, report: bytes | None) -> Check:
    what = f"{evidence.report} counts {evidence.passed} passed, {evidence.failed} failed"
    if report is None:
        return Check(what, False, "The test report was not handed in.")
    if len(report) > PARSED_BYTES_MAX:
        return Check(what, False, TOO_LARGE)
    try:
        counted = count_tests(report)
    except UNREADABLE as error:
        return Check(what, False, f"The test report can't be read: {error}.")
    claimed = (evidence.passed, evidence.failed, evidence.errors, evidence.skipped)
    if counted == claimed:
        return Check(what, True)
    return Check(what, False, f"The report counts {counted}, the work claims {claimed}.")


def count_tests(report: bytes) -> tuple[int, int, int, int]:
    """Return passed, failed, errors and skipped, counted case by case in JUnit XML.

    A case with several marks, such as one for each failed subtest, counts once, by the gravest.

    Raises:
        UNREADABLE: it is no such report.
    """
    cases: list[set[str]] = []

    def note(name: str, _: dict[str, str]) -> None:
        if name == "testcase":
            cases.append(set())
        elif cases:
            cases[-1].add(name)

    _walk_xml(report, note)
    worst = [next((mark for mark in _MARKS if mark in case), "") for case in cases]
    failed, errors, skipped = (worst.count(mark) for mark in _MARKS)
    return worst.count(""), failed, errors, skipped


_MARKS = ("failure", "error", "skipped")


def _fact_checks(facts: tuple[Fact, ...], contents: dict[str, bytes]) -> Iterator[Check]:
    """Look every fact up where it says it stands; one check for all, or one for each that fails."""
    looked_up = [
        fact
        for fact in facts
        if fact.pointer.startswith("/") and fact.artifact.endswith((".json", ".sarif"))
    ]
    documents = _documents({fact.artifact for fact in looked_up}, contents)
    right = 0
    for fact in looked_up:
        what = f"{fact.label} is {fact.value} at {fact.pointer} of {fact.artifact}"
        try:
            found = resolve(documents[fact.artifact], fact.pointer)
        except KeyError:
            yield Check(what, False, "Nothing stands there that can be read.")
            continue
        if _matches(found, fact.value):
            right += 1
        else:
            yield Check(what, False, f"{_shown(found)} stands there.")
    if right:
        yield Check(f"{right} facts stand where they say they do", True)


def _documents(names: set[str], contents: dict[str, bytes]) -> dict[str, Any]:
    """Parse the JSON artifacts among `names`; one that can't be read is left out."""
    documents: dict[str, Any] = {}
    for name in names:
        content = contents.get(name, b"")
        if len(content) <= PARSED_BYTES_MAX:
            with suppress(*UNREADABLE):
                documents[name] = msgspec.json.decode(content)
    return documents


def _matches(found: Any, value: str | float) -> bool:
    """Whether what stands there is the value, or is a collection with that many members."""
    if isinstance(found, bool) or isinstance(value, bool):
        return found is value  # To Python true is the number 1; to JSON it is not.
    if isinstance(found, list | dict):
        return len(found) == value
    return bool(found == value)


def _shown(found: Any) -> str:
    """Return what was found in a few words, however large it is."""
    if isinstance(found, list | dict):
        return f"{'An array' if isinstance(found, list) else 'An object'} of {len(found):,}"
    return repr(found)[:200]


def resolve(document: Any, pointer: str) -> Any:
    """Return what a JSON pointer (RFC 6901) names in `document`.

    Raises:
        KeyError: nothing stands there.
    """
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list) and not _INDEX.fullmatch(key):
            raise KeyError(pointer)
        try:
            document = document[int(key)] if isinstance(document, list) else document[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise KeyError(pointer) from None
    return document
