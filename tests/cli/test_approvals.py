"""A person sees exactly what would run, and what they say is recorded under their name."""

import argparse
import asyncio
import io
import os
import pwd
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.application.approvals import APPROVAL, Approvals, Spoken
from missioncontrol.application.journal import Journal, fold
from missioncontrol.application.queries.patches import Diff, diff_of, diffs_in
from missioncontrol.cli.approval_arguments import add_approvals
from missioncontrol.cli.approval_formatters import sheet
from missioncontrol.cli.approvals import approvals, until_of
from missioncontrol.cli.identity import identity
from missioncontrol.cli.parser import Parser
from missioncontrol.documents.canonical_view import exact
from missioncontrol.domain.approval.events import ApprovalRequested
from missioncontrol.domain.approval.evolve import evolve
from missioncontrol.domain.approval.states import Approval
from missioncontrol.domain.canonical import canonical, digest
from missioncontrol.domain.errors import MissionControlError, NotFound, Rejected
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.domain.step import ApprovalRule, Escalation, Step
from missioncontrol.projections.approvals import ApprovalRow, apply, is_open
from tests.application.parts import NOW, CountingIds, StandingClock

SUBJECT: dict[str, Any] = {
    "workflow": "release-check",
    "version": 3,
    "title": "Publish the tag",
    "risk": "irreversible",
    "inputs": {"argv": ["git", "push", "origin", "v1.2.3"], "env": {"B": 1, "A": 2.50}},
}
ONE = ApprovalRule()
ME = pwd.getpwuid(os.getuid()).pw_name


class Desk:
    """An engine that is always there, over a log on disk."""

    def __init__(self, path: Path, *secrets: str) -> None:
        self.store = SqliteEventStore(path / "log.db", writable=True)
        scrub = Scrubber(secrets).bytes if secrets else None
        self.clock = StandingClock()
        self.journal = Journal(self.store, self.clock, scrub=scrub)
        self.service = Approvals(self.journal, CountingIds(), os_user=ME)
        run = CreateRun("run-1", "release-check", (Step("publish", "hand"),), 1)
        self.journal.handle_run("run-1", run)
        self.before: list[Diff] = []

    def ask(
        self,
        subject: dict[str, Any] = SUBJECT,
        *,
        rule: ApprovalRule = ONE,
        author: str = "user:alice",
        os_user: str = "",
    ) -> str:
        name, _ = self.service.request(
            "run-1", "publish", subject, rule, author=author, os_user=os_user
        )
        asyncio.run(self._commit())
        return name

    async def _commit(self) -> None:
        await self.journal.commit()

    def rows(self) -> Sequence[ApprovalRow]:
        rows: dict[str, ApprovalRow] = {}
        for event in asyncio.run(self.store.read()):
            if event.stream.startswith("approval-"):
                known: Any = decode(event.type, event.schema, event.body)
                rows[event.stream] = apply(rows.get(event.stream), known, event.time / 1e6)
        return [row for row in rows.values() if is_open(row)]

    def find(self, prefix: str) -> Sequence[str]:
        names = {event.stream for event in asyncio.run(self.store.read())}
        return [name for name in names if name.startswith(prefix)]

    def diffs(self, approval: Approval) -> Sequence[Diff]:
        return [*diffs_in(approval.subject["inputs"]), *self.before]

    def is_left(self, run: str) -> bool:
        return False

    def read(self, approval: str) -> Approval:
        state, _ = asyncio.run(fold(self.store, APPROVAL, approval))
        assert isinstance(state, Approval)
        return state

    def deliver(self, spoken: Spoken) -> None:
        async def take() -> None:
            try:
                await self.service.take(spoken)
            finally:
                await self.journal.commit()

        asyncio.run(take())


class Terminal:
    """Types `mission approvals …` and reads what comes back."""

    def __init__(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        self.desk = desk
        self._capsys = capsys
        self.environment: dict[str, str] = {}
        self._parser = Parser("mission")
        verbs = self._parser.add_subparsers(dest="verb", parser_class=Parser)
        add_approvals(verbs, argparse.ArgumentParser(add_help=False))

    def type(self, *words: str, now: float = NOW) -> str:
        chosen = self._parser.parse_args(["approvals", *words])
        assert approvals(chosen, self.desk, environment=self.environment, now=now) == 0
        return self._capsys.readouterr().out

    def refused(self, *words: str, now: float = NOW) -> MissionControlError:
        with pytest.raises(MissionControlError) as no:
            self.type(*words, now=now)
        return no.value

    def events(self, approval: str = "approval-") -> list[dict[str, Any]]:
        rows = asyncio.run(self.desk.store.read())
        return [row.data for row in rows if row.stream.startswith(approval)]


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(Desk(tmp_path), capsys)


def test_show_prints_every_field_in_canonical_order_and_how_to_decide(terminal: Terminal) -> None:
    name = terminal.desk.ask()
    shown = terminal.type("show", name)
    assert '    "argv": ["git", "push", "origin", "v1.2.3"],\n' in shown
    assert shown.index('"A": 2.5,') < shown.index('"B": 1')
    places = [shown.index(f'"{key}": ') for key in sorted(SUBJECT)]
    assert places == sorted(places)
    assert digest(SUBJECT) in shown
    assert "Publish the tag" in shown
    assert "irreversible" in shown
    assert "1 of: any person but the author (0 of 1 agreed)" in shown
    assert f"mission approvals approve {name} --digest {digest(SUBJECT)[:12]}" in shown
    assert "Warning" not in shown


def test_what_is_printed_is_all_that_the_digest_is_made_of(terminal: Terminal) -> None:
    shown = terminal.type("show", terminal.desk.ask())
    block = shown.split("What would run, in full:\n")[1].split("\n\n")[0]
    assert canonical(msgspec.json.decode(block)) == canonical(SUBJECT)


PATCH = "diff --git a/{0} b/{0}\n--- a/{0}\n+++ b/{0}\n@@ -1 +1,2 @@\n-old\n{1}\n"


def test_the_diffs_that_it_is_about_are_shown_where_it_is_decided(terminal: Terminal) -> None:
    inside = PATCH.format("in.py", "+inside")
    name = terminal.desk.ask({**SUBJECT, "inputs": {"patch": inside}})
    hostile = PATCH.format("a.py", "+x = 1\x1b[2J\u202e # fine\u2028+y")
    terminal.desk.before = [diff_of(hostile, "change.patch of step build", is_exact=False)]
    shown = terminal.type("show", name)
    assert "Part of what would run: inputs.patch (1 file, +1 -1)\n  diff --git a/in.py" in shown
    assert "handed in before: change.patch of step build (1 file, +1 -1)\n" in shown
    assert "\n  +++ b/a.py\n  @@ -1 +1,2 @@\n  -old\n  +x = 1" in shown
    assert not {"\x1b", "\u202e", "\u2028"}.intersection(shown)
    assert shown.index("+x = 1") < shown.index("To decide:")
    diffs = msgspec.json.decode(terminal.type("show", name, "--json"))["diffs"]
    assert [each["files"][0]["name"] for each in diffs] == ["in.py", "a.py"]


def test_a_diff_that_is_too_long_for_a_terminal_says_where_the_rest_is(terminal: Terminal) -> None:
    name = terminal.desk.ask()
    long = PATCH.format("a.py", "\n".join(f"+line {n}" for n in range(600)))
    wide = PATCH.format("min.js", "+" + "x" * 5_000)
    terminal.desk.before = [
        diff_of(wide, "wide.patch of step a", is_exact=False),
        diff_of(long, "long.patch of step b", is_exact=False),
        Diff("lost.patch of step c", False, [], is_whole=False),
    ]
    shown = terminal.type("show", name)
    assert max(map(len, shown.splitlines())) < 1_100
    assert "Not all of it is shown: 211 more lines." in shown
    assert (
        shown.count(
            "`mission runs artifacts run-1 --output DIR` writes all, each file as STEP/NAME."
        )
        == 3
    )
    assert "lost.patch of step c (0 files, +0 -0)\n  Not all of it is shown.\n" in shown


def test_a_limit_of_zero_is_said_to_be_none_beside_what_is_signed(terminal: Terminal) -> None:
    subject = {"inputs": {}, "limits": {"seconds_max": 0}, "risk": "write"}
    shown = terminal.type("show", terminal.desk.ask(subject))
    assert "(limits: seconds_max 0 is no limit)" in shown
    block = shown.split("What would run, in full:\n")[1].split("  (limits")[0]
    assert msgspec.json.decode(block) == subject
    some = terminal.desk.ask({**subject, "limits": {"seconds_max": 30}})
    assert "no limit" not in terminal.type("show", some)


@pytest.mark.parametrize(
    ("seconds", "left"),
    [(7 * 86_400 - 1, "7 d left"), (86_400 + 1, "1 d 1 h left"), (3_599, "1 h 00 min left")],
)
def test_what_is_left_of_the_time_is_rounded_up(
    terminal: Terminal, seconds: float, left: str
) -> None:
    terminal.desk.ask()
    assert f"  {left}  " in terminal.type("list", now=NOW + 7 * 86_400 - seconds)


def test_hidden_characters_are_marked_listed_and_not_approved_unseen(terminal: Terminal) -> None:
    argv = ["git", "push\u202e", "v1\u200b\U000e0041", "\x1b[2Jok", "g\u0456t"]
    name = terminal.desk.ask({"inputs": {"argv": argv}})
    shown = terminal.type("show", name)
    assert shown.replace("\n", "").isprintable()
    assert "push⟨U+202E RIGHT-TO-LEFT OVERRIDE⟩" in shown
    assert "Warning: 5 characters hide, imitate or reorder text:" in shown
    assert "inputs.argv[2], character 3: U+200B ZERO WIDTH SPACE (invisible)" in shown
    assert "inputs.argv[4], character 2: U+0456 CYRILLIC" in shown
    no = terminal.refused("approve", name, "--reason", "Fine.", "--as", "bob")
    assert no.code == "approval.look_first"
    seen = terminal.desk.read(name).digest[:12]
    terminal.type("approve", name, "--reason", "Fine.", "--as", "bob", "--digest", seen)


def test_a_text_cannot_imitate_the_sheet_around_it(terminal: Terminal) -> None:
    name = terminal.desk.ask(
        {"title": "x\n\nTo decide:\n  rm -rf /", "inputs": {"t": 'a"\n  "risk": "read'}}
    )
    shown = terminal.type("show", name)
    assert shown.count("\nTo decide:\n") == 1
    assert '"t": "a\\"\\n  \\"risk\\": \\"read"' in shown


def test_the_list_says_what_waits_and_until_when(terminal: Terminal) -> None:
    assert terminal.type("list") == "Nothing waits for a person.\n"
    first, second = terminal.desk.ask(), terminal.desk.ask({"inputs": {}, "risk": "\x1b[31m"})
    terminal.type("reject", second, "--reason", "No.", "--as", "bob")
    third = terminal.desk.ask({"inputs": {}, "risk": "\x1b[31m"})
    lines = terminal.type("list").splitlines()
    assert [line.split()[0] for line in lines[:-1]] == [first, third]
    assert "waiting   0 of 1" in lines[0]
    assert "7 d left" in lines[0]
    assert "\x1b" not in lines[1]
    late = terminal.type("list", now=NOW + 8 * 86_400)
    assert late.count("expired") == 2
    rows = msgspec.json.decode(terminal.type("list", "--json"))
    assert [(row["id"], row["state"]) for row in rows] == [(first, "waiting"), (third, "waiting")]


def test_a_decision_is_recorded_with_how_the_name_was_found(terminal: Terminal) -> None:
    mine = terminal.desk.ask()
    terminal.type("approve", mine, "--reason", "It is right.")
    given, _ = terminal.events()[1:]
    assert given == {"by": f"user:{ME}", "reason": "It is right.", "signed_in": "os"}
    name = terminal.desk.ask(rule=ApprovalRule(count=2))
    output = terminal.type("approve", name, "--reason", "Yes.", "--as", "bob")
    assert output == f"You agreed; 1 of 2 have, so {name} still waits.\n"
    terminal.environment = {"MISSION_ACTOR": "carol"}
    assert "is approved: 2 of 2" in terminal.type("approve", name, "--reason", "Yes.")
    bobs, carols = terminal.events(name)[1:3]
    claim = {"reason": "Yes.", "signed_in": "claimed", "os_user": ME}
    assert [bobs, carols] == [{"by": "user:bob", **claim}, {"by": "user:carol", **claim}]
    shown = terminal.type("show", name)
    assert f"That name is a claim of {ME} (operating system)." in shown
    assert "To decide:" not in shown


def test_an_environment_does_not_say_who_the_operating_system_vouches_for() -> None:
    found = identity(None, {"LOGNAME": "alice", "USER": "alice", "USERNAME": "alice"})
    assert found.actor == f"user:{ME}"
    assert identity(ME, {"MISSION_ACTOR": "bob"}).actor == f"user:{ME}"


def test_an_author_is_known_by_the_name_they_claimed_and_by_their_own(terminal: Terminal) -> None:
    name = terminal.desk.ask(author="user:alice", os_user=ME)
    no = terminal.refused("approve", name, "--reason", "Mine.")
    assert no.code == "approval.by_author"
    assert no.reason.startswith(f"'user:{ME}', under another name, asked for this")
    assert "MISSION_ACTOR" in no.hint
    terminal.type("approve", name, "--reason", "Yes.", "--as", "bob")
    claim = f"That name is a claim of {ME} (operating system), and so is user:alice, who asked"
    assert claim in terminal.type("show", name)


def test_an_author_who_gave_no_name_decides_under_no_other(terminal: Terminal) -> None:
    name = terminal.desk.ask(author=f"user:{ME}", os_user=ME)
    for verb in ("approve", "reject"):
        no = terminal.refused(verb, name, "--reason", "Mine.", "--as", "bob")
        assert no.code == "approval.by_author"
        assert no.reason.startswith(f"'{ME}', who gave the name 'user:bob', asked for this")
    assert "withdrawn" in terminal.type("withdraw", name, "--reason", "Mine.", "--as", "bob")
    old = terminal.desk.ask(author=f"user:{ME}")  # As it was asked before users were recorded.
    assert terminal.refused("approve", old, "--reason", "Mine.", "--as", "bob")


def test_one_person_agrees_once_under_whatever_name(terminal: Terminal) -> None:
    claim: tuple[str, ...] = ("--as", "bob")
    for first, second in ((claim, ()), ((), claim)):
        name = terminal.desk.ask(rule=ApprovalRule(count=2))
        terminal.type("approve", name, "--reason", "Yes.", *first)
        no = terminal.refused("approve", name, "--reason", "Yes, yes.", *second)
        assert (no.code, "both are one person" in no.reason) == ("approval.counted", True)


@pytest.mark.parametrize("name", ["", "agent:writer", "bo\u200bb", "a\nb", " bob", "user:bob:x"])
def test_a_claimed_name_is_one_that_a_person_can_have(name: str) -> None:
    with pytest.raises(Rejected) as no:
        identity(name, {})
    assert no.value.code == "actor.bad_name"
    assert "--as" in no.value.reason


@pytest.mark.parametrize(
    "words",
    [
        ("approve",),
        ("reject",),
        ("request-changes", "--input", "argv=[]"),
        ("defer", "--until", "1h"),
        ("delegate", "--to", "carol"),
        ("withdraw",),
    ],
)
def test_an_agents_program_decides_nothing(terminal: Terminal, words: tuple[str, ...]) -> None:
    name = terminal.desk.ask()
    terminal.environment = {"MISSION_ATTEMPT": "run-1/publish/1", "MISSION_ACTOR": "bob"}
    no = terminal.refused(words[0], name, "--reason", "I am sure.", *words[1:])
    assert no.code == "approval.by_agent"
    assert len(terminal.events()) == 1
    assert terminal.type("show", name)


def test_the_author_is_told_who_may_and_how_to_take_it_back(terminal: Terminal) -> None:
    name = terminal.desk.ask()
    no = terminal.refused("approve", name, "--reason", "Mine.", "--as", "alice")
    assert no.code == "approval.by_author"
    assert f"mission approvals withdraw {name}" in no.hint
    assert "withdrawn" in terminal.type("withdraw", name, "--reason", "Mine.", "--as", "alice")
    assert "user:alice withdrew it: Mine." in terminal.type("show", name)


def test_an_id_may_be_shortened_as_far_as_it_is_clear(terminal: Terminal) -> None:
    names = [terminal.desk.ask() for _ in range(12)]
    assert terminal.type("show", "12").startswith(names[11])
    assert terminal.type("show", "approval-2").startswith(names[1])
    assert terminal.type("show", "1").startswith(names[0])
    assert terminal.refused("show", "").code == "approval.unnamed"
    assert isinstance(terminal.refused("show", "99"), NotFound)
    no = terminal.refused("show", "approval-")
    assert no.code == "approval.ambiguous"
    assert "approval-1, " in no.reason


def test_a_digest_is_checked_against_what_would_run(terminal: Terminal) -> None:
    name, seen = terminal.desk.ask(), digest(SUBJECT)
    words = ("approve", name, "--reason", "Yes.", "--as", "bob", "--digest")
    assert terminal.refused(*words, seen[:7]).code == "approval.short_digest"
    assert terminal.refused(*words, "0" * 12).code == "approval.changed"
    assert "approved" in terminal.type(*words, seen[:12].upper())


def test_changes_replace_some_inputs_or_all_of_them(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say = ("--reason", "Try it.", "--as", "bob")
    name = terminal.desk.ask()
    terminal.type("request-changes", name, *say, "--input", 'argv=["true"]', "--input", "note=a=b")
    assert terminal.events()[-1]["inputs"] == {
        "argv": ["true"],
        "env": {"A": 2.5, "B": 1},
        "note": "a=b",
    }
    (tmp_path / "new.json").write_text('{"argv": ["ls"]}')
    name = terminal.desk.ask()
    terminal.type("request-changes", name, *say, "--inputs", str(tmp_path / "new.json"))
    assert terminal.events()[-1]["inputs"] == {"argv": ["ls"]}
    shown = terminal.type("show", name)
    assert '"argv": ["ls"]' in shown.split("History so far:")[1]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"argv": []}')))
    name = terminal.desk.ask()
    terminal.type("request-changes", name, *say, "--inputs", "-")
    assert terminal.events()[-1]["inputs"] == {"argv": []}


def test_changes_that_cannot_be_read_are_refused_by_name(
    terminal: Terminal, tmp_path: Path
) -> None:
    name, bad = terminal.desk.ask(), tmp_path / "bad.json"
    say = ("request-changes", name, "--reason", "No.", "--as", "bob")
    assert terminal.refused(*say, "--input", "=x").code == "approval.bad_inputs"
    assert terminal.refused(*say, "--input", "argv").code == "approval.bad_inputs"
    assert terminal.refused(*say).code == "approval.no_changes"
    assert terminal.refused(*say, "--input", f"n={2**53}").code == "canonical.unfit"
    assert "No such file" in terminal.refused(*say, "--inputs", str(bad)).reason
    for content in (b"[1]", b"{", b"\xff", b'{"a":1}' + b" " * (1 << 20)):
        bad.write_bytes(content)
        assert terminal.refused(*say, "--inputs", str(bad)).code == "approval.bad_inputs"
    assert len(terminal.events()) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h", 3600), ("1h30m", 5400), ("3d", 259_200), ("1970-01-02T01:00+01:00", 86_400)],
)
def test_a_deferral_is_so_long_or_until_then(text: str, seconds: float) -> None:
    assert until_of(text, 0.0) == seconds


@pytest.mark.parametrize("text", ["", "soon", "0s", "2026-01-31", "2026-01-31T09:00", "99999w"])
def test_a_time_that_is_not_clear_is_refused(text: str) -> None:
    with pytest.raises(Rejected) as no:
        until_of(text, NOW)
    assert no.value.code == "approval.bad_time"


def test_deferring_and_delegating_show_up_for_the_next_one(terminal: Terminal) -> None:
    rule = ApprovalRule(("bob", "carol"), 1, 86_400.0, Escalation(3_600.0, ("lead",)))
    name = terminal.desk.ask(rule=rule)
    terminal.type("defer", name, "--until", "2h", "--reason", "Lunch.", "--as", "bob")
    terminal.type("delegate", name, "--to", "erin", "--reason", "On leave.", "--as", "bob")
    shown = terminal.type("show", name)
    assert "deferred until 2026-09-21 " in shown
    assert "1 of: carol, erin; from 2026-09-21 " in shown
    assert "also lead" in shown
    assert "user:bob gave their say away to erin: On leave." in shown
    view = msgspec.json.decode(terminal.type("show", name, "--json"))
    assert view["delegations"] == {"bob": "erin"}
    assert view["subject"] == SUBJECT
    assert [event["event"] for event in view["events"]] == [
        "approval_deferred",
        "approval_delegated",
    ]


def test_a_list_names_the_step_and_its_workflow_beside_a_title(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.desk.ask()
    monkeypatch.setenv("COLUMNS", "200")
    assert "Publish the tag (publish of release-check)" in terminal.type("list")


def test_list_and_show_agree_on_who_may_decide_whatever_was_at_work(terminal: Terminal) -> None:
    rule = ApprovalRule(("bob", "carol"), 1, 86_400.0, Escalation(3_600.0, ("lead",)))
    name = terminal.desk.ask(rule=rule)
    terminal.type("delegate", name, "--to", "erin", "--reason", "On leave.", "--as", "bob")
    for seconds, people in ((0.0, ["erin", "carol"]), (3_600.0, ["erin", "carol", "lead"])):
        (row,) = msgspec.json.decode(terminal.type("list", "--json", now=NOW + seconds))
        view = msgspec.json.decode(terminal.type("show", name, "--json", now=NOW + seconds))
        assert row["approvers"] == view["approvers"] == people
    assert "1 of: carol, erin, lead (0 of 1" in terminal.type("show", name, now=NOW + 3_600.0)
    words = ("approve", name, "--reason", "Yes.", "--as", "lead")
    assert terminal.refused(*words).code == "approval.not_named"
    terminal.desk.clock.time = NOW + 3_600.0
    assert "is approved" in terminal.type(*words)


def test_a_person_is_warned_where_secrets_were_taken_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal(Desk(tmp_path, "hunter2hunter2"), capsys)
    name = terminal.desk.ask({"inputs": {"token": "hunter2hunter2"}})
    shown = terminal.type("show", name)
    assert '"token": "[secret]"' in shown
    assert "Warning: this is not all of it. Secrets were removed" in shown
    assert "is approved" in terminal.type("approve", name, "--reason", "Fine.", "--as", "bob")


def test_a_long_value_is_never_cut() -> None:
    value = {"list": ["x" * 300, {"deep": [[], {}, [1, [2]]]}], "text": "y" * 5_000}
    lines = exact(value, 40)
    assert msgspec.json.decode("\n".join(lines)) == value


def test_a_large_subject_is_shown_whole_and_soon() -> None:
    subject = {"inputs": {f"k{number}": ["v" * 20] * 10 for number in range(3_000)}}
    event = ApprovalRequested(
        "approval-1", "run-1", "publish", subject, "0" * 64, ONE, "user:alice", NOW + 60
    )
    approval = evolve(None, event, NOW)
    assert len(sheet(approval, NOW, 80)) > 3_000
