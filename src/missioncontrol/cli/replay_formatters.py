"""What a run was given, gave back, cost and was allowed at some moment, in lines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from missioncontrol.cli.formatters import cut, used, wrapped
from missioncontrol.cli.text import moment
from missioncontrol.documents.event_words import sentence
from missioncontrol.domain.visible import visible

VALUES_MAX = 12
"""Inputs, outputs, files or remarks of one thing; more are a number."""

ROOM = 8


class Sheet:
    """Lines that tell values, and whether anything was cut on the way."""

    def __init__(self, width: int) -> None:
        """`width` is how many characters fit in a line."""
        self._width = width
        self.is_cut = False

    def run_lines(self, view: Mapping[str, Any]) -> list[str]:
        """Return what the run itself was given."""
        return list(self._values("input", view["inputs"], "  ", 9))

    def step_lines(self, step: Mapping[str, Any]) -> list[str]:
        """Return what a step was given, what it gave back, and what that cost so far."""
        work = step.get("work") or {}
        lines = list(self._values("input", step["inputs"], "    "))
        output = work.get("output")
        if output is not None:
            named = output if isinstance(output, dict) else {"": output}
            lines += self._values("output", named, "    ")
        files = {file["name"]: f"{file['size']:,} bytes" for file in work.get("artifacts", ())}
        lines += self._values("file", files, "    ")
        if step["attempts"]:
            lines.append(f"    {'cost':<{ROOM}}{used(step['usage'])}")
        return lines

    def approval_lines(self, approvals: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return every approval as it stood, with who decided what, when and why."""
        lines = []
        for each in approvals:
            state = each["state"]
            if state in ("waiting", "deferred"):
                state += f", open until {moment(each['expires'])}"
            about = f"{each['approval']} for {each['step']}: {state}"
            lines += wrapped(about, self._width, "", "  ")
            remarks = self._bounded(each["said"])
            for remark in remarks:
                text = sentence(remark["event"], remark)
                begin = f"  {moment(remark['time'])}  "
                lines += wrapped(text, self._width, begin, " " * 4)
            if len(each["said"]) > len(remarks):
                lines.append(f"  and {len(each['said']) - len(remarks):,} more")
        return lines

    def _bounded(self, values: Sequence[Any]) -> Sequence[Any]:
        self.is_cut = self.is_cut or len(values) > VALUES_MAX
        return values[:VALUES_MAX]

    def _values(
        self, word: str, values: Mapping[str, Any], indent: str, room: int = ROOM - 1
    ) -> Iterator[str]:
        """Yield a line for each value, cut where it is long."""
        for name in self._bounded(list(values)):
            value = values[name]
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            line = visible(f"{name} = {text}" if name else text)
            begin = f"{indent}{word:<{room}} "
            shown = cut(line, self._width - len(begin))
            self.is_cut |= shown.endswith("…") and not line.endswith("…")
            yield begin + shown
        if len(values) > VALUES_MAX:
            yield f"{indent}{'':<{room}} and {len(values) - VALUES_MAX:,} more"
