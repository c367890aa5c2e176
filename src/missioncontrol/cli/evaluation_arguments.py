"""What `mission eval` takes on the command line."""

import argparse
from typing import Any

SCENARIO = "a scenario that ships, a file of one, or a directory with scenario.toml"


def add_evaluation(verbs: Any, home: argparse.ArgumentParser, whole_number: Any) -> None:
    """Add `eval` to `verbs`."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON")
    kinds = verbs.add_parser(
        "eval", help="evaluate agents on scenarios, and plans on past changes"
    ).add_subparsers(dest="evaluation", metavar="VERB", required=True)
    run = kinds.add_parser(
        "run",
        parents=[home, common],
        help="try an agent on scenarios; again, to go on where it was left",
        epilog="Exit code 0 where every trial passed.",
    )
    run.add_argument(
        "scenarios", metavar="SCENARIO", nargs="*", help=f"{SCENARIO} (default: all that ship)"
    )
    who = run.add_mutually_exclusive_group(required=True)
    who.add_argument("--agent", metavar="NAME", default="", help="an agent of this home")
    who.add_argument(
        "--command",
        metavar="TEXT",
        default="",
        help="a program and its arguments; it works in the tree and reads the task from its input",
    )
    run.add_argument("--prompt", metavar="FILE", help="the text before each task")
    run.add_argument(
        "--repeat", metavar="N", type=whole_number, default=1, help="trials of each scenario"
    )
    run.add_argument(
        "--seed", metavar="N", type=whole_number, default=0, help="of the order, and of each trial"
    )
    run.add_argument(
        "--parallel", metavar="N", type=whole_number, default=1, help="trials at work at once"
    )
    run.add_argument(
        "--anew", action="store_true", help="begin again, where one like it was left unfinished"
    )
    run.add_argument("--junit", metavar="FILE", help="write the outcome as JUnit's XML")
    kinds.add_parser("list", parents=[home, common], help="the evaluations of this home")
    show = kinds.add_parser("show", parents=[home, common], help="one evaluation, trial by trial")
    show.add_argument("run", metavar="RUN", help="its id, the beginning of it, or `last`")
    show.add_argument("--junit", metavar="FILE", help="write it as JUnit's XML")
    compare = kinds.add_parser(
        "compare", parents=[home, common], help="whether one of two evaluations came out better"
    )
    compare.add_argument("one", metavar="A")
    compare.add_argument("other", metavar="B")
    scenarios = kinds.add_parser(
        "scenarios", parents=[common], help="the scenarios that ship, or whether your own are right"
    )
    scenarios.add_argument("scenarios", metavar="SCENARIO", nargs="*", help=SCENARIO)
