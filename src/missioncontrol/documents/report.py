"""The report of a run in the forms people keep: HTML, Markdown, PDF, JSON, and a zip of all."""

import hashlib
import io
import zipfile
from contextlib import suppress
from pathlib import PurePath
from typing import Any

import msgspec

from missioncontrol.documents.exhibits import Exhibit, ReadArtifact, readable
from missioncontrol.documents.json_report import machine_form
from missioncontrol.documents.outcome import outcome_sentence
from missioncontrol.documents.page import html_page
from missioncontrol.documents.paper import markdown_page, pdf_page
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.report_data import Reading
from missioncontrol.domain.errors import Rejected, Unavailable

SCHEMA = "missioncontrol.manifest/1"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold: an entry's own time would say when it was packed."""


class ZipEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the manifest."""

    path: str
    sha256: str
    size: int
    task: str = ""
    name: str = ""  # the artifact's own name, where the path had to differ


class MissingFile(msgspec.Struct, frozen=True):
    """An artifact that could not be packed."""

    task: str
    name: str
    sha256: str
    reason: str


class ZipManifest(msgspec.Struct, frozen=True):
    """What is in the zip, but for the manifest itself."""

    schema: str
    run: str
    entries: tuple[ZipEntry, ...]
    missing: tuple[MissingFile, ...]


def for_outsiders(record: MissionRecord) -> MissionRecord:
    """Return the record with the name of its repository wherever its local path stands.

    Hashes of events stay those of what was recorded.
    """
    path, name = _place(record)
    if not name:
        return record
    values = _renamed(msgspec.to_builtins(record), path, name)
    return msgspec.convert(values, MissionRecord)


def read_for_outsiders(record: MissionRecord, read: ReadArtifact) -> ReadArtifact:
    """Return what reads artifacts with the name of the repository in place of its local path."""
    path, name = _place(record)
    if not name:
        return read
    return lambda digest: read(digest).replace(path.encode(), name.encode())


def _place(record: MissionRecord) -> tuple[str, str]:
    """Return the path of the repository and its name; no name where there is nothing to hide."""
    path = record.repository.rstrip("/\\")
    if not PurePath(path).is_absolute():
        return path, ""
    return path, PurePath(path).name


def _renamed(value: Any, path: str, name: str) -> Any:
    match value:
        case str():
            return value.replace(path, name)
        case dict():
            return {_renamed(k, path, name): _renamed(v, path, name) for k, v in value.items()}
        case list() | tuple():
            return [_renamed(each, path, name) for each in value]
        case _:
            return value


__all__ = [
    "outcome_sentence",
    "report_html",
    "report_json",
    "report_markdown",
    "report_pdf",
    "report_zip",
]


def report_html(record: MissionRecord, read_artifact: ReadArtifact) -> str:
    """Return one self-contained HTML file."""
    return html_page(Reading(record), read_artifact)


def report_markdown(record: MissionRecord, read_artifact: ReadArtifact) -> str:
    """Return the report as CommonMark with tables."""
    return markdown_page(Reading(record), read_artifact)


def report_pdf(record: MissionRecord, read_artifact: ReadArtifact) -> bytes:
    """Return the report as PDF, with the drawings of the mission.

    Raises:
        Rejected: `document.too_large`, `document.unprinted`.
        Unavailable: `document.unprinted_in_time`.
    """
    return pdf_page(Reading(record), read_artifact)


def report_json(record: MissionRecord) -> bytes:
    """Return the whole record and what was computed from it, as `missioncontrol.report/1`."""
    return machine_form(Reading(record))


def report_zip(record: MissionRecord, read_artifact: ReadArtifact) -> bytes:
    """Return the other forms, every artifact and every event, with a manifest of digests."""
    return bundle(Reading(record), read_artifact)


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
    entries: list[ZipEntry] = []
    missing: list[MissingFile] = []
    packed = io.BytesIO()
    # Stored, not deflated: compressors differ between machines and would change the bytes.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path, content in forms.items():
            entries.append(
                _packed(archive, ZipEntry(path, _digest(content), len(content)), content)
            )
        for exhibit in sorted(reading.exhibits, key=lambda one: one.path):
            content, fault = readable(exhibit.artifact, read_artifact)
            if fault:
                missing.append(_missing(exhibit, fault))
            else:
                entries.append(_packed(archive, _entry(exhibit, content), content))
        manifest = ZipManifest(SCHEMA, reading.record.run, tuple(entries), tuple(missing))
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
        _packed(archive, ZipEntry("manifest.json", "", len(content)), content)
    return packed.getvalue()


def events_lines(record: MissionRecord) -> bytes:
    """Return the run's events as JSON lines, in log order, with their hashes."""
    lines = (msgspec.json.encode(event, order="deterministic") for event in record.events)
    return b"".join(line + b"\n" for line in lines)


def _packed(archive: zipfile.ZipFile, entry: ZipEntry, content: bytes) -> ZipEntry:
    info = zipfile.ZipInfo(entry.path, EPOCH)
    info.create_system = 3  # Unix, whatever this machine is
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)
    return entry


def _entry(exhibit: Exhibit, content: bytes) -> ZipEntry:
    artifact = exhibit.artifact
    return ZipEntry(exhibit.path, artifact.digest, len(content), exhibit.task, artifact.name)


def _missing(exhibit: Exhibit, fault: str) -> MissingFile:
    return MissingFile(exhibit.task, exhibit.artifact.name, exhibit.artifact.digest, fault)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
