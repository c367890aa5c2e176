"""The kinds of items of memory: the command line names them before it loads anything."""

from typing import Literal, get_args

Kind = Literal["lesson", "decision", "risk", "command", "estimate", "fact"]
KINDS: tuple[Kind, ...] = get_args(Kind)
