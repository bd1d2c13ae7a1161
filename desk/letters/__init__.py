"""Letters that go out on paper or as a file: a text with places for facts → a document → PDF and DOCX.

Pure: values in, bytes out. A template can only name facts; it cannot read a file, open an address or run code.
"""

from .document import Block, Document
from .docx import docx
from .pdf import pdf
from .template import Missing, Template, TemplateError, load, parse

__all__ = ["Block", "Document", "Missing", "Template", "TemplateError", "docx", "load", "parse", "pdf"]
