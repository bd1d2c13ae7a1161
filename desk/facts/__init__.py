"""Facts in a complaint, each with its place and how sure we are. Pure: text in, values out."""

from .completeness import missing, needed_later
from .fact import Fact, Source, sameness
from .formats import Formats, load_formats
from .places import links
from .places import split as places
from .reading import find, lists
from .shops import best as marketplace
from .stems import Topics, demands, load_topics, topics

__all__ = [
    "Fact", "Formats", "Source", "Topics", "demands", "find", "links", "lists", "load_formats", "load_topics",
    "marketplace", "missing", "needed_later", "places", "sameness", "topics",
]
