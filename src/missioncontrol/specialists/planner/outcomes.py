"""What an ask says of input, outcome, limits and cases, as sentences to accept the work by."""

import re
from collections.abc import Iterator, Sequence

from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.playbook import Facts
from missioncontrol.specialists.planner.sentences import shortened

DEMANDS_MAX = 6
_LIMIT = re.compile(
    r"(?ix)\b(?:at\ most|no\ more\ than|not\ more\ than|up\ to|at\ least|no\ (?:less|fewer)\ than"
    r"|within|(?:in\ )?(?:under|less\ than|fewer\ than)|below"
    r"|(?<=\bto)(?=\s\d+\s?(?:[kmgt]i?b|bytes?)\b))\s+"
    r"(?P<number>\d+(?:[.,]\d+)*)\s*(?P<unit>%|[a-zµ]+)?(?:\s(?!in\b|of\b|and\b|or\b|for\b)[a-z]+)?"
    r"(?:\sin\stotal)?"
)
_MEASURED = re.compile(
    r"(?i)%|(?:ms|µs|us|ns|s|secs?|seconds?|min|mins|minutes?|h|hours?|days?|x|times|percent)$"
)
_COMPARED = re.compile(r"(?i)\s*(?:as|the|faster|slower|less|more|what)\b")
"""“3 times the memory” is measured, “3 times” is counted."""
_BYTES = re.compile(r"(?i)(?:[kmgt]i?b|bytes?|kilobytes?|megabytes?|gigabytes?)$")
_CASE = re.compile(
    r"(?i)\b(?:where|when)\s+(?P<case>.+?)(?=,?\s+(?:and|or)\s+(?:where|when)\b|,\s|[.;]\s|[.;]?$)"
)
OUTCOMES_MAX = 6
"""Sentences of one ask."""
CASE_LENGTH_MAX = 120
_SCALAR = (
    r"`[^`]+`|\"[^\"]*\"|“[^”]*”|(?<!\w)'[^']*'|\[[^\]\n]{0,60}\]|\{[^}\n]{0,60}\}"
    r"|-?\d[\d_,]*(?:\.\d+)?%?(?!\w)|None|True|False|an empty (?:list|string|text|dict|tuple|set)"
)
_CALL = r"`[\w.]+\([^`]*\)`|[\w.]+\((?:[^()]|\([^()]*\))*\)"
_GIVES = (
    r"(?:(?:should|must|has to|shall)\s+)?(?:now\s+|then\s+|still\s+)?"
    r"(?P<verb>returns?|gives?|yields?|prints?|answers?|equals?|becomes?|is|be)\s+"
)
_CALLED = re.compile(rf"(?P<call>{_CALL})\s+{_GIVES}(?P<value>{_SCALAR})")
_GIVEN = re.compile(
    rf"(?P<name>`[\w.]+(?:\(\))?`)\s+{_GIVES}(?P<value>{_SCALAR})\s+"
    rf"(?:for|with|on|when (?:it is )?given)\s+(?P<given>{_CALL}|{_SCALAR})"
)
_ERROR = re.compile(
    r"(?<!not )(?<!never )(?<!longer )(?<!n['\u2019]t )\b"
    r"(?:[Rr]aises?|[Rr]aised|[Tt]hrows?|(?:[Ff]ails?|[Rr]efused?|[Rr]efuses|[Rr]ejects?"
    r"|[Rr]ejected) with)\s+(?:an?\s+)?"
    r"(?P<error>`[A-Z][a-z]\w*`|[A-Z][a-z]+[A-Z]\w+|[A-Z]\w*(?:Error|Exception|Warning|Exit))"
    r"(?:\s+with (?:the|an?) (?:error )?message\s+(?P<message>\"[^\"]*\"|`[^`]*`|“[^”]*”))?"
    r"(?:\s+(?:when|if|for|on|where|unless)\s+(?P<after>[^;]+))?"
)
_EXIT = re.compile(
    r"(?i)\b(?:exits?|ends?|returns?)\s+(?:with\s+)?(?:an?\s+)?(?:the\s+)?(?:exit\s+)?"
    r"(?:code|status)\s+(?P<code>\d{1,3})\b"
    r"|\bexits?\s+(?:with\s+)?(?P<bare>\d{1,3})\b"
    r"|\bexit (?:code|status)\s+(?:of\s+)?(?P<of>\d{1,3})\b"
)
_STATUS = re.compile(
    r"(?i)\b(?:answers?|responds?|replies|returns?)\s+(?:it\s+)?(?:with\s+)?(?:an?\s+)?(?:HTTP\s+)?"
    r"(?:status\s+)?(?:code\s+)?(?P<status>[1-5]\d\d)\b(?!\s*(?:ms|bytes|items|rows))"
)
_FORMAT = re.compile(
    r"\b(?:as|in|to|into|from|of)\s+(?:an?\s+)?(?P<format>JSON Lines|NDJSON|JSON|CSV|TSV|YAML|TOML"
    r"|XML|Parquet|iCalendar)\b"
)
_ENVIRONMENT = re.compile(r"(?i)\benvironment variables?\b|\benv(?:ironment)? vars?\b")
_VARIABLE = re.compile(
    r"`?\$?\b(?P<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b(?:=(?P<value>[\w./:-]+))?`?"
)
_WHAT_WAS_WRONG = "a message that names what was wrong"
_TAIL = re.compile(r"(?i)[\s,]+(?:it|which|and|that|should|must|has to|then|shall)?\s*$")


def outcomes(ask: Ask, facts: Facts) -> list[str]:
    """Return what shows that the ask is met, where it says what goes in and what comes out."""
    ends = [] if "fault_case" in facts else _ends(ask, facts)  # Its case is covered already.
    found = dict.fromkeys([*_answers(ask, facts), *ends, *_environment(ask, facts)])
    return list(found)[:OUTCOMES_MAX]


def has_outcome(sentences: Sequence[str]) -> bool:
    """Whether any of these says more than how a command is started."""
    return any(not each.startswith("`") for each in sentences)


def _answers(ask: Ask, facts: Facts) -> Iterator[str]:
    """Yield the calls whose answers the ask states."""
    test = _test(facts)
    text = _wanted(ask)
    for match in _GIVEN.finditer(text):
        given, name = match["given"], match["name"]
        yield f"{test} calls {name} with {_code(given)} and gets {_code(match['value'])}."
    for match in _CALLED.finditer(text):
        verb = "sees printed" if match["verb"].startswith("print") else "gets"
        yield f"{test} calls {_code(match['call'])} and {verb} {_code(match['value'])}."


def _ends(ask: Ask, facts: Facts) -> Iterator[str]:
    """Yield the errors, exit statuses, answers over HTTP and formats that the ask names."""
    test, text = _test(facts), _wanted(ask)
    for match in _ERROR.finditer(text):
        case = _case(text[: match.start()]) or _case(match["after"] or "")
        after = (
            f" {_case(match['after'])}" if match["after"] and _case(text[: match.start()]) else ""
        )
        met = f"meets “{case}{_when(after)}” and " if case else ""
        says = f"the message {_code(match['message'])}" if match["message"] else _WHAT_WAS_WRONG
        yield f"{test} {met}expects {_code(match['error'])} with {says}."
    for match in _EXIT.finditer(text):
        code = match["code"] or match["bare"] or match["of"]
        case = _case(text[: match.start()])
        met = f"tries “{case}”" if case else "runs it"
        yield f"{test} {met} in a process of its own and sees exit status {code}."
    for match in _STATUS.finditer(text):
        case = _case(text[: match.start()])
        met = f"meets “{case}” and" if case else "sends such a request and"
        yield f"{test} {met} sees status {match['status']}."
    for match in _FORMAT.finditer(text):
        kind = match["format"]
        yield f"{test} reads the {kind} of {facts['it']} with a {kind} reader that is not its own."


def _environment(ask: Ask, facts: Facts) -> Iterator[str]:
    """Yield the commands that show what each environment variable changes."""
    text = f"{ask.text} {facts.get('whole_goal', '')}"
    for match in _VARIABLE.finditer(ask.text) if _ENVIRONMENT.search(text) else ():
        name = match["name"]
        value = match["value"] or _value_of(name, text) or "1"
        command = _command(facts)
        if command:
            yield (
                f"`{name}={value} {command}` runs a test that sees `{name}` heeded, and "
                f"`env -u {name} {command}` one that gets the answers of today."
            )
        else:
            yield f"One test sets `{name}` to `{value}` and sees it heeded, one unsets it."


def _command(facts: Facts) -> str:
    """Return what runs the tests that will show it; "" where nothing is known to."""
    parts = [facts.get("test_command", ""), facts.get("test", "")]
    return " ".join(part.strip("`") for part in parts if part) if parts[0] else ""


def _value_of(name: str, text: str) -> str:
    behind = text[text.index(name) + len(name) :] if name in text else ""
    found = re.search(r"(?i)\b(?:set to|is|equals)\s+(?P<value>`[\w./:-]+`|\d+)", behind)
    return found["value"].strip("`") if found else ""


def _wanted(ask: Ask) -> str:
    """Return what is asked for, without what comes of it today."""
    return ask.text.partition("; today ")[0]


def _test(facts: Facts) -> str:
    return f"A test in {facts['test']}" if "test" in facts else "A test"


def _case(text: str) -> str:
    """Return the subject of an outcome: “a missing file” of “A missing file exits with …”."""
    last = re.split(r"[;:.]\s", text)[-1]
    plain = _TAIL.sub("", f"{last} ").strip(" ,;:.")
    small = plain[:1].lower() + plain[1:] if plain[1:2].islower() or plain[:2] == "A " else plain
    return shortened(small, CASE_LENGTH_MAX)


def _when(after: str) -> str:
    return f", {after.strip()}" if after else ""


def _code(text: str) -> str:
    """Return a value or a name in code marks, as it is typed."""
    if text.startswith(("`", "“", "an empty")):
        return text
    return f"`{text}`"


def limits(text: str) -> Iterator[str]:
    """Yield, for each bound that `text` sets, how it is shown to hold."""
    for number, match in enumerate(_LIMIT.finditer(text)):
        if number == DEMANDS_MAX:
            return
        bound, unit = " ".join(match.group().split()), match["unit"] or ""
        is_count = unit == "times" and not _COMPARED.match(text, match.end("unit"))
        if _MEASURED.match(unit) and not is_count:
            yield f"A recorded measurement shows “{bound}”, with its machine and its input."
        elif _BYTES.match(unit):
            yield f"Tests stand on both sides of “{bound}”: exactly that, and one byte beyond."
        elif match["number"].isdigit():
            yield f"Tests stand on both sides of “{bound}”: {_sides(bound, int(match['number']))}."


def cases(text: str) -> list[str]:
    """Return what `text` names as the cases to be looked at: “where `jitter` is 0”."""
    return [match["case"].strip() for match in _CASE.finditer(text)][:DEMANDS_MAX]


def _sides(bound: str, number: int) -> str:
    lower = re.match(r"(?i)at least|no (?:less|fewer)", bound)
    beyond = re.match(r"(?i)(?:in )?(?:under|less|fewer)|below", bound)
    other = number - 1 if lower or beyond else number + 1
    return f"{number:,} and {other:,}"
