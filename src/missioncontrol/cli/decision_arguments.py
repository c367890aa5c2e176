"""What `mission decision` takes on the command line besides what is declared."""

import argparse
from typing import Any

from missioncontrol.cli.parser import add_noun


def add_decision(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `decision` to `verbs`; each of its own verbs takes what `home` takes."""
    text = "decisions: propose, accept, reject, import, export"
    add_noun(verbs, "decision", home, text, _add_files)


def _add_files(kinds: Any, home: argparse.ArgumentParser) -> None:
    for verb in (_add_import(kinds, home), _add_export(kinds, home)):
        verb.add_argument("--json", action="store_true", help="print JSON")


def _add_import(kinds: Any, home: argparse.ArgumentParser) -> Any:
    verb = kinds.add_parser(
        "import",
        parents=[home],
        help="read decision records (MADR 2 to 4, Nygard); says what would change",
    )
    verb.add_argument("path", metavar="PATH", help="a repository, a directory, or a file")
    verb.add_argument("--apply", action="store_true", help="change the log (default: only say)")
    return verb


def _add_export(kinds: Any, home: argparse.ArgumentParser) -> Any:
    verb = kinds.add_parser("export", parents=[home], help="write NNNN-title.md files of MADR 4")
    verb.add_argument("--output", metavar="DIR", required=True)
    verb.add_argument("--plans", action="store_true", help="also those of plans that are unedited")
    verb.add_argument("--force", action="store_true", help="write over other text there")
    return verb
