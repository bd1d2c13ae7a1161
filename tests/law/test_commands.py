"""`desk due`, `desk penalty` and `desk rules`, as outsiders and advocates type them."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from desk import cli, lawbook, settings

from .conftest import CONFIG

Out = pytest.CaptureFixture[str]


def said(capsys: Out, *arguments: str) -> str:
    assert cli.main(list(arguments)) == 0
    return capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")


def refused(capsys: Out, *arguments: str) -> str:
    assert cli.main(list(arguments)) == 2
    return capsys.readouterr().err


def test_a_deadline_is_explained_in_russian(capsys: Out) -> None:
    text = said(capsys, "due", "zpp22_money", "2026-12-21")
    assert "Закон РФ 2300-1, ст. 22\n" in text
    assert "требование получено 21.12.2026 (пн) → " in text
    assert "Последний день: 11.01.2027 (пн), без переноса 31.12.2026 (чт)\n" in text
    assert text.endswith("Правило не проверено юристом.\n")


def test_a_deadline_in_a_year_nobody_confirmed(capsys: Out) -> None:
    assert "Календарь не подтверждён" in said(capsys, "due", "zpp22_money", "2027-12-25")


def test_a_deadline_in_hours(capsys: Out) -> None:
    text = said(capsys, "due", "fz152_incident_24h", "2026-12-25T10:30")
    assert "утечка обнаружена 25.12.2026 10:30 MSK → 24 часа → до 26.12.2026 10:30 MSK" in text


def test_a_term_that_is_set_in_each_case(capsys: Out) -> None:
    assert "give --length" in refused(capsys, "due", "zpp28_service_new_term", "2026-05-12")
    assert "5-й день 17.05.2026" in said(capsys, "due", "zpp28_service_new_term", "2026-05-12", "--length", "5")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["zpp22_money"], "needs a rule and a day"),
        (["nothing", "2026-05-12"], "nothing is no rule"),
        (["bank_reply_15w", "2024-06-30"], "is not in force on 2024-06-30"),
        (["fz289_partner_complaint_15", "2026-11-01"], "is not in force"),
        (["zpp22_money", "12.05.2026"], "is not a date"),
        (["zpp22_money", "2026-05-12", "--length", "-1"], "length must be"),
    ],
)
def test_what_cannot_be_counted(capsys: Out, arguments: list[str], says: str) -> None:
    assert says in refused(capsys, "due", *arguments)


def test_a_penalty_is_explained_in_russian(capsys: Out) -> None:
    asked = ["goods_1pct", "--price", "10 000,00", "--due", "2026-05-25", "--on", "2026-07-11"]
    text = said(capsys, "penalty", *asked, "--table")
    assert text.startswith("47-й день: 4 700 ₽ из 10 000 ₽, потолок через 53 дня\n")
    assert text.splitlines()[-1].split() == ["47", "11.07.2026", "(сб)", "100.00", "4700.00"]
    assert "is not a sum" in refused(capsys, "penalty", *asked, "--price", "много")
    assert "rule must be one of" in refused(capsys, "penalty", "goods", *asked[1:])
    assert "needs a rule" in refused(capsys, "penalty", "goods_1pct", "--price", "1")


def test_one_bad_line_does_not_stop_the_rest(monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    good = {"rule": "services_3pct", "price": "100", "due": "2026-05-25", "on": "2026-05-26"}
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{{\n\n{json.dumps(good)}\n"))
    answers = [json.loads(line) for line in said(capsys, "penalty", "--json").splitlines()]
    assert ["error" in answer for answer in answers] == [True, True, False]
    assert (answers[2]["days"], answers[2]["penalty"]) == (1, "3.00")


def test_bytes_that_are_no_text_do_not_stop_the_rest() -> None:
    good = {"start": "2026-12-21", "length": 10, "unit": "day", "day_kind": "calendar", "roll": "next_working"}
    asked = b"\xff\xfe\n" + json.dumps(good).encode() + b"\n"
    done = subprocess.run(
        [sys.executable, "-m", "desk", "due", "--json"], input=asked, capture_output=True, check=True,
        cwd=CONFIG.parent, env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    bad, answer = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert "error" in bad
    assert answer["due"] == "2027-01-11"


def test_the_shipped_data_has_no_mistakes(capsys: Out) -> None:
    text = said(capsys, "rules", "check")
    assert text == "calendar.toml: no mistakes\npenalties.toml: no mistakes\ndeadlines.toml: no mistakes\n"


def test_each_mistake_names_its_file_and_line(tmp_path: Path, capsys: Out) -> None:
    for name in ("calendar.toml", "penalties.toml", "deadlines.toml"):
        shutil.copy(CONFIG / name, tmp_path)
    deadlines = tmp_path / "deadlines.toml"
    deadlines.write_text(deadlines.read_text().replace('penalty = "goods_1pct"', 'penalty = "goods_9pct"', 1))
    line = deadlines.read_text().splitlines().index('penalty = "goods_9pct"') + 1
    assert cli.main(["rules", "check", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert f"deadlines.toml, line {line}, key 'penalty': 'goods_9pct' is not in penalties.toml" in shown.err
    assert shown.out == "calendar.toml: no mistakes\npenalties.toml: no mistakes\n"
    deadlines.write_text(deadlines.read_text().replace('unit = "day"', 'unit = "days"', 2).replace("length = 20", "", 1))
    assert cli.main(["rules", "check", str(tmp_path)]) == 1
    told = capsys.readouterr().err.splitlines()
    lines = [number for number, text in enumerate(deadlines.read_text().splitlines(), 1) if text == 'unit = "days"']
    assert [f"line {number}, key 'unit'" in text for number, text in zip(lines, told, strict=False)] == [True, True]
    assert "'length' is missing" in told[2]
    assert cli.main(["rules", "check", str(tmp_path / "absent")]) == 1


def test_the_desk_does_not_start_with_a_mistake_in_the_law(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    for name in ("calendar.toml", "penalties.toml", "deadlines.toml"):
        shutil.copy(CONFIG / name, tmp_path)
    (tmp_path / "calendar.toml").write_text("[[confirmed]]\nyear = 2026\n")
    monkeypatch.setattr(settings, "resource", lambda _name: tmp_path)
    for cached in (lawbook.known_rules, lawbook.production_calendar, lawbook.penalties):
        monkeypatch.setattr(lawbook, cached.__name__, cached.__wrapped__)
    assert "calendar.toml, line 1" in refused(capsys, "clock", "--once")


def test_the_list_of_rules(capsys: Out) -> None:
    lines = said(capsys, "rules", "list").splitlines()
    assert len(lines) == 57
    bank = next(line for line in lines if line.startswith("bank_reply_15w"))
    assert "15 раб. дн." in bank
    assert "2024-07-01—…" in bank
    assert "не проверено" in bank
    assert "выключено" in next(line for line in lines if line.startswith("fz289"))
    assert "назначают" in next(line for line in lines if line.startswith("zpp30"))
    assert lines[-1] == "всего: 55, проверено юристом: 0"
