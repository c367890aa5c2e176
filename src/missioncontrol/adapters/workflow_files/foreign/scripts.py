"""Replaces values that another system inserts into a script by environment variables."""

import io
import re
import tokenize
from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.adapters.workflow_files.foreign.cel import Value, template
from missioncontrol.adapters.workflow_files.foreign.names import Names
from missioncontrol.adapters.workflow_files.foreign.shell import Gap, Place, filled_in, places
from missioncontrol.domain.secrets import HARMLESS_NAME, SECRET_NAME

SCRIPT_BYTES_MAX = 100_000
"""Linux allows arguments of at most 128 KiB, including the values of variables."""

REFUSED_NAME = (
    "A command refuses a variable of this name, because its inputs stand in the log; have the "
    "program read a file, and give the path in a variable such as TOKEN_FILE."
)

SHELLS = ("bash", "sh", "dash", "zsh", "ksh", "ash")


class Filling(msgspec.Struct, frozen=True):
    """A place in a script for a value; `value` is None if it is not known here."""

    expression: str  # the text between the braces of the source
    value: Value | None
    why: str = ""  # the reason if there is no value
    variable: str = ""  # an environment variable of the step with the same value
    offset: int = 0  # in the text


class Trouble(msgspec.Struct, frozen=True):
    """A difference in meaning, with its offset in the text."""

    offset: int
    reason: str


class Carried(msgspec.Struct):
    """A converted script."""

    text: str
    env: dict[str, str] = {}  # variables that it needs beyond those of its step
    troubles: list[Trouble] = []
    runs: bool = True  # False if it would do something else than intended
    variables: dict[str, str] = {}  # by expression: what replaces it


def carried(parts: Sequence[str | Filling], interpreter: str, env: dict[str, str]) -> Carried:
    """Return the script made of `parts` for `interpreter`; `env` are the variables it has."""
    if any(isinstance(part, str) and "\0" in part for part in parts):
        return Carried("", troubles=[Trouble(0, "The script holds NUL.")], runs=False)
    parts = [_as_text(part) for part in parts]
    if not any(isinstance(part, Filling) for part in parts):
        return Carried("".join(map(str, parts)))
    variables = _variables(parts, env)
    gaps = [part if isinstance(part, str) else Gap(variables[part.expression]) for part in parts]
    fillings = [part for part in parts if isinstance(part, Filling)]
    if interpreter in SHELLS:
        result = _in_shell(gaps, fillings, bash=interpreter not in ("sh", "dash", "ash"))
    else:
        result = _in_python(gaps, fillings, is_python=interpreter.startswith("python"))
    result.variables = variables
    for filling in fillings:
        if filling.value is None:
            result.troubles.append(Trouble(filling.offset, filling.why))
        elif variables[filling.expression] != filling.variable:
            result.env[variables[filling.expression]] = as_text_template([filling.value])
    lost = {variables[f.expression]: f.expression for f in fillings if f.value is None}
    return guarded(result, interpreter, lost)


def _as_text(part: str | Filling) -> str | Filling:
    """Return a value known from the file as text, as the other system would insert it.

    A plain word that is also in a variable is read from there, to avoid a copy.
    """
    if isinstance(part, str) or part.value is None or part.value.constant is None:
        return part
    return part if part.variable and part.value.is_one_word else part.value.constant


def guarded(script: Carried, interpreter: str, lost: dict[str, str]) -> Carried:
    """Make `script` fail at once if a variable is missing; `lost` names their expressions."""
    if not lost:
        return script
    if interpreter not in SHELLS:
        script.runs = False
        return script
    for name, expression in reversed(lost.items()):
        line = f': "${{{name}:?{_harmless(expression)} is not carried over}}"'
        script.text = f"{line}\n{script.text}"
    return script


def as_text_template(parts: Sequence[str | Value]) -> str:
    """Return `parts` as a template of a string, as variables and arguments need."""
    if len(parts) == 1 and isinstance(parts[0], Value) and parts[0].kind != "string":
        return template([Value(f"string({parts[0].source})", "string")])
    return template([_as_constant(part) for part in parts])


def _as_constant(part: str | Value) -> str | Value:
    constant = part.constant if isinstance(part, Value) else None
    return part if constant is None else constant


def is_secret_name(name: str) -> bool:
    """Whether a command refuses a variable of this name, because inputs stand in the log."""
    return bool(SECRET_NAME.search(name)) and not HARMLESS_NAME.search(name)


def _variables(parts: Sequence[str | Filling], env: dict[str, str]) -> dict[str, str]:
    """Return a variable for each expression: an existing one if the script doesn't change it."""
    text = "".join(part for part in parts if isinstance(part, str))
    names = Names({*env, *re.findall(r"\w+", text)})
    found: dict[str, str] = {}
    for part in parts:
        if isinstance(part, Filling) and part.expression not in found:
            own = part.variable
            is_unchanged = own and not _is_set_in(own, text)
            found[part.expression] = own if is_unchanged else _free(names, part, env, text)
    return found


def _is_set_in(name: str, text: str) -> bool:
    """Whether a script may change `name`."""
    assigned = rf"\b{name}\b(\[[^\]]*\])?\s*[-+*/%|&^]?="
    commanded = rf"\b(read|unset|for|mapfile|readarray|getopts|printf)\b[^\n]*\b{name}\b"
    return re.search(f"{assigned}|{commanded}", text) is not None


def _free(names: Names, filling: Filling, env: dict[str, str], text: str) -> str:
    """Return a free variable for a value, or one that has the same value already."""
    shown = re.sub(
        r"^(github\.event\.inputs|inputs|workflow\.parameters)\.", "input_", filling.expression
    )
    words = shown if re.fullmatch(r"[A-Za-z0-9_.\-]{1,40}", shown) else "value"
    name = Names().variable(words)
    if is_secret_name(name) or name.startswith(("MISSION", *"0123456789")):
        words = name = "VALUE"
    template_now = as_text_template([filling.value]) if filling.value else ""
    if template_now and env.get(name) == template_now and name not in text:
        return name
    return names.variable(words)


def _in_shell(parts: list[str | Gap], fillings: list[Filling], *, bash: bool) -> Carried:
    standing = places(parts, bash=bash)
    found = [_trouble(place, filling) for place, filling in zip(standing, fillings, strict=True)]
    hopeless = {"heredoc", "braces", "unsure"}
    return Carried(
        filled_in(parts, standing),
        {},
        [trouble for trouble in found if trouble is not None],
        not hopeless & set(standing),
    )


def _trouble(place: Place, filling: Filling) -> Trouble | None:
    if filling.value is None:
        return None
    expression = filling.expression
    plain = filling.value.is_one_word
    match place:
        case "words" if not plain:
            reason = (
                f"`{expression}` stands outside of quotes, where its value was read as shell code; "
                "here it is split into words and nothing else in it counts."
            )
        case "command" if not plain:
            reason = (
                f"`{expression}` stands where a command is expected, so its value was shell code; "
                "here it is one program with its arguments, and quotes and operators do not count."
            )
        case "heredoc":
            reason = (
                f"`{expression}` stands in a here-document in which variables are not filled in."
            )
        case "braces":
            reason = (
                f"`{expression}` stands in braces, which the shell spreads out before variables."
            )
        case "unsure":
            reason = f"It is not certain how the shell reads the place where `{expression}` stands."
        case _:
            return None
    return Trouble(filling.offset, reason)


def _in_python(parts: list[str | Gap], fillings: list[Filling], *, is_python: bool) -> Carried:
    """Replace Python strings that are a single gap; other uses are not certain."""
    text = ""
    troubles = []
    at = iter(fillings)
    for number, part in enumerate(parts):
        if isinstance(part, str):
            text += part
            continue
        filling = next(at)
        before = parts[number - 1] if number else ""
        after = parts[number + 1] if number + 1 < len(parts) else ""
        quote = _lone_quote(before, after) if is_python else ""
        if not quote:
            reason = (
                f"`{filling.expression}` is part of the program's own text, and stays out of it."
            )
            troubles.append(Trouble(filling.offset, reason))
        text += f"\0{part.name}\0"
    return _with_environment(text, troubles)


def _lone_quote(before: str | Gap, after: str | Gap) -> str:
    if isinstance(before, str) and isinstance(after, str) and before and after:
        quote = before[-1]
        is_lone = quote in "'\"" and after[0] == quote and after[1:2] != quote
        if is_lone and not re.search(rf"[{quote}A-Za-z\\]$", before[:-1]):
            return quote
    return ""


def _with_environment(text: str, troubles: list[Trouble]) -> Carried:
    marked = re.sub(r"(['\"])\0(\w+)\0\1", r"\1GAP_OF_THE_IMPORT_\2\1", text)
    runs = not troubles and _texts_are_alone(marked)
    if not troubles and not runs:
        troubles.append(Trouble(0, "Values are part of longer texts of the program."))
    lookup = r'__import__("os").environ["\2"]'
    text = re.sub(r"(['\"])\0(\w+)\0\1", lookup, text)
    return Carried(re.sub(r"\0(\w+)\0", r"${\1}", text), {}, troubles, runs)


def _texts_are_alone(text: str) -> bool:
    """Whether each marked text is a token of its own, not part of or beside another text."""
    try:
        tokens = list(_meaningful(text))
    except (tokenize.TokenError, SyntaxError):
        return False
    kinds = [token.type for token in tokens]
    count = 0
    for number, token in enumerate(tokens):
        if token.type == tokenize.STRING and "GAP_OF_THE_IMPORT_" in token.string:
            count += re.fullmatch(r"(['\"])GAP_OF_THE_IMPORT_\w+\1", token.string) is not None
            if tokenize.STRING in (kinds[number - 1 : number] + kinds[number + 1 : number + 2]):
                return False
    return count == text.count("GAP_OF_THE_IMPORT_")


def _meaningful(text: str) -> Iterator[tokenize.TokenInfo]:
    idle = (tokenize.NL, tokenize.COMMENT)
    return (
        token
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in idle
    )


def _harmless(text: str) -> str:
    """Return `text` without characters that are special in double quotes of a shell."""
    return re.sub(r"[^A-Za-z0-9_.:/ -]", " ", text)
