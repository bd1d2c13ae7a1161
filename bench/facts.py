"""Precision and recall of the facts read from the labelled letters in tests/mails/facts, field by field.

The parts of that folder have all been tuned on. `blind/` was labelled before the reader saw it; `dev` was tuned on
since, `held` never. `-v` names each difference, but none of the held part: who looks at it has no honest figure left.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from decimal import Decimal
from email.header import Header
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from desk import reading

FOLDER = Path(__file__).parent.parent / "tests" / "mails" / "facts"
FIELDS = ("marketplace", "order_numbers", "tracking_numbers", "amounts", "order_date", "phones", "receipt", "topics",
          "demands", "missing")
NOTHING = {"topics": ["other"], "demands": ["none"]}


def main() -> int:
    for path in parts():
        letters = load(path)
        counts, best = measured(letters, path.stem if "-v" in sys.argv[1:] and path.stem != "held" else "")
        print(f"{path.stem}: {len(letters)} letters, best topic right in {best}")
        for field, count in counts.items():
            print(f"  {field:17} precision {_told(count, 'extra')}  recall {_told(count, 'lost')}  "
                  f"of {count['hit'] + count['lost']}")
    return 0


def parts() -> list[Path]:
    return [*sorted(FOLDER.glob("*.toml")), *sorted((FOLDER / "blind").glob("*.toml"))]


def measured(letters: list[dict[str, Any]], telling: str = "") -> tuple[dict[str, Counter[str]], int]:
    """Of each field `hit extra lost`, and in how many letters the best topic is the first one labelled.

    `telling`: the name under which each difference is printed.
    """
    counts, best = {field: Counter[str]() for field in FIELDS}, 0
    for letter in letters:
        found, want = read(letter), wanted(letter)
        best += found["topics"][0] == want["topics"][0]
        for field in FIELDS:
            got, right = values(found[field], field), values(want[field], field)
            counts[field].update(hit=len(got & right), extra=len(got - right), lost=len(right - got))
            if telling and got != right:
                print(f"{telling}: {letter['name']}: {field}: extra {got - right or '-'} lost {right - got or '-'}")
    return counts, best


def share(count: Counter[str], miss: str) -> float:
    """Precision (`extra`) or recall (`lost`); 1 where there was nothing to find."""
    total = count["hit"] + count[miss]
    return count["hit"] / total if total else 1.0


def load(path: Path) -> list[dict[str, Any]]:
    letters: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["letter"]
    return letters


def mail(letter: dict[str, Any]) -> bytes:
    """The letter as a mail; its files are empty but for their names."""
    message = EmailMessage()
    message["From"] = letter["from"]
    message["To"], message["Date"] = "desk@help.example", _date(letter["date"])
    if "html" in letter:
        message.set_content(letter["html"], subtype="html")
    else:
        message.set_content(letter["text"])
    for name in letter.get("files", []):
        kind = "video" if name.endswith("mp4") else "image"
        message.add_attachment(b"\xff\xd8\xff" + name.encode(), maintype=kind, subtype="jpeg", filename=name)
    subject = Header(letter["subject"], "utf-8").encode()  # EmailMessage loses spaces where it folds
    return f"Subject: {subject}\n".encode() + message.as_bytes()


def read(letter: dict[str, Any]) -> dict[str, Any]:
    return reading.as_json(mail(letter))


def wanted(letter: dict[str, Any]) -> dict[str, Any]:
    want = letter.get("want", {})
    return {field: want.get(field, NOTHING.get(field, [] if field.endswith("s") or field == "missing" else None))
            for field in FIELDS}


def values(value: Any, field: str) -> set[Any]:
    """A field as a set to compare: sums by their worth, a receipt by its parts."""
    if value is None:
        return set()
    if isinstance(value, dict):
        return set(value.items())
    items = [value] if isinstance(value, str) else value
    return {Decimal(item) for item in items} if field == "amounts" else set(items)


def _date(day: str) -> str:
    year, month, number = day.split("-")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{int(number)} {months[int(month) - 1]} {year} 12:00:00 +0300"


def _told(count: Counter[str], miss: str) -> str:
    return f"{share(count, miss):.3f}" if count["hit"] + count[miss] else "  -  "


if __name__ == "__main__":
    sys.exit(main())
