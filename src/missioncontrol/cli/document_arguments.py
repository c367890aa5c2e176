"""What `mission document` takes on the command line."""

import argparse
from typing import Any

from missioncontrol.cli.parser import whole_number
from missioncontrol.domain.document_kinds import KINDS, DocumentKind, kind_named, kinds_known

FORMS = ("md", "html", "pdf", "docx")


def add_document(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `document` to `verbs`; each of its verbs takes what `home` takes."""
    top = verbs.add_parser("document", help="documents of a mission: write, edit, print, share")
    kinds = top.add_subparsers(
        dest="document", metavar="VERB", required=True, parser_class=type(top)
    )
    listed = kinds.add_parser("list", parents=[home], help="which documents a run has")
    listed.add_argument("run", metavar="RUN")
    write = kinds.add_parser(
        "write",
        parents=[home],
        help="write a document from the record; what people changed stays",
    )
    write.add_argument("run", metavar="RUN")
    write.add_argument(
        "kinds", metavar="KIND", nargs="*", type=_kind, help=f"{', '.join(KINDS)} (default: all)"
    )
    show = _about_one(kinds, home, "show", "print a document, or a version of it")
    show.add_argument("--version", metavar="N", type=whole_number, help="(default: the newest)")
    edit = _about_one(kinds, home, "edit", "change a document, in your editor or from a file")
    edit.add_argument("--file", metavar="FILE", help="the whole text; `-` is standard input")
    edit.add_argument(
        "--base",
        metavar="N",
        type=whole_number,
        help="the version that FILE was made of (needed with --file)",
    )
    edit.add_argument("--note", metavar="TEXT", default="", help="what was changed; permanent")
    settle = _about_one(
        kinds, home, "settle", "decide a conflict between yours and what is written"
    )
    settle.add_argument("conflict", metavar="CONFLICT", help="as `show` names it")
    settle.add_argument("choice", choices=("mine", "theirs"), help="whose words stay")
    diff = _about_one(kinds, home, "diff", "what a version says differently from another")
    diff.add_argument("--older", metavar="N", type=whole_number, help="(default: the one before)")
    diff.add_argument("--newer", metavar="N", type=whole_number, help="(default: the newest)")
    export = _about_one(kinds, home, "export", "write a document to a file")
    export.add_argument("--format", choices=FORMS, required=True)
    export.add_argument("--output", metavar="PATH", required=True)
    export.add_argument("--version", metavar="N", type=whole_number, help="(default: the newest)")
    for verb in (listed, write, show, edit, settle, diff):
        verb.add_argument("--json", action="store_true", help="print JSON")


def _about_one(kinds: Any, home: argparse.ArgumentParser, name: str, text: str) -> Any:
    verb = kinds.add_parser(name, parents=[home], help=text)
    verb.add_argument("run", metavar="RUN")
    verb.add_argument("kind", metavar="KIND", type=_kind, help=f"one of {', '.join(KINDS)}")
    return verb


def _kind(text: str) -> DocumentKind:
    """Read a kind of document; people may call it by another of its names."""
    found = kind_named(text)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{text[:60]!r} is no kind of document. {kinds_known(text).rstrip('.')}"
        )
    return found
