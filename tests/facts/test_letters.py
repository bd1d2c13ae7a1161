"""The labelled letters of tests/mails/facts and the sentences of samples.toml, read as a careful reader marks them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import facts as labelled
from desk import facts, reading
from tests.facts.test_topics import KNOWN

LETTERS = [letter for path in sorted(labelled.FOLDER.glob("*.toml")) for letter in labelled.load(path)]
SAMPLES: list[tuple[str, list[str], list[str]]] = tomllib.loads(
    (Path(__file__).parent / "samples.toml").read_text(encoding="utf-8"))["samples"]


@pytest.mark.parametrize("letter", LETTERS, ids=[letter["name"] for letter in LETTERS])
def test_letter(letter: dict[str, Any]) -> None:
    found, want = labelled.read(letter), labelled.wanted(letter)
    assert {field: labelled.values(found[field], field) for field in labelled.FIELDS} == {
        field: labelled.values(want[field], field) for field in labelled.FIELDS}


@pytest.mark.parametrize(("text", "topics", "demands"), SAMPLES)
def test_sample(text: str, topics: list[str], demands: list[str]) -> None:
    assert (set(facts.topics("", text, KNOWN)), set(facts.demands("", text, KNOWN))) == (set(topics), set(demands))


# Of what was labelled before the reader saw it: the held part has never been looked at, so its floors say how the reader
# does with new letters. Precision and recall, a little under what was measured.
FLOORS = {
    "dev": {"marketplace": (0.98, 0.98), "order_numbers": (0.98, 0.98), "tracking_numbers": (0.98, 0.98),
            "amounts": (0.96, 0.94), "order_date": (0.96, 0.94), "phones": (0.96, 0.98), "topics": (0.86, 0.86),
            "demands": (0.92, 0.92), "missing": (0.90, 0.95)},
    "held": {"marketplace": (0.98, 0.93), "order_numbers": (0.98, 0.94), "tracking_numbers": (0.98, 0.98),
             "amounts": (0.91, 0.85), "order_date": (0.85, 0.85), "phones": (0.97, 0.96), "receipt": (0.98, 0.98),
             "topics": (0.72, 0.77), "demands": (0.77, 0.73), "missing": (0.77, 0.93)}}


@pytest.mark.parametrize("path", [path for path in labelled.parts() if path.stem in FLOORS], ids=lambda path: path.stem)
def test_letters_that_were_labelled_blind(path: Path) -> None:
    counts, _best = labelled.measured(labelled.load(path))
    for field, floors in FLOORS[path.stem].items():
        reached = labelled.share(counts[field], "extra"), labelled.share(counts[field], "lost")
        assert all(one >= floor for one, floor in zip(reached, floors, strict=True)), (field, reached)


def test_there_are_enough() -> None:
    assert len(LETTERS) >= 80
    assert len(SAMPLES) >= 400
    assert {path.stem for path in labelled.parts()} >= set(FLOORS)
    assert len({letter["name"] for letter in LETTERS}) == len(LETTERS)


def test_the_bench_prints_each_part_and_field(capsys: pytest.CaptureFixture[str]) -> None:
    assert labelled.main() == 0
    out = capsys.readouterr().out
    assert all(field in out for field in (*labelled.FIELDS, "first", "second", "third", "dev", "held"))


PIECES = ["заказ № 18044876\u20110131", "заказ № 18044876-0131", "вчера", " от 12.11.2026", " 5 990 ₽", "\n> ", "\n-- \n", "+7 916 123-45-67", "\x00", "\ud83d", "İ", "ß",
          "—", "<a href=\"https://ozon.ru/my/orderdetails/?order=18044876-0131\">x</a>", "t=20261105T1432&s=1&fn=9282440300123456&i=1&fp=2&n=1",
          "ФН 9282440300123456 ФД 1 ФПД 2", "\u202e", "прошу вернуть:\n1. ", "пять тысяч рублей", "---------- Forwarded message ---------\nОт: a <a@ozon.ru>\n",
          "31.02.2026", "Номер заказа\tДата\n", "карта 4111 1111 1111 1111", "\xa0", "99.99.9999", "٣٤٥", "тел. ٠٩١٦١٢٣٤٥٦٧"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), st.sampled_from(["plain", "html"]),
       st.sampled_from(["20 Nov 2026 12:00:00 +0300", "1 Mar 2027 00:00:00 +0000", "29 Feb 2028 12:00:00 +0300", "never", ""]))
def test_anything_is_read_and_its_spans_are_true(text: str, kind: str, date: str) -> None:
    raw = f"From: Анна <a@b.example>\nDate: {date}\nSubject: {text[:50]!r}\nContent-Type: text/{kind}; charset=utf-8\n\n{text}"
    flat = reading.as_json(raw.encode("utf-8", "surrogatepass"))
    encoded = json.dumps(flat, ensure_ascii=False).encode("utf-8")
    assert b"\x00" not in encoded
    assert "\\u0000" not in encoded.decode()
    data = reading.read(raw.encode("utf-8", "surrogatepass"))
    whole = data["letter"]["text"]
    for fact in data["facts"]:
        assert 0 < fact["confidence"] <= 1
        if fact["place"] in ("body", "quote", "forward", "signature"):
            assert whole[fact["start"]:fact["end"]] == fact["quote"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.text(max_size=2000))
def test_any_text_is_read(subject: str, text: str) -> None:
    found = facts.find([facts.Source("subject", subject), facts.Source("body", text)], reading.known_formats())
    assert all(text[fact.start:fact.end] == fact.quote for fact in found if fact.place == "body")
    facts.topics(subject, text, KNOWN)
    facts.demands(subject, text, KNOWN)
    facts.missing(found, text, KNOWN)
