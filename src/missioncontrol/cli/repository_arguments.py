"""What `mission repo` and `mission task` take on the command line."""

import argparse
from typing import Any

from missioncontrol.cli.parser import add_noun, add_wait
from missioncontrol.domain.repository.documents import TASK_DOCUMENTS


def _place() -> argparse.ArgumentParser:
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("--repo", metavar="DIR", default=".", help="the checkout (default: here)")
    place.add_argument("--json", action="store_true", help="print JSON")
    return place


def add_repository(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `repo` to `verbs`."""
    shared = [home, _place()]
    kinds = verbs.add_parser(
        "repo", help="the phases of a repository, from brief to review, with gates"
    ).add_subparsers(dest="repo_verb", metavar="VERB", required=True)
    init = kinds.add_parser(
        "init", parents=shared, help="show which files begin it, or write them with --apply"
    )
    init.add_argument("--apply", action="store_true", help="write them, and begin the record")
    init.add_argument(
        "--own", action="store_true", help="authors may be the only ones who sign: for one person"
    )
    kinds.add_parser(
        "status", parents=shared, help="the phase of each task, what holds it up, and who can help"
    )
    sync = kinds.add_parser(
        "sync", parents=shared, help="take edits of documents in, and write what is generated"
    )
    sync.add_argument(
        "--regenerate",
        action="store_true",
        help="write generated files again, whatever was edited in them",
    )
    metrics = kinds.add_parser(
        "metrics", parents=shared, help="how work goes: artifacts, fix-ups, reviews, cost and more"
    )
    metrics.add_argument(
        "--since", metavar="DAY", default="", help="of what happened since then, as in 2026-11-01"
    )
    metrics.add_argument(
        "--definitions", action="store_true", help="print what each measure means, and end"
    )
    kinds.add_parser(
        "check",
        parents=shared,
        help="whether files, index, gates and record agree; exit code 1 with each reason",
    )
    recover = kinds.add_parser(
        "recover", parents=[_place()], help="what attempts left, stored in the repository"
    )
    what = recover.add_mutually_exclusive_group()
    what.add_argument("--show", metavar="REF", help="which files one of them changes")
    what.add_argument("--remove", metavar="REF", help="keep one of them no longer")
    what.add_argument("--older-than", metavar="AGE", help="keep those no longer: 30d, 12h")
    recover.add_argument(
        "--as", dest="branch", metavar="BRANCH", help="with --show: branch from it"
    )


def add_task(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `task` to `verbs`."""
    text = "work items of all missions and repositories, as the board shows them"
    add_noun(verbs, "task item", home, text, declared="work_item")
    text = "the columns of the board and their limits"
    add_noun(verbs, "task board", home, text)
    text = "the change of a work item or a run: comments on lines, approval, requested changes"
    add_noun(verbs, "task review", home, text, declared="review")
    shared = [home, _place()]
    kinds = verbs.add_parser(
        "task", help="the tasks of a repository, with their documents and signatures"
    ).add_subparsers(dest="task_verb", metavar="VERB", required=True)
    add = kinds.add_parser("add", parents=shared, help="add a task with its four documents")
    add.add_argument("title", metavar="TITLE")
    add.add_argument("--brief", metavar="TEXT", default="", help="what is wanted, and why")
    everything = kinds.add_parser("list", parents=shared, help="the tasks, each with its phase")
    everything.add_argument("--all", action="store_true", help="also those that are over")
    take = kinds.add_parser(
        "import", parents=shared, help="show what tasks of another tool would become"
    )
    take.add_argument(
        "path", metavar="PATH", help="specs/, tasks.json, openspec/, kep.yaml, stories, or Markdown"
    )
    take.add_argument("--apply", action="store_true", help="add these tasks")
    _add_carrying(kinds, shared)
    for name, text in (
        ("show", "one task: its documents, who signed them, and what holds it up"),
        ("approve", "sign a document in a role, as it stands in this checkout"),
        ("start", "begin the implementation; refused until its gate holds"),
        ("done", "take what was implemented as done; refused until the gate of review holds"),
        ("drop", "don't do it"),
    ):
        verb = kinds.add_parser(name, parents=shared, help=text)
        verb.add_argument("task", metavar="TASK", help="its number, or the name of its folder")
        if name == "approve":
            verb.add_argument("document", metavar="DOCUMENT", choices=TASK_DOCUMENTS)
            verb.add_argument("--role", required=True, choices=("product", "engineering", "design"))
        if name in ("approve", "done", "drop"):
            verb.add_argument(
                "--reason",
                metavar="TEXT",
                default="",
                required=name == "drop",
                help="stored permanently",
            )


def _add_carrying(kinds: Any, shared: list[argparse.ArgumentParser]) -> None:
    """Add what has agents carry tasks out."""
    files = kinds.add_parser(
        "scope", parents=shared, help="say, or look up, which files a task is to change"
    )
    files.add_argument("task", metavar="TASK", help="its number, or the name of its folder")
    files.add_argument(
        "pattern", metavar="PATTERN", nargs="*", help="such as src/app.py, src/auth/ or tests/**"
    )
    files.add_argument("--suggest", action="store_true", help="look for them, and say nothing yet")
    files.add_argument("--reason", metavar="TEXT", default="", help="stored permanently")
    run = kinds.add_parser(
        "run", parents=shared, help="have agents build, test, review and merge tasks"
    )
    run.add_argument("tasks", metavar="TASK", nargs="+", help="numbers, or names of folders")
    run.add_argument(
        "--agents",
        metavar="PART=NAME,…",
        default="",
        help="builder=NAME, and reviewer=NAME (else local: rules alone look at changes)",
    )
    run.add_argument(
        "--parallel", metavar="N", type=int, default=4, help="steps at work at once (default: 4)"
    )
    run.add_argument(
        "--overlap",
        choices=("wait", "merge"),
        default="wait",
        help="what becomes of tasks that are to change the same file: one after the other, or at "
        "once and brought together when they are merged (default: wait)",
    )
    run.add_argument(
        "--into", metavar="BRANCH", default="", help="below mission/ (default: mission/<yours>)"
    )
    run.add_argument(
        "--mend", action="store_true", help="build on a branch whose tests fail, to make them pass"
    )
    run.add_argument("--cost", metavar="USD", help="the most that it may spend, such as 2.50")
    run.add_argument("--tokens", metavar="N", type=int, help="the most tokens that it may use")
    add_wait(run)
    form = kinds.add_parser(
        "review-form", parents=shared, help="print what an agent that reviews has to answer with"
    )
    form.add_argument("--output", metavar="FILE", help="write it there")
