"""What `mission workflow` takes on the command line, apart from `run`."""

import argparse
from collections.abc import Callable
from typing import Any

FILE = "a workflow in YAML or JSON; - reads standard input"


def add_workflow(
    verbs: Any, home: argparse.ArgumentParser, whole_number: Callable[[str], int]
) -> Any:
    """Add `workflow` to `verbs` and return the set of its own verbs, for more to be added.

    Each of them takes what `home` takes.
    """
    workflow = verbs.add_parser(
        "workflow", parents=[home], help="check, save, run, compare and exchange workflows"
    )
    kinds = workflow.add_subparsers(
        dest="workflow", metavar="VERB", required=True, parser_class=type(workflow)
    )

    def verb(name: str, text: str, *, json: bool = True) -> argparse.ArgumentParser:
        found: argparse.ArgumentParser = kinds.add_parser(name, parents=[home], help=text)
        if json:
            found.add_argument("--json", action="store_true", help="print JSON")
        return found

    verb("check", "name everything that is wrong with a file").add_argument(
        "file", metavar="FILE", help=FILE
    )
    verb("save", "keep a file as the next version of its workflow").add_argument(
        "file", metavar="FILE", help=FILE
    )
    verb("list", "saved workflows")
    show = verb("show", "what a workflow takes and does")
    diff = verb("diff", "what two versions say differently")
    export = verb("export", "write a workflow as it was saved", json=False)
    for each in (show, diff, export):
        each.add_argument("name", metavar="NAME")
    for each in (show, export):
        each.add_argument("--version", metavar="N", type=whole_number, help="(default: the newest)")
    diff.add_argument("older", metavar="N", type=whole_number)
    diff.add_argument("newer", metavar="M", type=whole_number)
    take_in = verb("import", "save a file of GitHub Actions or Argo, and list what is left out")
    take_in.add_argument("file", metavar="FILE", help="or a workflow that `export` has written")
    take_in.add_argument(
        "--output", metavar="F", help="write the workflow there for you to mend, and save nothing"
    )
    schema = verb("schema", "the JSON Schema by which editors complete", json=False)
    for each in (export, schema):
        each.add_argument("--output", metavar="F", help="a file (default: standard output)")
    return kinds
