"""A data directory opened for reading: what shows things needs this alone, and no engine."""

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.heads_file import FileHeads
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.output_stores.sqlite import SqliteOutputStore
from missioncontrol.adapters.read_tables.sqlite import SqliteReadTables
from missioncontrol.adapters.session_stores.sqlite import SqliteActivityStore
from missioncontrol.domain.errors import NotFound


class ReadContext:
    """A home opened for reading: any number of processes may do so, also beside an engine."""

    def __init__(self, home: Home) -> None:
        """Open what is there.

        Raises:
            NotFound: `home.empty`, where nothing was ever recorded.
        """
        if not home.exists:
            raise NotFound(
                "home.empty",
                f"Nothing is recorded in {str(home.root)!r} yet.",
                hint="`mission run GOAL --repo PATH` or `mission workflow save FILE` begins; "
                "--home names another directory.",
            )
        self.home = home
        self.store = SqliteEventStore(home.log, writable=False)
        self.tables = SqliteReadTables(home.rows, writable=False)
        self.output = SqliteOutputStore(home.output, writable=False)
        self.artifacts = FolderArtifactStore(home.artifacts)
        self.heads = FileHeads(home.heads, home.key)
        self.activities = SqliteActivityStore(home.sessions, writable=False)

    def close(self) -> None:
        """Close the files."""
        self.store.close()
        self.tables.close()
        self.output.close()
        self.activities.close()
