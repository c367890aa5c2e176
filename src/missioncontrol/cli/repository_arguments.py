"""What `mission repo` and `mission task` take on the command line."""

import argparse
from typing import Any

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
        "repo", help="the phases of a repository: from a brief to what is reviewed, by gates"
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
        help="write generated files anew, whatever was edited in them",
    )
    kinds.add_parser(
        "check",
        parents=shared,
        help="whether files, index, gates and record agree; exit code 1 with each reason",
    )


def add_task(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `task` to `verbs`."""
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
        "import", parents=shared, help="show what spec-kit, task-master or a PRD would become"
    )
    take.add_argument("path", metavar="PATH", help="specs/, tasks.json, or a file of Markdown")
    take.add_argument("--apply", action="store_true", help="add these tasks")
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
                help="kept for ever",
            )
