"""Decision records as files: what is written is read again, and what others wrote is understood."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from missioncontrol.application.decision_files import DecisionFile, intended
from missioncontrol.documents.madr.reader import read_decision
from missioncontrol.documents.madr.status import NoDecision, ReadDecision
from missioncontrol.documents.madr.writer import files_of
from missioncontrol.domain.decision import (
    ChangeStatus,
    DecisionLog,
    LinkDecision,
    RecordDecision,
    Supersede,
    decide,
    evolve,
)
from missioncontrol.domain.decision_text import DecisionOption, DecisionText
from missioncontrol.domain.errors import NotFound, Rejected

NOW = 1_795_435_200.0
LATER = NOW + 40 * 86_400

MARKS = st.sampled_from(
    [
        "# Heading",
        "## Decision Outcome",
        "### Consequences",
        "```",
        "~~~~",
        "---",
        "===",
        "* Good, because x",
        "- Bad",
        "\\# x",
        "\\\\",
        'Chosen option: "a", because b',
        "Because of it",
        "<!-- outcome -->",
        "* item",
        "  * deeper",
        "| a | b |",
        "1. one",
        "<b>&amp;</b>",
        "status: accepted",
        "a: [b]",
        '"',
        "\\",
        "é ü 漢字 🙂",
        "\u2028",
        "x\u0085y",
    ]
)
WORDS = st.one_of(
    MARKS, st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=12)
)
BLOCKS = st.lists(WORDS, max_size=6).map("\n".join)
LINES = WORDS.filter(lambda text: text.split())
ITEMS = st.lists(BLOCKS, max_size=3).map(tuple)
OPTIONS = st.lists(
    st.builds(DecisionOption, LINES, BLOCKS, ITEMS, ITEMS, ITEMS),
    max_size=3,
    unique_by=lambda option: " ".join(option.title.split()),
).map(tuple)
NAMES = st.lists(LINES, max_size=2).map(tuple)
TEXTS = st.builds(
    DecisionText,
    title=LINES,
    context=BLOCKS,
    drivers=ITEMS,
    options=OPTIONS,
    choice=WORDS,
    reason=WORDS,
    outcome=BLOCKS,
    consequences=BLOCKS,
    good=ITEMS,
    neutral=ITEMS,
    bad=ITEMS,
    confirmation=BLOCKS,
    more=BLOCKS,
    decision_makers=NAMES,
    consulted=NAMES,
    informed=NAMES,
)
IDS = st.sampled_from(["D1", "D2", "D3", "mission-a/D1"])
RECORDS = st.builds(
    RecordDecision,
    TEXTS,
    st.sampled_from(["proposed", "accepted", "rejected", "deprecated"]),
    tasks=st.sampled_from([(), ("mission-a/build-x", "mission-b/y")]),
    files=st.sampled_from([(), ("src/a b.py", "true", "1")]),
    source=st.sampled_from(["", "docs/adr/1.md"]),
)
COMMANDS = st.lists(
    st.one_of(
        RECORDS,
        st.builds(Supersede, IDS, IDS),
        st.builds(ChangeStatus, IDS, st.sampled_from(["accepted", "rejected"])),
        st.builds(LinkDecision, IDS, st.just(("mission-c/z",)), st.just(("b.py",))),
    ),
    max_size=8,
)


def told(log: DecisionLog, command: Any, now: float = NOW) -> DecisionLog:
    for event in decide(command, log, now):
        log = evolve(log, event, now)
    return log


def written(log: DecisionLog) -> list[DecisionFile]:
    return [DecisionFile(*each) for each in files_of(log.decisions.values()).items()]


def taken(files: list[DecisionFile], log: DecisionLog | None = None) -> DecisionLog:
    log = log or DecisionLog({})
    for command in intended(log, files, "/repo", now=LATER).commands:
        log = told(log, command, LATER)
    return log


def timeless(log: DecisionLog) -> dict[str, Any]:
    return {
        name: msgspec.structs.replace(each, recorded=0.0, updated=0.0)
        for name, each in log.decisions.items()
    }


@given(TEXTS, COMMANDS)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_was_exported_gives_the_same_log_again(
    text: DecisionText, commands: list[Any]
) -> None:
    log = DecisionLog({})
    plan = RecordDecision(text, id="mission-a/D1", mission="mission-a", run="run-1")
    for command in (RecordDecision(text), plan, *commands):
        try:
            log = told(log, command)
        except (Rejected, NotFound):
            continue
    files = written(log)
    again = taken(files)
    assert timeless(again) == timeless(log)
    assert written(again) == files
    assert intended(log, files, "/other", now=LATER).commands == ()
    assert intended(again, files, "", now=LATER).commands == ()


MADR_2 = """# [ADR-0004] Use Markdown records

* Status: accepted
* Deciders: Ada, Grace
* Date: 2018-03-14

Technical Story: #12

## Context and Problem Statement

We want to record decisions. <!-- optional -->

## Decision Drivers <!-- optional -->

* It costs little
* It stays with the code,
  wherever that goes

## Considered Options

* [MADR](https://adr.github.io/madr/) 2.1
* Wiki

## Decision Outcome

Chosen option: "MADR 2.1", because it is
plain text.

### Positive Consequences

* Reviewed with the code

### Negative Consequences

* Nobody sees them on the wiki

## Pros and Cons of the Options

### MADR 2.1

[homepage](https://example.org)

* Good, because it is short
* Bad, because tools are few
- Neutral: it has a licence

### Wiki

* Bad, because it is elsewhere

## Links

* Refined by ADR-0005

## Glossary

Words.
"""

NYGARD = """# 5. Use PostgreSQL

Date: 2020-02-01

## Status

Accepted

Supersedes [3. Use MySQL](0003-use-mysql.md)

Amends [4. Store in a database](0004-store-in-a-database.md)

## Context

We need transactions.

## Decision

We will use PostgreSQL 12.

## Consequences

Somebody has to run it.
"""

MADR_4 = """---
status: "superseded by [ADR-0005](0005-use-postgresql.md)"
date: 2019-01-02
decision-makers: [Ada, Grace]
consulted: Linus
informed:
  - everybody
tags: [storage]
---
# Use MySQL

## Context and Problem Statement

We need a store.

```sh
# not a heading
```

## Considered Options

* MySQL
* SQLite

## Decision Outcome

Chosen option: "MySQL", because it was there.

### Consequences

* Good, because nothing changes
* Bad, because it is slow:
  * in reads
  * in writes

### Confirmation

A test opens it.

## More Information

None.
"""


def read(name: str, content: str) -> ReadDecision:
    found = read_decision(name, content)
    assert isinstance(found, ReadDecision)
    return found


def test_madr_2_is_understood_but_for_what_it_added_itself() -> None:
    found = read("0004-use-markdown.md", MADR_2)
    text = found.text
    assert (text.title, found.number, found.status, found.date) == (
        "[ADR-0004] Use Markdown records", 4, "accepted", "2018-03-14",
    )  # fmt: skip
    assert text.decision_makers == ("Ada", "Grace")
    assert text.drivers == ("It costs little", "It stays with the code,\nwherever that goes")
    assert (text.choice, text.reason) == ("MADR 2.1", "it is plain text.")
    assert (text.good, text.bad) == (("Reviewed with the code",), ("Nobody sees them on the wiki",))
    assert [option.title for option in text.options][1:] == ["Wiki", "MADR 2.1"]
    assert text.options[2].good == ("it is short",)
    assert text.options[2].neutral == ("it has a licence",)
    assert "Technical Story: #12" in text.context
    assert [(odd.what, odd.kept) for odd in found.not_understood] == [
        ("the section 'Glossary'", True)
    ]
    assert "Words." in text.more


def test_nygards_form_is_understood() -> None:
    found = read("0005-use-postgresql.md", NYGARD)
    assert (found.form, found.number, found.text.title) == ("nygard", 5, "Use PostgreSQL")
    assert (found.status, found.date) == ("accepted", "2020-02-01")
    assert found.supersedes == ("0003-use-mysql.md",)
    assert found.text.outcome == "We will use PostgreSQL 12."
    assert found.text.consequences == "Somebody has to run it."
    (odd,) = found.not_understood
    assert (odd.line, odd.what, odd.kept) == (5, "a part of the status", True)
    assert "Amends" in found.text.more


def test_madr_4_is_understood_with_its_people_and_its_code() -> None:
    found = read("0003-use-mysql.md", MADR_4)
    text = found.text
    assert (found.status, found.superseded_by) == ("superseded", "0005-use-postgresql.md")
    assert (text.decision_makers, text.consulted, text.informed) == (
        ("Ada", "Grace"), ("Linus",), ("everybody",),
    )  # fmt: skip
    assert "# not a heading" in text.context
    assert text.bad == ("it is slow:\n* in reads\n* in writes",)
    assert text.confirmation == "A test opens it."
    assert [odd.what for odd in found.not_understood] == ["'tags' of the front matter"]


@pytest.mark.parametrize(
    "text", ["", "words", "# Readme\n\n## Usage\n\nCall it.", "---\na: [\n---\n"]
)
def test_a_file_that_is_no_decision_is_named_as_such(text: str) -> None:
    assert isinstance(read_decision("README.md", text), NoDecision)


def test_files_of_a_team_come_in_with_their_numbers_and_what_replaced_what() -> None:
    files = [
        DecisionFile("docs/adr/0003-use-mysql.md", MADR_4),
        DecisionFile("docs/adr/0005-use-postgresql.md", NYGARD),
        DecisionFile("docs/adr/README.md", "# Decisions\n"),
    ]
    log = taken(files)
    assert list(log.decisions) == ["D3", "D5"]
    assert log.decisions["D3"].superseded_by == "D5"
    assert log.decisions["D3"].date == "2019-01-02"
    found = intended(log, files, "/repo", now=LATER)
    assert [line.verdict for line in found.lines] == ["unchanged", "unchanged", "none"]
    assert found.commands == ()


def test_a_file_that_changed_changes_its_decision_and_no_other() -> None:
    log = taken([DecisionFile("docs/adr/0005-use-postgresql.md", NYGARD)])
    changed = NYGARD.replace("PostgreSQL 12", "PostgreSQL 17")
    log = taken([DecisionFile("docs/adr/0005-use-postgresql.md", changed)], log)
    assert log.decisions["D5"].text.outcome == "We will use PostgreSQL 17."
    assert len(log.decisions) == 1


def test_what_was_decided_here_since_is_not_undone_by_the_file() -> None:
    proposed = NYGARD.replace("Accepted", "Proposed")
    files = [DecisionFile("docs/adr/0005-use-postgresql.md", proposed)]
    log = told(taken(files), ChangeStatus("D5", "accepted"), LATER)
    assert intended(log, files, "/repo", now=LATER).commands == ()
    assert taken(files, log).decisions["D5"].status == "accepted"


@given(st.text(max_size=400))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_the_reader(text: str) -> None:
    for file in ("# T\n\n## Decision\n\n" + text, "---\n" + text + "\n---\n# T\n", text):
        found = read_decision("docs/0012-x.md", file)
        assert found == read_decision("docs/0012-x.md", file)
        assert found.file == "docs/0012-x.md"
        if isinstance(found, NoDecision):
            assert found.why
            continue
        assert found.number == 12
        assert found.text.title.strip()
        assert found.status in ("proposed", "accepted", "rejected", "deprecated", "superseded")
        last = len(file.splitlines()) + 1
        assert all(1 <= odd.line <= last and odd.what for odd in found.not_understood)
        # Whatever was understood can be recorded, or is refused with a reason.
        result = intended(DecisionLog({}), [DecisionFile(found.file, file)], "/repo", now=NOW)
        [line] = result.lines
        assert (line.verdict == "new" and result.commands) or line.why


def test_an_argument_that_is_a_sentence_follows_a_colon() -> None:
    text = DecisionText(
        "Source",
        options=(DecisionOption("In one file", good=("it is short",), bad=("Nothing splits it",)),),
        choice="In one file",
        reason="Whoever reads it finds all of it",
        bad=("The file grows",),
    )
    log = told(DecisionLog({}), RecordDecision(text))
    (file,) = written(log)
    assert 'Chosen option: "In one file", because: Whoever reads it finds' in file.content
    assert "* Good, because it is short" in file.content
    assert "* Bad, because: Nothing splits it" in file.content
    read = read_decision(file.name, file.content)
    assert isinstance(read, ReadDecision)
    assert read.text == text
