"""Tasks of repositories: what they go through, and what every gate says where it does not hold."""

import msgspec
import pytest

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.repository.commands import (
    AddTask,
    AdoptRepository,
    DropTask,
    FinishTask,
    RepositoryCommand,
    SignDocument,
    StartTask,
    TakeDocument,
    Version,
)
from missioncontrol.domain.repository.decide import (
    BRIEF_MAX,
    CHARACTERS_MAX,
    PATH_MAX,
    REASON_MAX,
    SLUG_MAX,
    TASKS_MAX,
    TITLE_MAX,
    VERSIONS_MAX,
    decide,
    slug_of,
    words_of,
)
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.events import (
    Outline,
    RepositoryAdopted,
    RepositoryTaskAdded,
    RepositoryTaskDone,
    RepositoryTaskDropped,
    RepositoryTaskStarted,
    TaskDocumentTaken,
    Who,
)
from missioncontrol.domain.repository.gates import gate, held_up, lacks, phase_of, review
from missioncontrol.domain.repository.process import (
    USUAL,
    Phase,
    PhaseRule,
    Process,
    Role,
    fault_of,
)
from missioncontrol.domain.repository.states import Repository, Started
from tests.domain.repositories import (
    ADA,
    BOB,
    EVE,
    ID,
    PROCESS,
    digest,
    edited,
    sign,
    signed,
    told,
    whole,
    written,
)

OWN = Process(dict(USUAL), own=True)


def refused(command: RepositoryCommand, state: Repository | None) -> Rejected | NotFound:
    with pytest.raises((Rejected, NotFound)) as no:
        decide(command, state, 0.0)
    assert isinstance(no.value, Rejected | NotFound)
    return no.value


def reasons(state: Repository, kind: TaskDocument) -> str:
    return words_of(lacks(state.tasks[1], kind, state.process))


# A repository and its process.


def test_a_repository_is_adopted_once_and_its_process_may_change() -> None:
    state, events = told()
    assert events == [RepositoryAdopted(ID, "/repo", PROCESS)]
    assert decide(AdoptRepository(ID, "/elsewhere", PROCESS), state, 0.0) == []
    state, _ = told(AdoptRepository(ID, "/repo", OWN), state=state)
    assert state.process.own


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (AdoptRepository("repository-1", "/repo", PROCESS), "repository.bad_input"),
        (AdoptRepository(f"../{ID}", "/repo", PROCESS), "repository.bad_input"),
        (AdoptRepository(ID, "", PROCESS), "repository.bad_input"),
        (AdoptRepository(ID, "a" * (PATH_MAX + 1), PROCESS), "repository.bad_input"),
        (
            AdoptRepository(ID, "/repo", Process({"prd": PhaseRule(("spec",))})),
            "repository.bad_process",
        ),
        (StartTask(1, ADA), "repository.unknown"),
    ],
)
def test_what_no_repository_can_be_is_refused(command: RepositoryCommand, code: str) -> None:
    assert refused(command, None).code == code


@pytest.mark.parametrize(
    ("phases", "roles", "fault"),
    [
        (dict(USUAL), {}, ""),
        ({}, {}, ""),
        ({"spec": PhaseRule(("prd",))}, {}, "the phase spec needs prd"),
        ({"prd": PhaseRule(), "tasks": PhaseRule(("tasks",))}, {}, "the phase tasks needs tasks"),
        ({"review": PhaseRule(headings=("A",))}, {}, "the phase review leaves no document"),
        ({"review": PhaseRule(signed_by=("product",))}, {}, "leaves no document"),
        ({"prd": PhaseRule(headings=("A", "a"))}, {}, "names a heading twice"),
        ({}, {"product": ("agent:x",)}, "'agent:x', who is no person"),
    ],
)
def test_a_process_says_what_is_wrong_with_it(
    phases: dict[Phase, PhaseRule], roles: dict[str, tuple[str, ...]], fault: str
) -> None:
    process = msgspec.convert({"phases": msgspec.to_builtins(phases), "roles": roles}, Process)
    assert fault in fault_of(process)
    assert bool(fault) == bool(fault_of(process))


# Tasks.


def test_tasks_are_numbered_and_begin_with_their_documents_at_once() -> None:
    first = AddTask("Log in", "With a code.", (whole("prd", "x"),), ADA)
    state, events = told(AddTask("Log out", "", (), BOB), first)
    assert events == [
        RepositoryTaskAdded(ID, 2, "log-in", "Log in", ADA, "With a code."),
        TaskDocumentTaken(ID, 2, "prd", 1, digest("x"), 1, whole("prd", "x").outline, ADA),
    ]
    task = state.tasks[2]
    assert (task.folder, task.place("prd")) == ("tasks/0002-log-in", "tasks/0002-log-in/prd.md")


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Log in with a code", "log-in-with-a-code"),
        ("Über Äpfel & 3 Birnen", "uber-apfel-3-birnen"),
        ("../../etc/passwd", "etc-passwd"),
        ("日本語", "task"),
        ("a" * 99, "a" * SLUG_MAX),
        (" ".join(["word"] * 20), "-".join(["word"] * 9)),
    ],
)
def test_a_folder_is_named_by_the_words_of_the_title(title: str, slug: str) -> None:
    assert slug_of(title) == slug
    assert len(slug) <= SLUG_MAX


@pytest.mark.parametrize(
    ("title", "brief"),
    [
        ("", ""),
        ("  ", ""),
        ("a" * (TITLE_MAX + 1), ""),
        ("A", "b" * (BRIEF_MAX + 1)),
        ("two\nlines", ""),
        ("hid\u202eden", ""),
    ],
)
def test_a_title_is_a_line_and_a_brief_has_an_end(title: str, brief: str) -> None:
    assert refused(AddTask(title, brief, (), ADA), told()[0]).code == "repository.bad_input"


def test_there_are_only_so_many_tasks_and_versions() -> None:
    state = written()
    task = state.tasks[1]
    full = msgspec.structs.replace(state, tasks=dict.fromkeys(range(1, TASKS_MAX + 1), task))
    assert refused(AddTask("One more", "", (), ADA), full).code == "repository.too_many"
    last = msgspec.structs.replace(task.documents["prd"], version=VERSIONS_MAX)
    state.tasks[1] = msgspec.structs.replace(task, documents={"prd": last})
    take = TakeDocument(1, whole("prd", "another"), ADA)
    assert refused(take, state).code == "repository.too_many"


# Documents.


def test_a_text_that_is_there_already_is_no_new_version() -> None:
    state = written()
    assert decide(TakeDocument(1, whole("prd", "prd"), BOB), state, 0.0) == []
    state = edited(state, "prd", "second", BOB)
    newest = state.tasks[1].documents["prd"]
    assert (newest.version, newest.author) == (2, BOB)
    assert state.versions[1, "prd"] == (digest("prd"), digest("second"))


@pytest.mark.parametrize(
    "version",
    [
        Version("prd", "nothing", 1, Outline()),
        Version("prd", digest("long"), CHARACTERS_MAX + 1, Outline()),
    ],
)
def test_a_text_is_known_by_its_digest_and_has_an_end(version: Version) -> None:
    assert refused(TakeDocument(1, version, ADA), written()).code == "repository.bad_input"


def test_a_document_that_the_process_does_not_have_is_refused() -> None:
    state = written(Process({"prd": USUAL["prd"]}))
    take = TakeDocument(1, whole("spec", "x"), ADA)
    assert "have no spec" in refused(take, state).reason


def test_nobody_knows_of_a_task_that_was_never_added() -> None:
    take = TakeDocument(7, whole("prd", "x"), ADA)
    assert refused(take, written()).code == "repository.unknown_task"


# Gates.


def test_a_document_lacks_what_is_said_one_by_one() -> None:
    state = told(AddTask("Log in", "", (), ADA))[0]
    assert reasons(state, "prd") == "there is no prd"
    outline = Outline(("brief", "goal"), ("requirements",), tuple(f"TBD {n}" for n in range(7)))
    state, _ = told(TakeDocument(1, Version("prd", digest("x"), 1, outline), ADA), state=state)
    message = reasons(state, "prd")
    assert "`Requirements` has no text in prd; `Not included` is not there in prd" in message
    assert "leaves open: TBD 0, TBD 1, TBD 2, TBD 3, TBD 4 and 2 more" in message
    assert "prd has no signature for product" in message


def test_a_signature_holds_for_exactly_one_text() -> None:
    state = sign(written(), "prd", "product")
    assert reasons(state, "prd") == ""
    other = edited(state, "prd", "another")
    assert reasons(other, "prd") == "prd was changed after user:bob signed it for product"
    assert reasons(edited(other, "prd", "prd"), "prd") == ""


def test_what_rests_on_a_text_that_changed_is_stale() -> None:
    state = signed(written())
    assert gate(state.tasks[1], "implementation", state.process) == []
    state = sign(edited(state, "prd", "another"), "prd", "product")
    assert reasons(state, "prd") == ""
    assert reasons(state, "tasks") == "prd changed after user:bob signed tasks for engineering"
    assert "prd changed after user:bob signed spec for design" in reasons(state, "spec")
    state = sign(state, "tasks", "engineering")
    assert reasons(state, "tasks") == ""


def signed_alone(state: Repository, by: Who) -> Repository:
    """Return it as a log has it that signed alone while the process allowed that."""
    return told(AdoptRepository(ID, "/repo", PROCESS), state=sign(state, "prd", "product", by))[0]


def test_an_author_is_not_the_only_one_who_signs() -> None:
    assert "only its author user:ada signed prd" in reasons(signed_alone(written(OWN), ADA), "prd")
    assert reasons(sign(written(OWN), "prd", "product", ADA), "prd") == ""
    state = sign(sign(written(), "spec", "design", ADA), "spec", "engineering", BOB)
    assert reasons(state, "spec") == ""


def test_the_same_person_by_another_spelling_or_user_is_the_same() -> None:
    assert "only its author" in reasons(signed_alone(written(OWN), Who("user:Ada")), "prd")
    state = written(OWN, author=Who("user:ada", "root"))
    assert "only its author" in reasons(signed_alone(state, Who("user:root", "root")), "prd")


def refused_alone(kind: TaskDocument, role: Role, by: Who, state: Repository) -> str:
    ask = SignDocument(1, kind, role, state.tasks[1].documents[kind].digest, by)
    no = refused(ask, state)
    assert no.code == "repository.may_not_sign"
    return no.reason + no.hint


def test_a_signature_of_the_author_that_can_never_count_is_refused_at_once() -> None:
    refusal = refused_alone("prd", "product", ADA, written())
    assert "user:ada wrote version 1 of prd" in refusal
    assert "`mission task approve 1 prd --role product`" in refusal
    assert "`own = true`" in refusal
    refused_alone("prd", "product", Who("user:Ada"), written())


def test_an_author_signs_for_one_of_several_roles_and_not_for_all() -> None:
    state = sign(written(), "spec", "design", ADA)
    refused_alone("spec", "engineering", ADA, state)
    state = sign(state, "spec", "engineering", BOB)
    assert reasons(sign(state, "spec", "design", ADA), "spec") == ""
    alone = Process(dict(USUAL), {"engineering": ("ada",)})
    refused_alone("spec", "design", ADA, written(alone))
    shared = Process(dict(USUAL), {"engineering": ("ada", "bob")})
    assert sign(written(shared), "spec", "design", ADA)


def test_only_those_sign_whom_the_process_names() -> None:
    process = Process(dict(USUAL), {"product": ("bob",)})
    state = written(process)
    ask = SignDocument(1, "prd", "product", digest("prd"), EVE)
    no = refused(ask, state)
    assert (no.code, "bob may" in no.reason) == ("repository.may_not_sign", True)
    state = sign(state, "prd", "product", BOB)
    assert reasons(state, "prd") == ""
    others = Process(dict(USUAL), {"product": ("eve",)})
    state, _ = told(AdoptRepository(ID, "/repo", others), state=state)
    assert "user:bob, who signed prd, may not sign for product any more" in reasons(state, "prd")


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (SignDocument(1, "prd", "design", digest("prd"), BOB), "repository.may_not_sign"),
        (SignDocument(1, "prd", "product", digest("old"), BOB), "repository.other_version"),
        (
            SignDocument(1, "prd", "product", digest("prd"), Who("agent:x")),
            "repository.may_not_sign",
        ),
        (
            SignDocument(1, "prd", "product", digest("prd"), BOB, "a" * (REASON_MAX + 1)),
            "repository.bad_input",
        ),
        (SignDocument(2, "prd", "product", digest("prd"), BOB), "repository.unknown_task"),
    ],
)
def test_nobody_signs_what_they_may_not(ask: SignDocument, code: str) -> None:
    assert refused(ask, written()).code == code


def test_what_is_incomplete_or_absent_is_not_signed() -> None:
    bare = Version("prd", digest("x"), 1, Outline())
    state = told(AddTask("Log in", "", (bare, whole("spec", "s")), ADA))[0]
    no = refused(SignDocument(1, "prd", "product", digest("x"), BOB), state)
    assert (no.code, "`Goal` is not there" in no.reason) == ("repository.incomplete", True)
    no = refused(SignDocument(1, "spec", "design", digest("s"), BOB), state)
    assert "there is no tasks" in no.reason
    no = refused(SignDocument(1, "plan", "engineering", digest("p"), BOB), state)
    assert "There is no tasks/0001-log-in/plan.md" in no.reason


def test_signing_twice_is_signing_once() -> None:
    state = sign(written(), "prd", "product")
    ask = SignDocument(1, "prd", "product", digest("prd"), BOB)
    assert decide(ask, state, 0.0) == []


# From phase to phase.


def test_a_task_goes_through_its_phases() -> None:
    state = written()
    seen = [phase_of(state.tasks[1], PROCESS)]
    for kind in PROCESS.documents:
        for role in PROCESS.rule(kind).signed_by:
            state = sign(state, kind, role)
        seen.append(phase_of(state.tasks[1], PROCESS))
    assert seen == ["prd", "tasks", "spec", "plan", "implementation"]
    assert held_up(state.tasks[1], PROCESS) == []
    digests = {kind: digest(kind) for kind in PROCESS.documents}
    state, events = told(StartTask(1, BOB), state=state)
    assert events == [RepositoryTaskStarted(ID, 1, digests, BOB)]
    assert decide(StartTask(1, EVE), state, 0.0) == []
    assert phase_of(state.tasks[1], PROCESS) == "review"
    assert held_up(state.tasks[1], PROCESS) == []
    state, events = told(FinishTask(1, EVE, "Seen."), state=state)
    assert events == [RepositoryTaskDone(ID, 1, digests, EVE, "Seen.")]
    assert phase_of(state.tasks[1], PROCESS) is None
    assert held_up(state.tasks[1], PROCESS) == []
    assert decide(FinishTask(1, EVE), state, 0.0) == []


def test_a_start_is_refused_with_every_reason() -> None:
    assert "prd has no signature" in words_of(held_up(written().tasks[1], PROCESS))
    no = refused(StartTask(1, BOB), written())
    assert no.code == "repository.gate"
    for kind in PROCESS.documents:
        assert f"{kind} has no signature" in no.reason


def test_what_changed_while_it_was_built_is_signed_again_before_it_is_done() -> None:
    state, _ = told(StartTask(1, BOB), state=signed(written()))
    state = edited(state, "plan", "another")
    assert phase_of(state.tasks[1], PROCESS) == "implementation"
    assert "plan was changed" in words_of(held_up(state.tasks[1], PROCESS))
    assert "plan was changed" in refused(FinishTask(1, EVE), state).reason
    state = sign(state, "plan", "engineering")
    assert told(FinishTask(1, EVE), state=state)[1]


def test_whoever_started_a_task_does_not_say_that_it_is_done() -> None:
    state, _ = told(StartTask(1, BOB), state=signed(written()))
    assert "another person has to review it" in refused(FinishTask(1, BOB), state).reason
    assert isinstance(state.tasks[1].stage, Started)
    state, _ = told(AdoptRepository(ID, "/repo", OWN), state=state)
    assert review(state.tasks[1], state.process, BOB) == []
    assert told(FinishTask(1, BOB), state=state)[1]


def test_what_is_over_stays_over() -> None:
    state, events = told(DropTask(1, ADA, "Too dear."), state=written())
    assert events == [RepositoryTaskDropped(ID, 1, ADA, "Too dear.")]
    assert decide(DropTask(1, ADA, "Again."), state, 0.0) == []
    for command in (StartTask(1, ADA), FinishTask(1, ADA)):
        assert refused(command, state).code == "repository.over"
    done, _ = told(StartTask(1, BOB), FinishTask(1, EVE), state=signed(written()))
    assert "is done already" in refused(DropTask(1, ADA, "Late."), done).reason
    # A person's words are stored all the same.
    assert edited(done, "prd", "late").tasks[1].documents["prd"].version == 2
    assert phase_of(edited(done, "prd", "later").tasks[1], PROCESS) is None


def test_what_was_not_started_is_not_done_and_nothing_is_dropped_without_a_reason() -> None:
    assert refused(FinishTask(1, ADA), written()).code == "repository.not_started"
    assert refused(DropTask(1, ADA, " "), written()).code == "repository.bad_input"


def test_a_document_that_is_gone_from_under_another_one_makes_it_stale() -> None:
    state = signed(written())
    task = state.tasks[1]
    rest = {kind: text for kind, text in task.documents.items() if kind != "prd"}
    state.tasks[1] = msgspec.structs.replace(task, documents=rest)
    assert "prd changed after user:bob signed tasks" in reasons(state, "tasks")
