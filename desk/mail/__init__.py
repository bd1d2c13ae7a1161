"""Mail: bytes → `Letter`, and back. Pure: no session, no clock, no network."""

from .authentication import trust
from .cleaning import clean_html
from .compose import compose
from .letter import Address, Attachment, Bounce, Check, Failure, Forwarded, Letter, Trust
from .lookalikes import looks_like, mixed
from .outline import read as outline
from .parser import parse
from .registration import number as case_number

__all__ = ["Address", "Attachment", "Bounce", "Check", "Failure", "Forwarded", "Letter", "Trust", "case_number",
           "clean_html", "compose", "looks_like", "mixed", "outline", "parse", "trust"]
