"""Mail: bytes → `Letter`, and back. Pure: no session, no clock, no network."""

from .cleaning import clean_html
from .compose import compose
from .letter import Address, Attachment, Bounce, Forwarded, Letter
from .parser import parse

__all__ = ["Address", "Attachment", "Bounce", "Forwarded", "Letter", "clean_html", "compose", "parse"]
