"""Events as columns of Arrow, for a file of columns."""

from collections.abc import Sequence

from arro3.core import Array, DataType, Table

from missioncontrol.ports.warehouse import Captured

TEXT, WHOLE, BYTES = DataType.utf8(), DataType.int64(), DataType.binary()


def columns(events: Sequence[Captured]) -> Table:
    """Return the events as a table."""
    found = {
        "id": Array([each.id for each in events], type=TEXT),
        "name": Array([each.name for each in events], type=TEXT),
        "happened": Array([each.happened for each in events], type=WHOLE),
        "received": Array([each.received for each in events], type=WHOLE),
        "source": Array([each.source for each in events], type=TEXT),
        "who": Array([each.user for each in events], type=TEXT),
        "anonymous": Array([each.anonymous for each in events], type=TEXT),
        "session": Array([each.session for each in events], type=TEXT),
        "alias": Array([each.alias for each in events], type=TEXT),
        "grouped": Array([each.group for each in events], type=TEXT),
        "is_bot": Array([each.is_bot for each in events], type=DataType.bool()),
        "properties": Array([each.properties for each in events], type=BYTES),
        "person": Array([each.person for each in events], type=BYTES),
        "once": Array([each.once for each in events], type=BYTES),
    }
    return Table.from_arrays(list(found.values()), names=list(found))
