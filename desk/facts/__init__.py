"""Facts in a complaint, each with its place and how sure we are. Pure: text in, values out."""

from .completeness import missing
from .fact import Fact, Source
from .formats import Formats, load_formats
from .reading import find, marketplace

__all__ = ["Fact", "Formats", "Source", "find", "load_formats", "marketplace", "missing"]
