"""Check digits: postal numbers, cards, taxpayers and the state register."""

from __future__ import annotations

import re

INN = {10: ((2, 4, 10, 3, 5, 9, 4, 6, 8),),
       12: ((7, 2, 4, 10, 3, 5, 9, 4, 6, 8), (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8))}
CARD_START = re.compile(r"220[0-4]|4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|62|3[47]")


def digits(value: str) -> str:
    return "".join(c for c in value if "0" <= c <= "9")


def is_postal(value: str) -> bool:
    """Fourteen digits of a Russian postal item (ШПИ): index, month, number, check digit."""
    if len(value) != 14 or not value.isdigit():
        return False
    total = sum(int(c) * (3 if place % 2 == 0 else 1) for place, c in enumerate(value[:13]))
    return (10 - total % 10) % 10 == int(value[13])


def is_s10(value: str) -> bool:
    """An international item, UPU standard S10: two letters, nine digits, country."""
    if not re.fullmatch(r"[A-Z]{2}\d{9}[A-Z]{2}", value):
        return False
    total = sum(int(c) * w for c, w in zip(value[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    return {10: 0, 11: 5}.get(check := 11 - total % 11, check) == int(value[10])


def is_card(value: str) -> bool:
    """A bank card's number: known first digits and the Luhn sum."""
    if not 13 <= len(value) <= 19 or not value.isdigit() or not CARD_START.match(value):
        return False
    doubled = (int(c) * 2 - 9 * (int(c) > 4) if place % 2 else int(c) for place, c in enumerate(reversed(value)))
    return sum(doubled) % 10 == 0


def is_inn(value: str) -> bool:
    """A taxpayer's number of ten (firm) or twelve (person) digits."""
    if not value.isdigit() or len(value) not in (10, 12) or len(set(value)) == 1:
        return False
    return all(sum(int(c) * w for c, w in zip(value, weights, strict=False)) % 11 % 10 == int(value[len(weights)])
               for weights in INN[len(value)])


def is_ogrn(value: str) -> bool:
    """A state register number of thirteen (firm) or fifteen (entrepreneur) digits."""
    if not value.isdigit() or len(value) not in (13, 15):
        return False
    return int(value[:-1]) % (len(value) - 2) % 10 == int(value[-1])
