"""A fact and where it was found."""

from __future__ import annotations

from dataclasses import dataclass

PLACES = ("subject", "body", "quote", "forward", "sender")


@dataclass(frozen=True, slots=True)
class Source:
    """A text and its place: `subject`, `body`, `quote` or `forward`."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """`value` is normalised, `quote` the words as written, `start` and `end` their span in that source's text.

    Kinds: order_number, marketplace, tracking_number, amount, phone, order_date, receipt.
    `marketplace` is the one that this fact speaks for, '' when none.
    """

    kind: str
    value: str
    quote: str
    place: str
    start: int
    end: int
    confidence: float
    marketplace: str = ""
