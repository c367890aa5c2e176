"""Parts of CEL expressions, from which importers build conditions and templates."""

import json
import re
from collections.abc import Iterable
from typing import Literal

import msgspec

Kind = Literal["string", "boolean", "number", "unknown"]

PLAIN_WORD = re.compile(r"[A-Za-z0-9_./:@%+,-]+")
"""A text that every shell reads as one plain word."""


_QUOTED = r"'[^']*'|\"(?:[^\"\\]|\\.)*\""


class Value(msgspec.Struct, frozen=True):
    """An expression, with what is known of its value before the run."""

    source: str
    kind: Kind = "unknown"
    options: tuple[str, ...] | None = None  # all texts that it can come to, where that is known
    tight: bool = True  # it can stand beside any operator without parentheses
    gaps: bool = False  # it may be '' as well, where there is no value
    cases: dict[str, str] = {}  # for each option, the condition under which it comes to it

    @property
    def guarded(self) -> str:
        """The expression as part of a larger one."""
        return self.source if self.tight else f"({self.source})"

    @property
    def constant(self) -> str | None:
        """The constant text of the expression, or None."""
        is_literal = self.source[:1] in ("'", '"') and self.options is not None
        return self.options[0] if is_literal and self.options and len(self.options) == 1 else None

    @property
    def is_one_word(self) -> bool:
        """Whether every possible text is one plain word for a shell."""
        if self.kind in ("boolean", "number"):
            return True
        return self.options is not None and all(map(PLAIN_WORD.fullmatch, self.options))


class Unclear(Exception):
    """Raised for something without a certain equivalent; the message says why."""


def quoted(text: str) -> str:
    """Return `text` as a literal, in single quotes if possible."""
    if re.fullmatch(r"[ -&(-\[\]-~]*", text) and "${{" not in text:
        return f"'{text}'"
    literal = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    # A literal must not contain the mark that starts an expression.
    return literal.replace("${{", "$\\u007b{")


def member(base: str, name: str) -> str:
    """Return the expression for the entry `name` of `base`."""
    is_plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name not in _KEYWORDS
    return f"{base}.{name}" if is_plain else f"{base}[{quoted(name)}]"


def all_of(conditions: Iterable[str]) -> str:
    """Join conditions by `and`; 'true' for none."""
    return _joined(" && ", conditions, idle="true", final="false")


def any_of(conditions: Iterable[str]) -> str:
    """Join conditions by `or`; 'false' for none."""
    return _joined(" || ", conditions, idle="false", final="true")


def negated(condition: str) -> str:
    """Return the opposite of `condition`."""
    if condition in ("true", "false"):
        return "false" if condition == "true" else "true"
    if re.fullmatch(r"!?[\w.]+(\(\))?", condition):
        return condition[1:] if condition[0] == "!" else f"!{condition}"
    if condition.startswith("!(") and _closes_at_end(condition[1:]):
        return condition[2:-1]
    sides = condition.split(" == ")
    outermost = _outermost(condition)
    if len(sides) == 2 and "==" in outermost and not re.search(r"[&|?<>]|!=| in ", outermost):
        return f"{sides[0]} != {sides[1]}"
    return f"!({condition})"


def template(pieces: Iterable[str | Value]) -> str:
    """Return a text in which values stand in `${{ }}`; what only looks like one is escaped."""
    written = ""
    for piece in _merged(pieces):
        if isinstance(piece, Value):
            # `$` right before would turn the braces into plain text.
            dollars = len(written) - len(written.rstrip("$"))
            if dollars:
                written = f"{written[:-dollars]}${{{{ '{'$' * dollars}' }}}}"
            written += f"${{{{ {piece.source} }}}}"
        else:
            written += re.sub(r"\$+(?=\{\{)", lambda found: f"${{{{ '{found[0]}' }}}}", piece)
    return written


def state_in(key: str, *states: str) -> str:
    """Return the condition that step `key` has ended in one of `states`."""
    place = f"{member('steps', key)}.state"
    if len(states) == 1:
        return f"{place} == '{states[0]}'"
    return f"{place} in [{', '.join(map(quoted, states))}]"


def ended_in(keys: Iterable[str], *states: str) -> str:
    """Return the condition that one of several steps has ended in one of `states`."""
    known = list(dict.fromkeys(keys))
    if len(known) < 3:
        return any_of([state_in(key, *states) for key in known])
    listed = ", ".join(f"{member('steps', key)}.state" for key in known)
    test = f"s == '{states[0]}'" if len(states) == 1 else f"s in [{', '.join(map(quoted, states))}]"
    return f"[{listed}].exists(s, {test})"


def _outermost(condition: str) -> str:
    """Return a condition without brackets and strings."""
    text, depth = "", 0
    for found in re.finditer(_QUOTED + r"|[()\[\]]|.", condition, re.DOTALL):
        depth += 1 if found[0] in "([" else 0
        text += found[0] if not depth and len(found[0]) == 1 else ""
        depth -= 1 if found[0] in ")]" else 0
    return text


def _closes_at_end(text: str) -> bool:
    """Whether the bracket with which `text` begins is closed by its last character."""
    depth = 0
    for found in re.finditer(_QUOTED + "|[()]", text):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0:
            return found.end() == len(text)
    return False


_KEYWORDS = frozenset({"in", "true", "false", "null"})


def _joined(operator: str, conditions: Iterable[str], *, idle: str, final: str) -> str:
    parts = [part for part in dict.fromkeys(conditions) if part and part != idle]
    if final in parts:
        return final
    if len(parts) < 2:
        return parts[0] if parts else idle
    weak = ("?", "||") if operator == " && " else ("?",)
    loose = [part for part in parts if any(sign in _outermost(part) for sign in weak)]
    return operator.join(f"({part})" if part in loose else part for part in parts)


def _merged(pieces: Iterable[str | Value]) -> list[str | Value]:
    """Join adjacent texts, so that a mark across their border is found."""
    merged: list[str | Value] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged
