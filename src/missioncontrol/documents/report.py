"""The report of a run in the forms that people keep: HTML, Markdown, PDF, JSON and a zip of all."""

from missioncontrol.documents.bundle import bundle
from missioncontrol.documents.exhibits import ReadArtifact
from missioncontrol.documents.machine import machine_form
from missioncontrol.documents.outcome import outcome_sentence
from missioncontrol.documents.page import html_page
from missioncontrol.documents.paper import markdown_page
from missioncontrol.documents.printed import pdf_page
from missioncontrol.documents.reading import Reading
from missioncontrol.documents.record import MissionRecord

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
