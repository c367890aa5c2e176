"""The report of a run in the forms that people keep: HTML, Markdown, PDF, JSON and a zip of all."""

from pathlib import PurePath
from typing import Any

import msgspec

from missioncontrol.documents.bundle import bundle
from missioncontrol.documents.exhibits import ReadArtifact
from missioncontrol.documents.json_report import machine_form
from missioncontrol.documents.outcome import outcome_sentence
from missioncontrol.documents.page import html_page
from missioncontrol.documents.paper import markdown_page, pdf_page
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.report_data import Reading


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
