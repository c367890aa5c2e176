"""Reads which paths, lines and symbols a text of a plan names."""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

EXTENSIONS = (
    "py|pyi|pyx|ipynb|js|mjs|cjs|jsx|ts|mts|cts|tsx|vue|svelte|go|rs|rb|java|kt|kts|scala|swift|m|mm"
    "|c|h|cc|cpp|cxx|hpp|hh|cs|fs|php|pl|pm|lua|r|jl|ex|exs|erl|hs|clj|dart|zig|nim|sh|bash|zsh|fish"
    "|ps1|bat|sql|html|htm|css|scss|less|md|mdx|rst|adoc|txt|toml|yaml|yml|json|jsonl|ini|cfg|conf"
    "|lock|xml|proto|graphql|tf|j2|tmpl|csv|env|gradle|cmake|mod|sum|in|snap|feature|po|svg"
)
_WHOLE_NAMES = (
    r"(?:Makefile|Dockerfile|Jenkinsfile|Gemfile|Rakefile|Procfile|Vagrantfile|CODEOWNERS|LICENSE)"
)
_LIBRARY = re.compile(
    r"(?i)^(?:node|vue|next|nuxt|react|express|three|chart|d3|ember|moment|alpine|discord)\.js$"
)
"""Names of products that look like files."""
_ADDRESS = re.compile(r"(?i)\b(?:https?|ssh|git|file)://\S+|\b[\w.+-]+@[\w-]+\.[\w.]+")
_MEDIA_TYPE = re.compile(
    r"(?i)^(?:application|audio|font|image|message|multipart|text|video)/[\w.+-]+$"
)
_FOLDERS = """
src lib app apps test tests spec specs doc docs pkg cmd internal include package packages script
scripts tool tools config examples benchmarks migrations .github ci
"""
_CODE_FOLDERS = frozenset(_FOLDERS.split())
_PATH = re.compile(
    r"(?<![\w/@.#-])(?P<path>"
    r"(?:\.{0,2}/)?(?:[\w.@+\[\]-]+/)+(?:[\w.@+\[\]-]*[\w\]])?"
    rf"|[\w.@+-]*\w\.(?:{EXTENSIONS})(?![\w])(?!\.\w)"
    rf"|{_WHOLE_NAMES}(?!\w)"
    r")"
    r"(?P<spot>(?:::[\w.:]+)|(?::\d+(?:(?:-|\u2013|:)\d+)?)|(?:\#L\d+(?:-L?\d+)?))?"
)
_LINES = re.compile(
    r"(?i)\blines?\s+(?P<first>\d[\d,]*)(?:\s*(?:-|\u2013|to|and|through|until)\s*(?P<last>\d[\d,]*))?"
    r"|(?<=\W)L(?P<short>\d+)\b"
)
_TICKED = re.compile(r"`([^`\n]{1,200})`")
_NAME = r"[A-Za-z_$][\w$]*"
_SYMBOL = re.compile(rf"^(?P<name>{_NAME}(?:(?:\.|::|\#|->){_NAME})*)[!?]?(?:\([^()]*\))?$")
_UNQUOTED = re.compile(
    rf"(?<![\w`./:@-])(?:(?P<called>{_NAME}(?:(?:\.|::){_NAME})*)\((?:\w+(?:,\s*\w+)*)?\)"
    rf"|(?P<snake>_*[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+)(?![\w/-])"
    r"|(?:\b(?:class|type|struct|trait|interface|enum|exception|function|method)\s+)"
    r"(?P<typed>[A-Z]\w*[a-z]\w*|\w*[a-z][A-Z]\w*)(?!\w))"
)
_MARK = (
    r"(?:new|adds?|added|adding|creates?|created|creating|introduces?|introducing|write|define"
    r"|implement)"
)
_STOP = (
    r"(?:in|into|to|of|at|from|where|by|with|like|beside|after|before|using|via|through|that|which"
    r"|calls?|uses?|is|are|for|on|under|see)"
)
_BECOMES = (
    r"(?:rename[sd]?|move[sd]?|extract(?:s|ed)?|splits?|turn(?:s|ed)?)\b[^.;]{0,80}?"
    r"\b(?:to|into|as|called|named)"
)
_NEW_BEFORE = re.compile(
    rf"(?i)\b(?:{_MARK}|{_BECOMES})"
    rf"(?:[\s,]+(?:(?!{_STOP}\b)[\w-]+|`[^`]*`,?|\"[^\"]*\",?)){{0,6}}[\s,]*[`\"“(]*$"
)
_NEW_AFTER = re.compile(
    r"(?i)^[`\"”)]*\s*(?:\(\s*(?:new\b|to be (?:created|added|written))|,?\s*a new\b"
    r"|,?\s*(?:is|are|which is|to be|will be)\s+(?:be\s+)?"
    r"(?:new|created|added|introduced|written)\b)"
)
_FILE_NEW_BEFORE = re.compile(
    r"(?i)\b(?:new|creates?|creating)\s+"
    r"(?:(?:an?|the|new|empty|test|source|code|python|config\w*)\s+)*"
    r"(?:(?:file|module|script|package|folder|directory|page|document|migration)s?\s+)?"
    r"(?:(?:called|named)\s+)?[`\"“(]*$"
)
_SYMBOL_IN = re.compile(
    r"(?i)^[`\"”]?(?:\([^()]*\))?\s*(?:,?\s*(?:which\s+)?(?:is\s+)?(?:defined|declared|used|found)?\s*"
    r"(?:in|of|from|at|inside|within)\s+(?:the\s+)?(?:(?:file|module)\s+)?|\()[`\"“]*$"
)
_PATH_HAS = re.compile(
    r"(?i)^[`\"”]?(?:['\u2019]s\s+|\s+(?:defines?|contains?|has|holds|exports?|declares?|calls?|uses?)\s+)"
    r"(?:the\s+|an?\s+)?(?:(?:function|class|method|constant|helper|type)\s+)?[`\"“]*$"
)


class Mention(msgspec.Struct, frozen=True):
    """A path or a symbol that a text names, with what the text says about it."""

    kind: Literal["path", "symbol", "line"]
    name: str
    last_line: int = 0  # the highest line that it names of a path; 0 where it names none
    inside: str = ""  # the path that a symbol should stand in
    is_new: bool = False  # the text states that it does not exist yet
    is_certain: bool = True  # else it is a path only where its first folder exists

    @property
    def key(self) -> tuple[str, str, int, str]:
        """What makes two mentions the same."""
        return self.kind, self.name, self.last_line, self.inside


def mentions(text: str) -> list[Mention]:
    """Return the paths, lines and symbols that `text` names, in its order."""
    text = _ADDRESS.sub(lambda found: " " * len(found[0]), text)
    paths = list(_paths(text))
    found = [mention for _, _, mention in paths]
    found += _lines(text, paths)
    found += _symbols(text, paths)
    return found


Placed = tuple[int, int, Mention]
"""Where a mention begins and ends in its text."""


def _paths(text: str) -> Iterator[Placed]:
    ticked = [range(*match.span()) for match in _TICKED.finditer(text)]
    for match in _PATH.finditer(text):
        name = match["path"]
        is_ticked = any(match.start() in span for span in ticked)
        certain = _is_path(name, is_ticked)
        if certain is None:
            continue
        new = _FILE_NEW_BEFORE.search(text[: match.start()]) or _NEW_AFTER.match(
            text[match.end() :]
        )
        spot = match["spot"] or ""
        lines = (
            [int(number) for number in re.findall(r"\d+", spot)]
            if not spot.startswith("::")
            else []
        )
        if re.match(r":\d+:\d+$", spot):
            lines = lines[:1]  # A column follows the line.
        path = name.removeprefix("./")
        last = max(lines, default=0) if not lines or min(lines) else -1
        yield (
            match.start(),
            match.end(),
            Mention("path", path, last, is_new=bool(new), is_certain=certain),
        )


def _is_path(name: str, is_ticked: bool) -> bool | None:
    """Return whether `name` is surely a path, or None where it surely is none."""
    tail = name.rstrip("/").rpartition("/")[2]
    has_extension = re.search(rf"\.(?:{EXTENSIONS})$", tail) is not None
    if _LIBRARY.match(name) or _MEDIA_TYPE.match(name):
        return None
    if has_extension or re.fullmatch(_WHOLE_NAMES, tail):
        return True
    if name.startswith("/") or not re.search(r"[A-Za-z]", name):
        return None  # A route of a server, a fraction or a date.
    first = name.split("/", 1)[0]
    if first in _CODE_FOLDERS or name.startswith((".", "..")):
        return True
    if is_ticked:
        return True
    return name.rstrip("/").count("/") > 1 and "_" in name


def _lines(text: str, paths: list[Placed]) -> Iterator[Mention]:
    for match in _LINES.finditer(text):
        numbers = [int(each.replace(",", "")) for each in match.groups() if each]
        before = [path for _, end, path in paths if end <= match.start()]
        after = [path for start, _, path in paths if start >= match.end()]
        nearest = (
            _following(text, match.end(), paths)
            or next(reversed(before), None)
            or next(iter(after), None)
        )
        last = max(numbers) if min(numbers) else -1
        if nearest is None:
            yield Mention("line", match[0].strip(), last)
        else:
            yield Mention(
                "path", nearest.name, last, is_new=nearest.is_new, is_certain=nearest.is_certain
            )


def _following(text: str, end: int, paths: list[Placed]) -> Mention | None:
    """Return the path in “line 12 of PATH”."""
    for start, _, path in paths:
        if start >= end:
            joint = text[end:start]
            return (
                path
                if re.fullmatch(r"(?i)\s*(?:of|in|from)\s+(?:the\s+file\s+)?[`\"“]?", joint)
                else None
            )
    return None


def _symbols(text: str, paths: list[Placed]) -> Iterator[Mention]:
    spans = [range(start, end) for start, end, path in paths if path.is_certain]
    claimed: list[range] = []
    for match in _TICKED.finditer(text):
        inner = match[1].strip()
        symbol = _SYMBOL.match(inner)
        if symbol and not any(match.start(1) in span for span in spans):
            claimed.append(range(*match.span()))
            yield _symbol(symbol["name"], text, match.start(), match.end(), paths)
    for match in _UNQUOTED.finditer(text):
        name = match["called"] or match["snake"] or match["typed"]
        if any(match.start() in span or match.end() - 1 in span for span in (*spans, *claimed)):
            continue
        yield _symbol(name, text, match.start(), match.end(), paths)
    for match in re.finditer(r"(?P<path>[\w./+-]+)::(?P<name>[\w:.]+)", text):
        if any(match.start() in span for span in spans):
            for name in match["name"].split("::"):
                new = _NEW_BEFORE.search(text[: match.start()]) or _NEW_AFTER.match(
                    text[match.end() :]
                )
                yield Mention("symbol", name, inside=match["path"], is_new=bool(new))


def _symbol(name: str, text: str, start: int, end: int, paths: list[Placed]) -> Mention:
    new = _NEW_BEFORE.search(text[:start]) or _NEW_AFTER.match(text[end:])
    plain = re.sub(r"::|\#|->", ".", name)
    return Mention("symbol", plain, inside=_file_of(text, start, end, paths), is_new=bool(new))


def _file_of(text: str, start: int, end: int, paths: list[Placed]) -> str:
    for first, last, path in paths:
        after = first >= end and _SYMBOL_IN.match(text[end:first])
        before = last <= start and _PATH_HAS.match(text[last:start])
        if after or before:
            return path.name
    return ""
