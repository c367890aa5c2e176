"""Renders one DOCX in a process of its own, whose time and memory are limited."""

import resource
import sys

import msgspec

from missioncontrol.documents.printing.docx import docx_of
from missioncontrol.documents.printing.render_process import BYTES_MAX, NOT_MADE, Binding, Refused
from missioncontrol.domain.errors import Rejected, Unavailable


def main() -> int:
    """Read an order as JSON; write the file, or a JSON object with the reason of a failure."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Binding)
    resource.setrlimit(resource.RLIMIT_AS, (BYTES_MAX, BYTES_MAX))
    try:
        content = docx_of(order.markdown, order.title, order.images)
    except (Rejected, Unavailable) as no:
        is_later = isinstance(no, Unavailable)
        sys.stderr.buffer.write(msgspec.json.encode(Refused(no.code, no.reason, no.hint, is_later)))
        return NOT_MADE
    sys.stdout.buffer.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
