"""Every text of the pages is there in Russian, with its placeholders, and compiled."""

from __future__ import annotations

import re

import pytest

from desk.web import catalogue

PLACE = re.compile(r"%\(\w+\)\w")
RUSSIAN = catalogue.translated()


def test_the_catalogue_holds_the_texts_of_the_pages_and_no_others() -> None:
    assert {m.id for m in RUSSIAN} == {m.id for m in catalogue.collected()}, "run bin/translate"


def test_nothing_is_missing_or_guessed() -> None:
    assert [m.id for m in RUSSIAN if m.id and (m.fuzzy or not (m.string if isinstance(m.string, str) else all(m.string)))] == []


def test_plurals_have_three_forms_and_placeholders_stay() -> None:
    for message in RUSSIAN:
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        assert len(strings) == (1 if len(ids) == 1 else 3), ids
        for text in strings:
            assert set(PLACE.findall(text)) <= set(PLACE.findall(" ".join(ids))), ids
            assert set(PLACE.findall(ids[0])) <= set(PLACE.findall(text)), ids


def test_the_files_are_what_bin_translate_writes() -> None:
    merged = catalogue.merged()
    assert (catalogue.FOLDER / "messages.po").read_bytes() == catalogue.as_po(merged)
    assert (catalogue.FOLDER / "messages.mo").read_bytes() == catalogue.as_mo(merged)


@pytest.mark.parametrize(("count", "words"), [(1, "остался 1 день"), (3, "осталось 3 дня"), (11, "осталось 11 дней"), (21, "остался 21 день")])
def test_days_left_in_russian(count: int, words: str) -> None:
    message = RUSSIAN.get(("%(num)d day left", "%(num)d days left"))
    assert message is not None
    assert message.string[_russian_plural(count)] % {"num": count} == words


def _russian_plural(count: int) -> int:
    if count % 10 == 1 and count % 100 != 11:
        return 0
    return 1 if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else 2
