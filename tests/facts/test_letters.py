"""The labelled letters of tests/mails/facts and the sentences of samples.toml, read as a careful reader marks them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from bench import facts as labelled
from desk import facts
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


def test_there_are_enough() -> None:
    assert len(LETTERS) >= 80
    assert len(SAMPLES) >= 80
    assert len({letter["name"] for letter in LETTERS}) == len(LETTERS)


def test_the_bench_prints_each_part_and_field(capsys: pytest.CaptureFixture[str]) -> None:
    assert labelled.main() == 0
    out = capsys.readouterr().out
    assert all(field in out for field in (*labelled.FIELDS, "first", "second", "third"))
