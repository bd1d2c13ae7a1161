"""Russian typography of our own words; and what has to leave a stranger's text so that every format takes it."""

from __future__ import annotations

import re
import unicodedata

NBSP = "\u00a0"
SHORT = r"(?<![\w-])(в|во|и|к|ко|о|об|от|до|за|из|на|не|но|по|с|со|у|а|я|№|п\.|ст\.|ч\.|г\.|ул\.|д\.|кв\.)"
# Direction marks and other invisible characters could make a printed letter read otherwise than it is.
UNFIT = {"Cc", "Cf", "Cs", "Co", "Cn"}


def set_text(text: str) -> str:
    """Quotes «…», a dash with a fixed space before it, no line end after a short word or before a unit."""
    text = re.sub(r'"([^"\n]*)"', r"«\1»", text)
    text = re.sub(r"(?<=\S) [-–—] ", f"{NBSP}— ", text)
    for _ in range(2):  # «и в» needs a second look: the first match takes the space of the second
        text = re.sub(SHORT + r" (?=\S)", rf"\1{NBSP}", text, flags=re.I)
    text = re.sub(r"(?<=\d) (?=\d{3}(?!\d))", NBSP, text)
    return re.sub(r"(?<=\d) (?=(?:руб|₽|коп|%|дн|лет|г\.|год|рабоч|календар))", NBSP, text)


def fit(text: str) -> str:
    """Control and invisible characters out, line ends as spaces; everything else stays literally."""
    text = re.sub(r"\s*[\r\n\u2028\u2029\x0b\x0c\x85]+\s*", " ", text.replace("\t", " "))
    return "".join(c for c in text if unicodedata.category(c) not in UNFIT).strip()
