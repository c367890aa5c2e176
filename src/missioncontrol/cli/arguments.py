"""The verbs of `mission` and what each takes."""

import argparse
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

from missioncontrol import __version__
from missioncontrol.cli.access import add_access
from missioncontrol.cli.agent_arguments import add_agent, program_after
from missioncontrol.cli.analytics_arguments import add_analytics
from missioncontrol.cli.approval_arguments import add_approvals
from missioncontrol.cli.budget_arguments import add_budget, add_price
from missioncontrol.cli.decision_arguments import add_decision
from missioncontrol.cli.diagram_arguments import add_diagram
from missioncontrol.cli.document_arguments import add_document
from missioncontrol.cli.evaluation_arguments import add_evaluation
from missioncontrol.cli.exit_codes import BAD_INPUT
from missioncontrol.cli.gateway_arguments import add_gateway
from missioncontrol.cli.governing_arguments import add_fork, add_operating, add_run_of_workflow
from missioncontrol.cli.guard_arguments import add_guard
from missioncontrol.cli.learning_arguments import add_learning
from missioncontrol.cli.likely_arguments import add_backtest, add_places
from missioncontrol.cli.mcp_arguments import add_mcp
from missioncontrol.cli.memory_arguments import add_memory
from missioncontrol.cli.nouns import Commands, current_spelling, help_text
from missioncontrol.cli.pack_arguments import add_pack
from missioncontrol.cli.parser import Parser, add_noun, add_wait, whole_number
from missioncontrol.cli.question_arguments import add_questions
from missioncontrol.cli.repository_arguments import add_repository, add_task
from missioncontrol.cli.schedule_arguments import add_schedule
from missioncontrol.cli.share_arguments import add_share
from missioncontrol.cli.template_arguments import add_template, add_template_of_goal
from missioncontrol.cli.trace_arguments import add_trace
from missioncontrol.cli.worker_arguments import add_worker
from missioncontrol.cli.workflow_arguments import add_workflow
from missioncontrol.cli.workspace_arguments import add_workspace
from missioncontrol.domain.scaffold_stack import BY_THE_GOAL, CHOICES

DESCRIPTION = "A goal and a repository in; a planned, executed, verifiable mission out."
EXIT_CODES = "exit codes: 0 succeeded, 1 failed, 2 bad input, 3 cancelled, 4 waiting for a person"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read a command line; ends the program where it is wrong or asks for help."""
    given = sys.argv[1:] if arguments is None else arguments
    top = parser()
    if not given:
        top.print_help(sys.stderr)
        raise SystemExit(BAD_INPUT)
    words, program = program_after(current_spelling(given))
    chosen = top.parse_args(words)
    if program:
        chosen.argv = program
    for name, value in sorted(vars(chosen).items()):
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and any("\ud800" <= letter <= "\udfff" for letter in text):
                where = name.upper() if name in ("goal", "run", "task") else f"--{name}"
                top.error(f"{where} is not valid UTF-8: {text[:60]!r}")
    return chosen


class Program(Parser):
    """The parser of the program, whose help has its commands in three groups."""

    def format_help(self) -> str:
        """Return the help."""
        return help_text(self, DESCRIPTION, EXIT_CODES)


@cache
def parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs; it is built once, which takes a tenth of a second."""
    directory = argparse.ArgumentParser(add_help=False)
    directory.add_argument(
        "--home",
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="data directory (default: MISSION_HOME, else the platform's)",
    )
    home = argparse.ArgumentParser(add_help=False, parents=[directory])
    home.add_argument(
        "--server",
        metavar="URL",
        default=argparse.SUPPRESS,
        help="work through a server in place of a directory, with the token of MISSION_TOKEN "
        "(default: MISSION_SERVER)",
    )
    top = Program("mission", parents=[home])
    top.add_argument("--version", action="version", version=f"mission {__version__}")
    verbs = Commands(top)
    text = "runs of workflows and missions: list, follow, retry, replay, export"
    add_noun(verbs, "runs", home, text, declared="run")
    _add_work(verbs, home)
    add_places(verbs, directory)
    add_backtest(verbs, directory)
    _add_governing(verbs, home, directory)
    _add_reading(verbs, home)
    add_document(verbs, home)
    add_share(verbs, home)
    add_diagram(verbs, home)
    add_pack(verbs, home)
    _add_audit(verbs, home)
    add_trace(verbs, home)
    add_analytics(verbs, home, whole_number)
    verbs.finish()
    return top


def _add_governing(
    verbs: "Verbs", home: argparse.ArgumentParser, directory: argparse.ArgumentParser
) -> None:
    add_fork(verbs, home)
    add_run_of_workflow(add_workflow(verbs, home, whole_number), home)
    add_approvals(verbs, home)
    add_budget(verbs, home)
    add_price(verbs, home)
    add_schedule(verbs, home)
    add_agent(verbs, home, whole_number)
    add_worker(verbs, directory, whole_number)
    add_workspace(verbs)
    add_questions(verbs, home)
    add_gateway(verbs, home, whole_number)
    add_noun(verbs, "knowledge", home, "one search over decisions, memory, documents and runs")
    add_memory(verbs, home, whole_number)
    add_learning(verbs, home, whole_number)
    add_decision(verbs, home)
    add_noun(verbs, "inbox", home, "what needs you: list, show, snooze, assign, mute")
    add_template(verbs, home)
    add_guard(verbs, home)
    add_mcp(verbs, home)
    add_repository(verbs, home)
    add_task(verbs, home)
    add_evaluation(verbs, home, whole_number)
    add_access(verbs, home)
    add_operating(verbs, home)


Verbs = Any
"""The library's own type for a set of verbs is private."""


def _add_work(verbs: Verbs, home: argparse.ArgumentParser) -> None:
    goal = _goal_arguments()
    verbs.add_parser("plan", parents=[home, goal], help="make a plan for a goal and stop there")
    run = verbs.add_parser("run", parents=[home, goal], help="plan a goal and carry the plan out")
    run.add_argument(
        "--concurrency", metavar="N", type=whole_number, default=4, help="tasks at work at once"
    )
    run.add_argument(
        "--builder",
        metavar="AGENT",
        default="",
        help="the agent that changes the code, one of kind codex, claude or acp "
        "(default: such tasks are handed over)",
    )
    run.add_argument(
        "--scaffold",
        metavar="STACK",
        nargs="?",
        const=BY_THE_GOAL,
        default="",
        help="create the repository of a new product, in --repo or in a directory here that is "
        f"called like the product: {', '.join(CHOICES)} (default: auto, by the goal)",
    )
    run.add_argument("--cost", metavar="USD", help="the most that it may spend, such as 2.50")
    run.add_argument(
        "--tokens", metavar="N", type=whole_number, help="the most tokens that it may use"
    )
    add_wait(run)
    planned = verbs.add_parser(
        "execute", parents=[home], help="carry out a plan that `mission plan` made"
    )
    planned.add_argument("run", metavar="RUN")
    planned.add_argument("--json", action="store_true", help="print JSON")
    add_wait(planned)
    watch = verbs.add_parser(
        "watch", parents=[home], help="follow a run until it ends or waits for a person"
    )
    watch.add_argument("run", metavar="RUN")
    watch.add_argument("--json", action="store_true", help="print JSON")
    resume = verbs.add_parser(
        "runs resume",
        parents=[home],
        help="continue an unfinished run; completed tasks keep their results",
    )
    resume.add_argument("run", metavar="RUN")
    add_wait(resume)
    resume.add_argument("--json", action="store_true", help="print JSON")
    text = "the plan of a mission: answer its questions, build it, sign its documents"
    add_noun(verbs, "runs plan", home, text, declared="mission")
    retry = verbs.add_parser(
        "runs retry",
        parents=[home],
        help="run a step again, and what follows from it, in a new run",
    )
    retry.add_argument("run", metavar="RUN")
    retry.add_argument(
        "task", metavar="STEP", nargs="?", help="(default: all that did not succeed)"
    )
    retry.add_argument("--json", action="store_true", help="print JSON")
    add_wait(retry)


def add_planner(parser: argparse.ArgumentParser) -> None:
    """Add the option that says who plans."""
    parser.add_argument(
        "--planner",
        metavar="WHO",
        default="",
        help="who plans: local, model, codex, claude-code, opencode, or a declared agent of kind "
        "codex, claude or acp (default: the model where one is configured, else local)",
    )


def _goal_arguments() -> argparse.ArgumentParser:
    goal = argparse.ArgumentParser(add_help=False)
    goal.add_argument("goal", metavar="GOAL", nargs="?", help="what is to be achieved, in words")
    add_template_of_goal(goal)
    goal.add_argument("--repo", metavar="PATH", help="the checkout that it is about")
    goal.add_argument(
        "--constraint", metavar="TEXT", action="append", default=[], help="may be repeated"
    )
    goal.add_argument("--title", metavar="T", default="", help="(default: from the goal)")
    goal.add_argument("--context", metavar="TEXT", default="", help="what else should be known")
    add_planner(goal)
    goal.add_argument(
        "--no-memory",
        dest="memory",
        action="store_false",
        help="plan as if nothing were remembered of earlier missions and documents",
    )
    goal.add_argument(
        "--no-patterns",
        dest="patterns",
        action="store_false",
        help="plan as if no pattern had been learned from a repository",
    )
    goal.add_argument("--json", action="store_true", help="print JSON")
    return goal


def _add_reading(verbs: Verbs, home: argparse.ArgumentParser) -> None:
    listing = verbs.add_parser("list", parents=[home], help="missions, newest first")
    listing.add_argument(
        "--status",
        metavar="WORD",
        help="only those that are planning, planned, ready_to_build, building, in_review, waiting, "
        "stuck, halted, cancelling, failed, cancelled or done",
    )
    listing.add_argument("--limit", metavar="N", type=whole_number, default=20)
    listing.add_argument("--json", action="store_true", help="print JSON")
    show = verbs.add_parser("show", parents=[home], help="a run and its steps")
    replay = verbs.add_parser(
        "runs replay",
        parents=[home],
        help="a run as it was at any moment, from the event log alone",
    )
    _add_output(verbs, home)
    artifacts = verbs.add_parser("runs artifacts", parents=[home], help="the files a run produced")
    artifacts.add_argument(
        "--output", metavar="DIR", help="write all of them there, each as STEP/NAME"
    )
    export = verbs.add_parser(
        "runs export",
        parents=[home],
        help="write the report of a mission's run, or all that is known of a run of a workflow",
    )
    summary = verbs.add_parser(
        "runs summary", parents=[home], help="what came of a mission's run, and what comes next"
    )
    for verb in (show, replay, artifacts, summary):
        verb.add_argument("run", metavar="RUN")
        verb.add_argument("--json", action="store_true", help="print JSON")
    replay.add_argument("--at", metavar="POSITION", type=whole_number, help="position in the log")
    export.add_argument("run", metavar="RUN")
    export.add_argument(
        "--format",
        choices=("html", "md", "pdf", "json", "zip"),
        required=True,
        help="html, md and pdf are for missions",
    )
    export.add_argument("--output", metavar="PATH", required=True)


def _add_output(verbs: Verbs, home: argparse.ArgumentParser) -> None:
    output = verbs.add_parser("runs output", parents=[home], help="output of the steps of a run")
    output.add_argument("run", metavar="RUN")
    output.add_argument("step", metavar="STEP", nargs="?", help="(default: all of them)")
    output.add_argument(
        "--tail", metavar="N", type=whole_number, default=200, help="lines (default: the last 200)"
    )
    output.add_argument("--json", action="store_true", help="print JSON")


def _add_audit(verbs: Verbs, home: argparse.ArgumentParser) -> None:
    audit = verbs.add_parser(
        "audit", parents=[home], help="check the log, search it, or write it out"
    )
    kinds = audit.add_subparsers(dest="audit", metavar="VERB", required=True, parser_class=Parser)
    verify = kinds.add_parser(
        "verify", parents=[home], help="prove the log by signed heads, or name its first bad event"
    )
    verify.add_argument(
        "--heads",
        metavar="FILE",
        help="signed external heads; without them the log is unproven",
    )
    verify.add_argument("--json", action="store_true", help="print JSON")
    _add_search(kinds, home)
    export = kinds.add_parser(
        "export",
        parents=[home],
        help="write every event as a JSON line",
        description="Writes every event of the log as a line of JSON.",
    )
    export.add_argument("--output", metavar="FILE.jsonl", required=True)


def _add_search(kinds: Verbs, home: argparse.ArgumentParser) -> None:
    search = kinds.add_parser(
        "search", parents=[home], help="find events, or the runs they belong to; newest first"
    )
    for name, metavar, text in (
        ("text", "Q", "words that the event says, in any script; all of them"),
        ("workflow", "W", "of runs of this workflow"),
        ("agent", "A", "of steps that this agent does"),
        ("actor", "P", "done by them: alice, which means user:alice, or engine"),
        ("kind", "K", "of this kind, such as step_failed"),
        ("run", "RUN", "of this run"),
        ("since", "T", "2026-11-01, 2026-11-01T09:30, or an age: 2h, 3d"),
        ("until", "T", "the same"),
    ):
        search.add_argument(f"--{name}", metavar=metavar, help=text)
    search.add_argument("--limit", metavar="N", type=whole_number, default=20)
    search.add_argument("--before", metavar="N", type=whole_number, help="go on from there")
    search.add_argument("--runs", action="store_true", help="print the runs, not the events")
    search.add_argument("--json", action="store_true", help="print JSON")
