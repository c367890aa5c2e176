"""`mission repo` and `mission task`, on real checkouts and with real processes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from missioncontrol.cli.exit_codes import BAD_INPUT, FAILED
from missioncontrol.documents.task_index import index_schema
from tests.agents.repositories import everything, git, repository
from tests.cli.command import answer, environment, mission

FOLDER = "tasks/0001-log-in-with-a-code"
BODIES = {
    "prd": ("Brief", "Goal", "Requirements", "Not included"),
    "tasks": ("Tasks",),
    "spec": ("Behaviour", "Interfaces", "Acceptance"),
    "plan": ("Steps", "Checks", "Way back"),
}
ROLES = {
    "prd": ("product",),
    "tasks": ("engineering",),
    "spec": ("engineering", "design"),
    "plan": ("engineering",),
}


class Place:
    """A checkout with its home."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root, self.home = root, home

    def run(self, *words: str, who: str = "ada", code: int = 0, **env: str) -> str:
        """Run one command line; return its output on both streams."""
        done = mission(self.home, *words, env={"MISSION_ACTOR": who, **env}, cwd=self.root)
        output = done.stdout.decode() + done.stderr.decode()
        assert done.returncode == code, output
        return output

    def told(self, *words: str) -> Any:
        """Return the JSON of a command line."""
        return answer(self.home, *words, "--repo", str(self.root))

    def begun(self, *options: str) -> "Place":
        """Adopt the repository and add a task."""
        self.run("repo", "init", "--apply", *options)
        self.run("task", "add", "Log in with a code", "--brief", "Passwords leak.")
        return self

    def write(self, kind: str, more: str = "") -> None:
        """Write a whole document."""
        text = "".join(f"## {heading}\n\nSaid.\n\n" for heading in BODIES[kind])
        (self.root / FOLDER / f"{kind}.md").write_text(f"# A {kind}\n\n{text}{more}")

    def read(self, kind: str) -> str:
        return (self.root / FOLDER / f"{kind}.md").read_text()

    def written(self) -> "Place":
        """Write all documents and take them in."""
        for kind in BODIES:
            self.write(kind)
        self.run("repo", "sync")
        return self

    def signed(self, who: str = "bob") -> "Place":
        """Sign everything as one person."""
        for kind, roles in ROLES.items():
            for role in roles:
                self.run("task", "approve", "1", kind, "--role", role, who=who)
        return self

    def clone(self, name: str) -> "Place":
        """Return another checkout, with all that is here by now, that works with the same home."""
        git(self.root, "add", "-A")
        git(self.root, "commit", "-qm", "Go on", "--allow-empty")
        git(self.root.parent, "clone", "-q", str(self.root), name)
        return Place(self.root.parent / name, self.home)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(repository(tmp_path / "r"), tmp_path / "home")


def files(root: Path) -> dict[str, tuple[int, str]]:
    return {name: seen for name, seen in everything(root).items() if not name.startswith(".git/")}


# Beginning.


def test_a_repository_begins_after_what_will_be_written_was_shown(place: Place) -> None:
    before = files(place.root)
    output = place.run("repo", "init")
    assert re.findall(r"^new +(\S+)$", output, re.MULTILINE) == [
        ".mission/sop.toml",
        "tasks/index.json",
    ]
    assert files(place.root) == before
    place.run("repo", "init", "--apply")
    after = files(place.root)
    assert set(after) - set(before) == {".mission/sop.toml", "tasks/index.json"}
    again = place.run("repo", "init", "--apply")
    assert re.findall(r"^same +(\S+)$", again, re.MULTILINE) == [
        ".mission/sop.toml",
        "tasks/index.json",
    ]
    assert "is as it was" in again
    assert files(place.root) == after
    assert place.run("repo", "check") == "Files, index and gates agree.\n"


def test_what_a_person_wrote_is_never_written_over(place: Place) -> None:
    place.run("repo", "init", "--apply")
    sop = place.root / ".mission/sop.toml"
    sop.write_text(sop.read_text() + "# Ours.\n")
    place.run("repo", "init", "--apply")
    assert sop.read_text().endswith("# Ours.\n")
    assert "says otherwise" in place.run("repo", "init", "--own", code=BAD_INPUT)
    (place.root / "docs").mkdir()
    (place.root / "docs/tasks.md").write_text("# What we do\n")
    output = place.run("task", "add", "Log in")
    assert "It is in the record; the files are not written" in output
    output = place.run("repo", "sync", "--regenerate", code=BAD_INPUT)
    assert "docs/tasks.md was not written from this record" in output
    assert (place.root / "docs/tasks.md").read_text() == "# What we do\n"


@pytest.mark.parametrize("mine", ["docs/tasks.md", "tasks/index.json"])
def test_a_file_of_somebody_at_a_place_of_ours_is_named_before_anything_is_written(
    place: Place, mine: str
) -> None:
    (place.root / mine).parent.mkdir(exist_ok=True)
    (place.root / mine).write_text("- mine\n")
    before = files(place.root)
    for words in (("repo", "init"), ("repo", "init", "--apply")):
        output = place.run(*words, code=BAD_INPUT)
        assert f"{mine} was not written from this record" in output
        assert "--regenerate" not in output
    assert files(place.root) == before


def test_what_git_ignores_is_said_before_a_clone_lacks_it(place: Place) -> None:
    (place.root / ".gitignore").write_text(".*\n!.gitignore\n")
    for words in (("repo", "init"), ("repo", "init", "--apply"), ("repo", "check")):
        assert "git ignores .mission/sop.toml" in place.run(*words)
    (place.root / ".mission/sop.toml").rename(place.root / "kept.toml")
    assert "its .mission/sop.toml is not here" in place.run("repo", "init", code=BAD_INPUT)
    (place.root / "kept.toml").rename(place.root / ".mission/sop.toml")
    git(place.root, "add", "-f", ".mission/sop.toml")
    assert "git ignores" not in place.run("repo", "check")


def test_a_link_that_leads_out_of_the_checkout_is_not_followed(
    place: Place, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (place.root / "tasks").symlink_to(tmp_path / "elsewhere")
    assert "leads elsewhere" in place.run("repo", "init", "--apply", code=BAD_INPUT)
    assert list((tmp_path / "elsewhere").iterdir()) == []


# From a brief to what is done.


def test_a_task_goes_from_a_brief_to_done(place: Place) -> None:
    place.begun()
    assert place.read("prd").startswith(
        "# Log in with a code: requirements\n\n## Brief\n\nPasswords"
    )
    output = place.run("repo", "status")
    assert "`Goal` has no text in prd" in output
    assert f"an editor of {FOLDER}/prd.md" in output
    assert "product: anyone who may approve" in output
    place.written()
    refused = place.run("task", "start", "1", code=BAD_INPUT)
    for kind, roles in ROLES.items():
        for role in roles:
            assert f"{kind} has no signature for {role}" in refused
    words = ("task", "approve", "1", "prd", "--role", "product")
    assert "the author would be its only signer" in place.run(*words, code=BAD_INPUT)
    place.signed("bob")
    assert "nothing holds it up: mission task start 1" in place.run("repo", "status")
    place.run("task", "start", "1", who="bob")
    ready = "mission task done 1, by someone other than user:bob"
    assert ready in place.run("repo", "status")
    assert "another person has to review it" in place.run(
        "task", "done", "1", who="bob", code=BAD_INPUT
    )
    place.run("task", "done", "0001-log-in-with-a-code", "--reason", "Seen.", who="ada")
    assert place.told("task", "list") == []
    [over] = place.told("task", "list", "--all")
    assert (over["words"], over["phase"]) == ("done", None)
    assert "Files, index and gates agree." in place.run("repo", "check")


def test_one_person_alone_comes_through_where_the_process_says_so(place: Place) -> None:
    place.begun("--own").written().signed("ada")
    place.run("task", "start", "1")
    place.run("task", "done", "1")
    assert "Files, index and gates agree." in place.run("repo", "check")


def test_a_version_is_signed_only_as_it_stands_before_whoever_signs(place: Place) -> None:
    place.begun().written()
    place.write("prd", "And more.\n")
    words = ("task", "approve", "1", "prd", "--role", "product")
    assert "not what was read" in place.run(*words, who="bob", code=BAD_INPUT)
    place.run("repo", "sync")
    place.run(*words, who="bob")
    assert "not written" not in place.run(*words, who="bob")
    place.write("prd", "TODO: the rest\n")
    place.run("repo", "sync")
    assert "prd leaves open: TODO (line" in place.run(*words, who="bob", code=BAD_INPUT)
    status = place.run("repo", "status")
    assert "prd was changed after user:bob signed it for product" in status


def test_changed_gates_hold_once_they_are_taken_over(place: Place) -> None:
    place.begun()
    sop = place.root / ".mission/sop.toml"
    sop.write_text(sop.read_text().replace('headings = ["Tasks"]', 'headings = ["Slices"]'))
    assert "sop.toml is not taken over yet" in place.run("repo", "status")
    assert ".mission/sop.toml is taken over" in place.run("repo", "sync")
    place.written()
    assert "`Slices` is not there in tasks" in place.run("task", "start", "1", code=BAD_INPUT)
    sop.write_text(sop.read_text().replace('needs = ["prd"]', 'needs = ["plan"]'))
    output = place.run("repo", "sync", code=BAD_INPUT)
    assert "the phase tasks needs plan, which is no document of a phase before it" in output


def test_a_task_that_is_dropped_says_why(place: Place) -> None:
    place.begun()
    place.run("task", "drop", "1", "--reason", "Too dear.")
    assert "Too dear." in (place.root / "docs/tasks.md").read_text()
    assert "dropped already" in place.run("task", "start", "1", code=BAD_INPUT)
    assert "no task '7'" in place.run("task", "show", "7", code=BAD_INPUT)


def test_a_task_says_how_its_spec_stands_for_the_guard(place: Place) -> None:
    place.begun()
    assert "is none: it is not staged" in place.run("task", "show", "1")
    spec = place.root / FOLDER / "spec.md"
    spec.write_text("---\ncovers:\n  - src/\n---\n" + spec.read_text())
    git(place.root, "add", "-A")
    assert "its spec was never accepted" in place.run("task", "show", "1")
    place.run("guard", "accept", f"{FOLDER}/spec.md")
    git(place.root, "add", "-A")
    assert place.told("task", "show", "1")["guard"] == "is current"


# What is generated.


def test_generating_twice_changes_nothing(place: Place) -> None:
    place.begun().written()
    before = files(place.root)
    assert place.told("repo", "sync")["written"] == []
    assert place.told("repo", "sync", "--regenerate")["written"] == []
    assert files(place.root) == before
    shutil.rmtree(place.root / "tasks")
    shutil.rmtree(place.root / "docs")
    place.run("repo", "sync")
    assert files(place.root) == before


def test_the_index_is_as_its_schema_says_and_the_history_only_grows(place: Place) -> None:
    place.begun()
    history = place.root / "docs/tasks.md"
    begun = history.read_text()
    place.written().signed()
    index = json.loads((place.root / "tasks/index.json").read_text())
    reference = Path(__file__).parents[2] / "docs/reference/repository-tasks.schema.json"
    schema = json.loads(reference.read_text())
    assert schema == json.loads(json.dumps(index_schema()))
    jsonschema.validate(index, schema)
    newest = index["tasks"][0]["task"]["documents"]["prd"]
    assert history.read_text().startswith(begun)
    assert (
        f"[{FOLDER}/prd.md](../{FOLDER}/prd.md), SHA-256 `{newest['digest']}`"
        in history.read_text()
    )
    index["tasks"][0]["phase"] = "dreaming"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(index, schema)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("tasks/index.json", "user:ada", "user:eve"),
        ("tasks/index.json", "{", "<<<<<<< HEAD\n{"),
        ("docs/tasks.md", "By user:ada", "By user:eve"),
        ("docs/tasks.md", "sections are added", "sections are not added"),
    ],
)
def test_an_edit_of_what_is_generated_is_refused_with_the_place_to_edit(
    place: Place, name: str, old: str, new: str
) -> None:
    place.begun()
    path = place.root / name
    was = path.read_text()
    assert old in was
    path.write_text(was.replace(old, new, 1))
    for words, code in ((("check",), FAILED), (("sync",), BAD_INPUT)):
        output = place.run("repo", *words, code=code)
        assert f"{name} was changed by hand" in output
        assert "Edit the documents in `tasks/NNNN-…/`" in output
    if "not added" not in new:
        place.run("repo", "sync", "--regenerate")
        assert path.read_text() == was


def test_a_history_that_was_written_anew_with_its_digests_is_still_found(place: Place) -> None:
    place.begun()
    other = Place(repository(place.root.parent / "other"), place.home).begun()
    name = "docs/tasks.md"
    (place.root / name).write_text((other.root / name).read_text())
    assert "docs/tasks.md is not what the record says" in place.run("repo", "check", code=FAILED)
    assert "the record does not say that" in place.run("repo", "sync", code=BAD_INPUT)


# Edits.


def test_edits_of_two_checkouts_come_together(place: Place) -> None:
    place.begun().written()
    other = place.clone("other")
    place.write("prd", "## Here\n\nFrom here.\n")
    place.run("repo", "sync")
    text = other.read("prd").replace("## Goal\n\nSaid.", "## Goal\n\nFrom there.")
    (other.root / FOLDER / "prd.md").write_text(text)
    done = other.told("repo", "sync")
    assert [each["version"] for each in done["taken"]] == [4]
    assert "From here." in other.read("prd")
    assert "From there." in other.read("prd")
    assert "written" in place.run("repo", "sync")
    assert place.read("prd") == other.read("prd")


def test_both_sides_of_a_conflict_are_kept_and_hold_the_gate(place: Place) -> None:
    place.begun().written()
    other = place.clone("other")
    for each, words in ((place, "From here."), (other, "From there.")):
        text = each.read("prd").replace("## Goal\n\nSaid.", f"## Goal\n\n{words}")
        (each.root / FOLDER / "prd.md").write_text(text)
    place.run("repo", "sync")
    words = other.run("repo", "sync", code=FAILED)
    assert "both sides changed the same lines of `Goal`" in words
    for line in ("From here.", "From there."):
        assert line in words
        assert line in other.read("prd")
    assert "prd leaves open: a conflict" in other.run("repo", "status")
    merged = other.read("prd")
    text = re.sub(r"<!-- generated anew.*?<!-- end of .*?-->\n", "", merged, flags=re.DOTALL)
    (other.root / FOLDER / "prd.md").write_text(text)
    other.run("repo", "sync")
    assert "a conflict" not in other.run("repo", "status")
    assert "From here." not in other.read("prd")


def test_a_command_does_not_write_over_what_was_edited_meanwhile(place: Place) -> None:
    place.begun().written()
    other = place.clone("other")
    place.write("prd", "From here.\n")
    place.run("repo", "sync")
    other.write("plan", "From there.\n")
    other.write("prd", "From there.\n")
    before = files(other.root)
    assert "not written before `mission repo sync`" in other.run("task", "add", "Log out")
    assert files(other.root) == before
    other.run("repo", "sync", code=FAILED)
    assert "From there." in other.read("prd")
    assert "From here." in other.read("prd")
    assert "From there." in other.read("plan")
    assert (other.root / "tasks/0002-log-out/prd.md").exists()


def test_going_back_to_an_earlier_text_is_an_edit(place: Place) -> None:
    place.begun().written()
    first = place.read("prd")
    place.write("prd", "More.\n")
    place.run("repo", "sync")
    (place.root / FOLDER / "prd.md").write_text(first)
    place.run("repo", "sync")
    assert place.read("prd") == first
    assert place.told("task", "show", "1")["documents"]["prd"]["version"] == 4


def test_a_document_that_was_deleted_comes_back(place: Place) -> None:
    place.begun().written()
    text = place.read("plan")
    (place.root / FOLDER / "plan.md").unlink()
    assert "plan.md is not there" in place.run("repo", "check", code=FAILED)
    place.run("repo", "sync")
    assert place.read("plan") == text


def test_a_secret_is_not_taken_in(place: Place) -> None:
    place.begun()
    place.write("prd", "The key is sk-live-0123456789abcdef.\n")
    key = {"SHOP_API_KEY": "sk-live-0123456789abcdef"}
    assert "holds the value of a secret" in place.run("repo", "sync", code=BAD_INPUT, **key)
    assert place.told("task", "show", "1")["documents"]["prd"]["version"] == 1


def test_what_is_no_text_is_refused_by_its_name(place: Place) -> None:
    place.begun()
    (place.root / FOLDER / "prd.md").write_bytes(b"\xff\xfe")
    assert "prd.md can't be read: it is no UTF-8 at byte 0" in place.run(
        "repo", "sync", code=BAD_INPUT
    )


# Without the home.


def test_a_pipeline_without_a_home_checks_what_the_files_tell(place: Place) -> None:
    place.begun().written().signed()
    place.run("task", "start", "1", who="bob")
    clone = place.clone("pipeline")
    clone.home = place.root.parent / "nothing"
    output = clone.run("repo", "check")
    assert "Files, index and gates agree." in output
    assert "Not checked: whether the record holds these tasks and signatures" in output
    clone.write("spec", "Changed.\n")
    output = clone.run("repo", "check", code=FAILED)
    assert f"{FOLDER}/spec.md was changed and is not imported" in output
    place.write("spec", "Changed.\n")
    place.run("repo", "sync")
    later = place.clone("later")
    later.home = clone.home
    output = later.run("repo", "check", code=FAILED)
    assert "task 1 is at work, and spec was changed after user:bob signed it" in output
    assert not clone.home.exists()


def test_another_home_takes_no_record_over(place: Place) -> None:
    place.begun()
    clone = place.clone("clone")
    clone.home = place.root.parent / "other-home"
    before = files(clone.root)
    output = clone.run("repo", "init", "--apply", code=BAD_INPUT)
    assert "this home has no record of" in output
    assert "has no record in this home" in clone.run("repo", "sync", code=BAD_INPUT)
    assert files(clone.root) == before


# Ends in between, and many at once.

DYING = """
import os, sys
from pathlib import Path
from missioncontrol.adapters.repository_files import RepositoryFiles
from missioncontrol.cli.main import main

left, write = int(sys.argv[1]), RepositoryFiles.write

def dying(self, place, text):
    global left
    if left == 0:
        Path.replace = lambda *_: os.kill(os.getpid(), 9)
    left -= 1
    write(self, place, text)

RepositoryFiles.write = dying
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("writes", [0, 2, 5])
def test_a_sync_repairs_what_a_killed_command_left(place: Place, writes: int) -> None:
    place.run("repo", "init", "--apply")
    words = ("task", "add", "Log in with a code", "--brief", "Passwords leak.")
    argv = [sys.executable, "-c", DYING, str(writes), *words]
    done = subprocess.run(
        argv, env=environment(place.home), cwd=place.root, capture_output=True, check=False
    )
    assert done.returncode == -9, done.stderr.decode()
    assert [each for each in files(place.root) if "-draft-" in each]
    place.run("repo", "sync")
    assert not [each for each in files(place.root) if "-draft-" in each]
    assert "Files, index and gates agree." in place.run("repo", "check")
    assert len(place.told("task", "list")) == 1
    assert "Passwords leak." in place.read("prd")


@pytest.mark.parametrize("writes", range(3))
def test_a_merge_that_was_killed_is_not_merged_again(place: Place, writes: int) -> None:
    place.begun().written()
    other = place.clone("other")
    for each, words in ((place, "From here."), (other, "From there.")):
        text = each.read("prd").replace("## Goal\n\nSaid.", f"## Goal\n\n{words}")
        (each.root / FOLDER / "prd.md").write_text(text)
    place.run("repo", "sync")
    argv = [sys.executable, "-c", DYING, str(writes), "repo", "sync"]
    done = subprocess.run(
        argv, env=environment(place.home), cwd=other.root, capture_output=True, check=False
    )
    assert done.returncode == -9, done.stderr.decode()
    other.run("repo", "sync")
    assert other.told("task", "show", "1")["documents"]["prd"]["version"] == 4
    assert other.read("prd").count("From here.") == 1
    assert other.read("prd").count("From there.") == 1
    other.run("repo", "check")


WRITING = """
import sys
from pathlib import Path
from missioncontrol.cli.main import main

me, times, root = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
for number in range(times):
    code = main(["task", "add", f"Task {number} of {me}", "--brief", f"brief {number} of {me}"])
    if code:
        sys.exit(f"add: {code}")
    [mine] = root.glob(f"tasks/*-task-{number}-of-{me}")
    text = (mine / "plan.md").read_text()
    (mine / "plan.md").write_text(text.replace("## Steps", f"## Steps\\n\\nStep {number} of {me}."))
    code = main(["repo", "sync"])
    if code:
        sys.exit(f"sync: {code}")
"""

WRITERS, UPDATES = (10, 100) if os.environ.get("MISSION_PROOF") == "all" else (4, 3)


@pytest.mark.timeout(120 + WRITERS * UPDATES * 6)
def test_many_writers_lose_nothing(place: Place) -> None:
    """With `MISSION_PROOF=all`, ten of them write a hundred times each."""
    place.run("repo", "init", "--apply")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITING, f"w{me}", str(UPDATES), str(place.root)],
            env=environment(place.home),
            cwd=place.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for me in range(WRITERS)
    ]
    for process in processes:
        _, output = process.communicate()
        assert process.returncode == 0, output.decode()
    assert "Files, index and gates agree." in place.run("repo", "check")
    tasks = place.told("task", "list")
    assert len(tasks) == WRITERS * UPDATES
    assert [task["task"] for task in tasks] == list(range(1, WRITERS * UPDATES + 1))
    for task in tasks:
        found = re.fullmatch(r"Task (\d+) of (w\d+)", task["title"])
        assert found
        plan = (place.root / task["folder"] / "plan.md").read_text()
        assert f"Step {found[1]} of {found[2]}." in plan
        assert (
            f"brief {found[1]} of {found[2]}"
            in (place.root / task["folder"] / "prd.md").read_text()
        )
    before = files(place.root)
    place.run("repo", "sync")
    assert files(place.root) == before


# Measuring.


def test_how_work_goes_is_told_and_nothing_is_told_of_nothing(place: Place) -> None:
    place.begun()
    place.written().signed()
    place.run("task", "start", "1", who="bob")
    found = place.told("repo", "metrics")
    measures = {each["key"]: each for each in found["measures"]}
    assert (measures["artifacts_first"]["value"], measures["artifacts_first"]["of"]) == (1.0, 1)
    assert measures["brief_to_plan"]["value"] > 0
    assert measures["no_fix_up"]["value"] is None
    output = place.run("repo", "metrics", "--since", "2126-01-01")
    assert "Artifacts before implementation  none: no implementation of a task began that" in output
    assert "is no day" in place.run("repo", "metrics", "--since", "soon", code=BAD_INPUT)


def test_what_a_measure_means_is_told_without_a_repository(tmp_path: Path) -> None:
    done = mission(None, "repo", "metrics", "--definitions", "--json", cwd=tmp_path)
    measures = json.loads(done.stdout)
    assert measures["duplicated_edits"]["version"] == 1
    assert "independent" in measures["duplicated_edits"]["counts"]
    assert b"Counted: " in mission(None, "repo", "metrics", "--definitions", cwd=tmp_path).stdout
