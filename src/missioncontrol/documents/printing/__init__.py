"""Renders documents: HTML and PDF of their Markdown, and PNG of diagrams.

Only `docx_process` loads `docx`, which takes a quarter of a second.
"""

from missioncontrol.documents.printing.diagrams import png_of
from missioncontrol.documents.printing.html import fragment_of, html_of
from missioncontrol.documents.printing.pdf import pdf_of

__all__ = ["fragment_of", "html_of", "pdf_of", "png_of"]
