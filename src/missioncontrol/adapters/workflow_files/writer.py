"""Writes a definition as readable YAML."""

import re
from typing import Any

import yaml

from missioncontrol.adapters.workflow_files.value_builder import ValueBuilder
from missioncontrol.domain.definition import Definition, plain

LINE_MAX = 88
"""Lists and objects longer than this get one line for each entry."""


def to_text(definition: Definition) -> str:
    """Return a definition as the text of a file, from which an equal one is read."""
    return to_yaml(plain(definition))


def to_yaml(value: Any) -> str:
    """Return plain `value` as YAML that our reader and other parsers read as the same value."""
    text = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=1_000_000,  # Don't wrap strings: wrapped ones are hard to search for.
    )
    return re.sub(r"\n\.\.\.\n\Z", "\n", text)


class _Dumper(yaml.SafeDumper):
    """Quotes strings by the rules of our reader."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything without aliases, which are hard to read."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent items of lists below their key."""
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text and not _UNFIT_FOR_A_BLOCK.search(text):
        style = "|"
    elif not _stays_text(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_UNFIT_FOR_A_BLOCK = re.compile(r"[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe]| \n|\A\s")
_UNFIT_WITHOUT_QUOTES = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe]")
"""Includes every character that YAML treats as a line break."""


def _stays_text(text: str) -> bool:
    """Whether a string can stay unquoted and still be read as a string."""
    if _UNFIT_WITHOUT_QUOTES.search(text):
        return False
    builder = ValueBuilder()
    builder.scalar(text, 1, is_plain=True)
    return isinstance(builder.value, str) and not builder.faults


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=_is_short(items))


def _object(dumper: yaml.SafeDumper, entries: dict[str, Any]) -> yaml.MappingNode:
    flow = _is_short(list(entries.values())) and sum(map(len, entries)) < LINE_MAX / 2
    return dumper.represent_mapping("tag:yaml.org,2002:map", entries, flow_style=flow)


def _is_short(values: list[Any]) -> bool:
    """Whether values are scalars that fit on one line."""
    if any(isinstance(value, dict | list) and value for value in values):
        return False
    texts = [str(value) for value in values]
    return sum(len(text) + 2 for text in texts) < LINE_MAX / 2 and not any("\n" in t for t in texts)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(dict, _object)
