"""A document as Markdown: statements with footnotes, each leading to a source at the end.

The footnotes carry the keys of their sources, so that they mean the same in every version and
after any edit. `numbered` writes them as `[1]` for forms that know no footnotes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from missioncontrol.documents.markup import plain, spans
from missioncontrol.documents.studio.model import (
    Block,
    Code,
    Diagram,
    Document,
    Listing,
    Paragraph,
    Quoted,
    Section,
    Source,
    Table,
)

SOURCES = "Sources"
KEY_MAX = 160
_UNFIT = re.compile(r"[\s\[\]^`|<>\\]+")
_NOTE = re.compile(r"\[\^([^\]\s]{1,200})\](?!:)")
_DEFINED = re.compile(r"\[\^([^\]\s]{1,200})\]: (.*)")
_MARKS = {"dash": "- ", "number": "1. ", "box": "- [ ] "}


def body_of(document: Document) -> str:
    """Return the document without the list of its sources."""
    parts = [f"# {document.title}"]
    for section in document.sections:
        parts += _section(section)
    return "\n\n".join(parts) + "\n"


def text_of(document: Document) -> str:
    """Return the whole document: its body, and at its end the sources that it names."""
    return with_sources(body_of(document), definitions(document.sources().values()))


def definitions(sources: Iterable[Source]) -> dict[str, str]:
    """Return what each footnote says, by its key."""
    return {key_of(each): plain(each.text) for each in sources}


def with_sources(body: str, defined: Mapping[str, str]) -> str:
    """Return a body with those of `defined` at its end that it names, in the order it does.

    What the body defines itself stays as it stands there.
    """
    own = set(re.findall(r"^\[\^([^\]\s]{1,200})\]: ", body, re.MULTILINE))
    used = [key for key in dict.fromkeys(notes_in(body)) if key in defined and key not in own]
    if not used:
        return body
    lines = "\n".join(f"[^{key}]: {defined[key]}" for key in used)
    return f"{body.rstrip()}\n\n## {SOURCES}\n\n{lines}\n"


def without_sources(text: str, defined: Mapping[str, str]) -> str:
    """Return the body of a text: what `with_sources` added is left out, all else stays."""
    lines = {f"[^{key}]: {note}" for key, note in defined.items()}
    other_lines = [line for line in text.split("\n") if line.rstrip() not in lines]
    bare = "\n".join(other_lines).rstrip()
    if bare.endswith(f"\n## {SOURCES}"):
        bare = bare.removesuffix(f"## {SOURCES}").rstrip()
    return f"{bare}\n" if bare else ""


def notes_in(text: str) -> list[str]:
    """Return the keys of the footnotes that a text names, in order, each as often as it does."""
    return _NOTE.findall(text)


def defined_in(text: str) -> dict[str, str]:
    """Return the footnotes that a text defines, by their keys."""
    return {found[1]: found[2] for line in text.split("\n") if (found := _DEFINED.match(line))}


def numbered(text: str, *, brief: bool = False) -> tuple[str, list[tuple[str, str]]]:
    """Return a text whose footnotes are `[1]`, with its sources as a numbered list at the end.

    `brief` names the sources in one paragraph, for what has to fit on a page.

    The second value has the keys of the sources with what they say, in the order of the numbers.
    """
    defined = defined_in(text)
    body = "\n".join(line for line in text.split("\n") if not _DEFINED.match(line)).rstrip()
    keys = [key for key in dict.fromkeys(notes_in(body)) if key in defined]
    numbers = {key: number for number, key in enumerate(keys, start=1)}

    def cited(found: re.Match[str]) -> str:
        listed = [key for key in notes_in(found[0]) if key in numbers]
        rest = "".join(f"[^{key}]" for key in notes_in(found[0]) if key not in numbers)
        return (f" \\[{', '.join(str(numbers[key]) for key in listed)}\\]" if listed else "") + rest

    body = re.sub(r"(?:\[\^[^\]\s]{1,200}\](?!:))+", cited, body)
    listed = [(key, defined[key]) for key in keys]
    if not listed:
        return body.removesuffix(f"## {SOURCES}").rstrip() + "\n", []
    if brief:
        named = "; ".join(
            f"\\[{n}\\] {note.partition(': ')[0]}" for n, (_, note) in enumerate(listed, start=1)
        )
        return f"{body.removesuffix(f'## {SOURCES}').rstrip()}\n\n{SOURCES}: {named}.\n", listed
    if not body.endswith(f"## {SOURCES}"):
        body += f"\n\n## {SOURCES}"
    lines = "\n".join(f"{number}. {note}" for number, (_, note) in enumerate(listed, start=1))
    return f"{body}\n\n{lines}\n", listed


def key_of(source: Source) -> str:
    """Return the key of a source as a footnote can carry it."""
    fit = _UNFIT.sub("_", source.key).strip("_") or "source"
    return fit if len(fit) <= KEY_MAX else fit[-KEY_MAX:]


def _section(section: Section) -> list[str]:
    head = f"{'#' * section.level} {section.title}"
    return [head, *(part for block in section.blocks for part in _block(block))]


def _block(block: Block) -> list[str]:
    match block:
        case Paragraph():
            return [" ".join(_cited(each.text, each.sources) for each in block.statements)]
        case Listing():
            lines = [
                f"{_mark(block.mark, number)}{_cited(each.text, each.sources)}"
                for number, each in enumerate(block.items, start=1)
            ]
            return ["\n".join(lines)]
        case Table():
            return [_table(block)]
        case Code():
            return [_cited(block.caption.text, block.caption.sources), _fenced(block)]
        case Diagram():
            caption = _cited(block.caption.text, block.caption.sources)
            return [f"![{_plain_text(block.caption.text)}](diagrams/{block.key}.svg)", caption]
        case Quoted():
            text = block.text.strip()
            is_open = not text.split("\n")[-1].startswith(("```", "~~~", "|", ">", "    "))
            return [text + _notes(block.sources)] if is_open else [text, _notes(block.sources)]


def _mark(mark: str, number: int) -> str:
    return f"{number}. " if mark == "number" else _MARKS[mark]


def _cited(text: str, sources: Sequence[Source]) -> str:
    return f"{text}{_notes(sources)}"


def _notes(sources: Sequence[Source]) -> str:
    """Return the footnotes; a line of code that the text names itself needs none beside others."""
    named = [each for each in sources if each.kind != "code"] or sources
    return "".join(f"[^{key_of(each)}]" for each in named)


def _table(block: Table) -> str:
    lines = [" | ".join(block.columns), " | ".join("---" for _ in block.columns)]
    lines += [
        " | ".join((*row.cells[:-1], _cited(row.cells[-1], row.sources))) for row in block.rows
    ]
    return "\n".join(f"| {line} |" for line in lines)


def _fenced(block: Code) -> str:
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", block.text)), default=0) + 1)
    return f"{fence}{block.language}\n{block.text.rstrip()}\n{fence}"


def _plain_text(text: str) -> str:
    return "".join(piece for piece, _ in spans(text)).replace("]", "")
