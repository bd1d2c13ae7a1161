import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from desk.law import count, rules
from desk.law.calendar import ProductionCalendar
from desk.law.rules import LawDataError, Rules

from .conftest import CONFIG

ROW = """[[clock]]
id = "demo"
title_ru = "Пример"
title_en = "Example"
length = 10
unit = "day"
day_kind = "calendar"
roll = "next_working"
whose = "them"
start = "demand_received"
ends = "money_received"
actor = "seller"
law = "Закон РФ 2300-1"
article = "ст. 22"
confidence = "high"
basis = "text"
sources = []
"""
EVENTS = """
[[event]]
id = "demand_received"
title_ru = "требование получено"
title_en = "demand received"

[[event]]
id = "money_received"
title_ru = "деньги получены"
title_en = "money received"
"""


def test_the_shipped_clocks(clocks: Rules) -> None:
    assert len(clocks) == 55
    assert clocks.meta["jurisdiction"] == "RU"
    money = clocks["zpp22_money"]
    assert (money.length, money.unit, money.roll, money.whose) == (10, "day", "next_working", "them")
    assert money.penalty == "goods_1pct"
    assert money.warn_before == (3, 1)
    assert clocks.get("nothing") is None
    assert [rule.id for rule in clocks.values() if rule.needs_length] == [
        "zpp28_service_new_term", "zpp30_service_defect_term", "promised_by",
    ]  # fmt: skip


def test_no_lawyer_has_confirmed_anything_yet(clocks: Rules) -> None:
    assert not any(rule.confirmed for rule in clocks.values())
    assert replace(clocks["zpp22_money"], checked_by="N. N.", checked_on=date(2026, 12, 1)).confirmed


def test_a_clock_that_starts_when_another_runs_out_names_it(clocks: Rules) -> None:
    later = [rule.start.removesuffix("_due") for rule in clocks.values() if rule.start.endswith("_due")]
    assert later
    assert set(later) <= set(clocks)


def test_what_comes_next_is_a_step_of_the_ladder(clocks: Rules) -> None:
    ladder = tomllib.loads((CONFIG / "escalation.toml").read_text())
    assert {rule.next for rule in clocks.values()} - {""} <= {step["key"] for step in ladder["step"]}


def test_the_first_reply_is_a_usable_rule(clocks: Rules, russia: ProductionCalendar) -> None:
    rule = clocks["desk_first_reply_1w"]
    assert (rule.whose, rule.start) == ("desk", "ticket_created")
    assert rule.unit == "day"
    counted = count.due(date(2026, 12, 30), rule.length, rule.unit, rule.day_kind, rule.roll, russia)
    assert counted.rolled == date(2027, 1, 11)


def test_in_force(clocks: Rules) -> None:
    assert "fz289_partner_complaint_15" not in {rule.id for rule in clocks.in_force(date(2026, 11, 24))}
    assert len(clocks.in_force(date(2026, 11, 24))) == 54
    bank = clocks["bank_reply_15w"]
    assert (bank.in_force(date(2024, 6, 30)), bank.in_force(date(2024, 7, 1))) == (False, True)
    ending = replace(bank, valid_to=date(2026, 12, 31))
    assert (ending.in_force(date(2026, 12, 31)), ending.in_force(date(2027, 1, 1))) == (True, False)


def test_the_version_follows_the_content() -> None:
    def version(text: str) -> str:
        return rules.load(text + EVENTS)["demo"].version

    same = 'enabled = true\nchecked_by = ""\nchecked_on = ""\nnotes_ru = ""\nwarn_before = []\n'
    assert version(ROW) == version(ROW + same) == version("# a comment\n" + ROW)
    changed = {version(ROW), version(ROW.replace("10", "11")), version(ROW + "enabled = false\n")}
    assert len(changed) == 3


def test_when_the_law_changes_the_day_of_the_event_chooses() -> None:
    old = ROW + "valid_to = 2026-12-31\n"
    new = ROW.replace("length = 10", "length = 7") + "valid_from = 2027-01-01\n"
    known = rules.load(new + old + EVENTS)
    before, after = known.at("demo", date(2026, 12, 31)), known.at("demo", date(2027, 1, 1))
    assert before is not None
    assert after is not None
    assert (before.length, after.length) == (10, 7)
    assert before.version != after.version
    assert (len(known), known["demo"], known.history("demo")) == (1, after, [before, after])
    assert known.in_force(date(2027, 6, 1)) == [after]
    assert known.at("nothing", date(2027, 1, 1)) is None
    assert known.history("nothing") == []
    with pytest.raises(LawDataError, match="line 23, key 'id': 'demo' is used twice for the same days"):
        rules.load(old + "valid_from = 2026-01-01\n" + "\n\n" + ROW + "valid_to = 2026-01-01\n" + EVENTS)
    with pytest.raises(LawDataError, match="line 12, key 'id': 'money_received' is there twice"):
        rules.load(EVENTS + EVENTS.split("\n\n")[1])


def test_events_have_words(clocks: Rules) -> None:
    assert clocks.event("goods_handed_over") == ("товар получен", "goods received")
    assert clocks.event("fz59_reply_30_due").ru == "прежний срок истёк"
    assert clocks.event("made up").ru == "событие", "whatever a person typed in"


def test_each_right_of_the_consumer_says_what_dies_with_it(clocks: Rules) -> None:
    rights = {rule.id for rule in clocks.values() if rule.whose == "us"}
    assert {"zpp26_1_refuse_7", "zpp25_exchange_14", "zpp18_tech_15", "chargeback_120", "gk196_3y"} <= rights
    assert all(clocks[each].consequence_ru and clocks[each].consequence_en for each in rights)
    assert all(clocks[each].roll == "none" for each in rights), "never lean on the roll"


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "says"),
    [
        ('unit = "day"', 'unit = "decade"', 23, "unit", "write one of day, week, month, year, hour"),
        ("length = 10", 'length = "10"', 22, "length", "without quotes"),
        ("length = 10", "length = -1", 22, "length", "whole number"),
        ("length = 10", "length = true", 22, "length", "whole number"),
        ('law = "Закон РФ 2300-1"', 'law = ""', 30, "law", "empty"),
        ('actor = "seller"', 'actor = "seller"\ncolour = "red"', 30, "colour", "unknown key"),
        ('article = "ст. 22"\n', "", 18, None, "'article' is missing"),
        ("sources = []", 'sources = "x"', 34, "sources", "not a list"),
        ("sources = []", "sources = []\nwarn_before = [3, 3]", 35, "warn_before", "twice"),
        ("sources = []", "sources = []\nenabled = 1", 35, "enabled", "true or false"),
        ("sources = []", 'sources = []\nvalid_from = "01.02.2026"', 35, "valid_from", "2026-12-31"),
        ("sources = []", "sources = []\nvalid_from = 2027-01-01\nvalid_to = 2026-01-01", 36, "valid_to", "before"),
        ("sources = []", "sources = []\nchecked_on = 2027-01-01", 35, "checked_on", "both"),
        ("sources = []", 'sources = []\npenalty = "goods_2pct"', 35, "penalty", "write one of goods_1pct"),
        ('start = "demand_received"', 'start = "x"', 27, "start", "add it as an [[event]]"),
        ('ends = "money_received"', 'ends = "demo_du"', 28, "ends", "add it as an [[event]]"),
        ('whose = "them"', 'whose = "us"', 26, "whose", "what the consumer loses"),
        ('id = "other"', 'id = "demo"', 19, "id", "used twice for the same days"),
        ('id = "other"', 'id = "Other clock"', 19, "id", "small Latin letters"),
        ('id = "other"', "id = 5", 19, "id", "in quotes"),
        ('unit = "day"\nday_kind = "calendar"', 'unit = "month"\nday_kind = "working"', 24, "day_kind", "only days"),
        ('unit = "day"', 'unit = "hour"', 25, "roll", "hours do not move"),
        ("length = 10", "length = ", 22, None, "not valid TOML"),
    ],
)
def test_errors_name_the_line(old: str, new: str, line: int, key: str | None, says: str) -> None:
    second = ROW.replace('id = "demo"', 'id = "other"')
    assert old in second
    with pytest.raises(LawDataError) as caught:
        rules.load(ROW + second.replace(old, new) + EVENTS, ["goods_1pct"])
    assert (caught.value.file, caught.value.line, caught.value.key) == ("deadlines.toml", line, key)
    assert says in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(LawDataError, match="absent.toml, line 1: cannot be read"):
        rules.load(str(tmp_path / "absent.toml"))
    bad = tmp_path / "bad.toml"
    bad.write_bytes(b'# ok\nx = "\xff"\n')
    with pytest.raises(LawDataError, match="line 2: not UTF-8"):
        rules.load(bad)


def test_a_file_from_a_windows_editor(tmp_path: Path) -> None:
    path = tmp_path / "deadlines.toml"
    path.write_bytes(b"\xef\xbb\xbf" + (ROW + EVENTS).replace("\n", "\r\n").encode())
    assert list(rules.load(path)) == ["demo"]
