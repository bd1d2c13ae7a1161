"""Facts in a complaint, each with its place and how sure we are. Pure: text in, values out."""

from .completeness import missing
from .fact import Fact, Source
from .formats import Formats, load_formats
from .reading import find, marketplace
from .stems import Topics, demands, load_topics, topics

__all__ = [
    "Fact", "Formats", "Source", "Topics", "demands", "find", "load_formats", "load_topics", "marketplace", "missing",
    "topics",
]
