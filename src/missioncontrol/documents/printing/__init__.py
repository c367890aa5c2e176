"""Documents as people hand them on: HTML and PDF of their Markdown, and PNG of drawings.

DOCX is made by `docx`, which only the process that binds one loads: it takes a quarter of a second.
"""

from missioncontrol.documents.printing.diagrams import png_of
from missioncontrol.documents.printing.html import fragment_of, html_of
from missioncontrol.documents.printing.pdf import pdf_of

__all__ = ["fragment_of", "html_of", "pdf_of", "png_of"]
