"""The report as a zip: every form, every artifact, every event, and a manifest of digests."""

import hashlib
import io
import zipfile
from contextlib import suppress

import msgspec

from missioncontrol.documents.exhibits import Exhibit, ReadArtifact, readable
from missioncontrol.documents.json_report import machine_form
from missioncontrol.documents.page import html_page
from missioncontrol.documents.paper import markdown_page, pdf_page
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.report_data import Reading
from missioncontrol.domain.errors import Rejected, Unavailable

SCHEMA = "missioncontrol.manifest/1"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold: an entry's own time would say when it was packed."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the manifest."""

    path: str
    sha256: str
    size: int
    task: str = ""
    name: str = ""  # the artifact's own name, where the path had to differ


class Missing(msgspec.Struct, frozen=True):
    """An artifact that could not be packed."""

    task: str
    name: str
    sha256: str
    reason: str


class Manifest(msgspec.Struct, frozen=True):
    """What is in the zip, but for the manifest itself."""

    schema: str
    run: str
    entries: tuple[Entry, ...]
    missing: tuple[Missing, ...]


def bundle(reading: Reading, read_artifact: ReadArtifact) -> bytes:
    """Return the zip; the same reading and artifacts give the same bytes on every machine."""
    forms = {
        "report.html": html_page(reading, read_artifact).encode(),
        "report.md": markdown_page(reading, read_artifact).encode(),
        "report.json": machine_form(reading),
        "events.jsonl": events_lines(reading.record),
    }
    with suppress(Rejected, Unavailable):  # One too large to be printed is there in other forms.
        forms["report.pdf"] = pdf_page(reading, read_artifact)
    entries: list[Entry] = []
    missing: list[Missing] = []
    packed = io.BytesIO()
    # Stored, not deflated: compressors differ between machines and would change the bytes.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, content in forms.items():
            entries.append(_packed(archive, Entry(path, _digest(content), len(content)), content))
        for exhibit in sorted(reading.exhibits, key=lambda one: one.path):
            content, fault = readable(exhibit.artifact, read_artifact)
            if fault:
                missing.append(_missing(exhibit, fault))
            else:
                entries.append(_packed(archive, _entry(exhibit, content), content))
        manifest = Manifest(SCHEMA, reading.record.run, tuple(entries), tuple(missing))
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
        _packed(archive, Entry("manifest.json", "", len(content)), content)
    return packed.getvalue()


def events_lines(record: MissionRecord) -> bytes:
    """Return the run's events as JSON lines, in log order, with their hashes."""
    lines = (msgspec.json.encode(event, order="deterministic") for event in record.events)
    return b"".join(line + b"\n" for line in lines)


def _packed(archive: zipfile.ZipFile, entry: Entry, content: bytes) -> Entry:
    info = zipfile.ZipInfo(entry.path, EPOCH)
    info.create_system = 3  # Unix, whatever this machine is
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)
    return entry


def _entry(exhibit: Exhibit, content: bytes) -> Entry:
    artifact = exhibit.artifact
    return Entry(exhibit.path, artifact.digest, len(content), exhibit.task, artifact.name)


def _missing(exhibit: Exhibit, fault: str) -> Missing:
    return Missing(exhibit.task, exhibit.artifact.name, exhibit.artifact.digest, fault)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
