"""Documents as people hand them on: HTML, PDF and DOCX of their Markdown, and PNG of drawings."""

from missioncontrol.documents.printing.docx import docx_of
from missioncontrol.documents.printing.drawings import png_of
from missioncontrol.documents.printing.html import fragment_of, html_of
from missioncontrol.documents.printing.pdf import pdf_of

__all__ = ["docx_of", "fragment_of", "html_of", "pdf_of", "png_of"]
