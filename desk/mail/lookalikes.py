"""Domains made to be taken for another: `0zon.ru`, `ozon-support.shop`, letters of two alphabets in one word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# What looks like a Latin letter.
TWINS = str.maketrans(dict(zip("аеорсхукмтнвіїјѕԁӏһոɡɩ0135", "aeopcxykmthbiijsdlhngioles", strict=True)))
PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
LATIN, CYRILLIC = re.compile(r"[a-z]"), re.compile(r"[а-яёѐ-ӿ]")
WORDS = ("pay", "support", "help", "shop", "ru", "online", "market", "vozvrat", "refund", "claim", "info", "mail",
         "service", "kabinet", "lk", "seller", "order")
ENDINGS = frozenset(["ru", "com", "by", "kz", "uz", "am", "kg", "ge", "az", "tj", "net", "рф", "xn--p1ai"])
SECOND_LEVEL = frozenset(["com", "co", "org", "net"])
SHORTEST, LONG = 4, 6  # letters of a name that is looked for as a word of its own; inside other words


def looks_like(domain: str, genuine: Iterable[str]) -> str:
    """The first genuine domain that this one imitates, '' when it is one itself or like none."""
    domain = domain.lower().strip(".")
    known = tuple(dict.fromkeys(genuine))
    if any(_within(domain, name) or _within(domain, _owner(name)) for name in known):
        return ""
    shown = _shown(domain)
    return next((_owner(name) for name in known if _imitates(domain, shown, name)), "")


def mixed(domain: str) -> bool:
    """One label with letters of two alphabets: no honest domain has that."""
    return any(LATIN.search(label) and CYRILLIC.search(label) for label in _shown(domain.lower()).split("."))


def _imitates(domain: str, shown: str, name: str) -> bool:
    brand = _label(_owner(name))
    label, plain = _label(shown), _skeleton(_label(shown))
    if len(brand) < SHORTEST:
        return shown != domain and plain == brand
    if label == brand:
        return domain.rpartition(".")[2] not in ENDINGS
    words = re.split(r"[.-]", _skeleton(shown.rpartition(".")[0]))
    return (plain == _skeleton(brand) or brand in words or _with_a_word(plain, brand)
            or (len(brand) >= LONG and brand in plain) or _nearly(label, brand))


def _with_a_word(label: str, brand: str) -> bool:
    return any(label in (brand + word, word + brand) for word in WORDS)


def _nearly(label: str, brand: str) -> bool:
    """One letter more, less, other or two exchanged; of short names only a letter doubled or two exchanged."""
    if _exchanged(label, brand) or (len(label) == len(brand) + 1 and _doubled(label, brand)):
        return True
    return len(brand) > SHORTEST and abs(len(label) - len(brand)) <= 1 and _one_apart(label, brand)


def _exchanged(label: str, brand: str) -> bool:
    return any(label == brand[:at] + brand[at + 1] + brand[at] + brand[at + 2:] for at in range(len(brand) - 1)
               ) and label != brand


def _doubled(label: str, brand: str) -> bool:
    return any(label == brand[:at] + brand[at] + brand[at:] for at in range(len(brand)))


def _one_apart(one: str, other: str) -> bool:
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if len(one) == len(other):
        return one[start + 1:] == other[start + 1:] and one != other
    short, long = sorted((one, other), key=len)
    return short[start:] == long[start + 1:]


def _skeleton(text: str) -> str:
    text = unicodedata.normalize("NFKD", text).translate(TWINS)
    text = "".join(c for c in text if not unicodedata.combining(c))
    for pair, letter in PAIRS:
        text = text.replace(pair, letter)
    return text


def _shown(domain: str) -> str:
    """Punycode as the letters it stands for."""
    return ".".join(_decoded(label) for label in domain.split("."))


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label


def _within(domain: str, name: str) -> bool:
    return domain == name or domain.endswith("." + name)


def _owner(name: str) -> str:
    """`yandex.ru` of `market.yandex.ru`: what one owner registered."""
    labels = name.split(".")
    count = 3 if len(labels) > 2 and labels[-2] in SECOND_LEVEL else 2
    return ".".join(labels[-count:])


def _label(domain: str) -> str:
    return _owner(domain).split(".")[0]
