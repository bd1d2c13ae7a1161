"""What outsiders rely on: `desk parse --json`, `desk due --json`, one clear sentence for a wrong setting."""

import io
import json
from pathlib import Path

import pytest

from desk import cli


def test_parse_goes_on_after_a_bad_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = tmp_path / "good.eml"
    good.write_bytes("From: a@b.ru\r\nSubject: s\r\n\r\nOzon, заказ № 18044876-0131. Верните деньги".encode())
    assert cli.main(["parse", "--json", str(tmp_path / "none.eml"), str(good)]) == 0
    bad, read = map(json.loads, capsys.readouterr().out.splitlines())
    assert "error" in bad
    assert read["demands"] == ["refund"]
    assert (read["marketplace"], read["order_numbers"], read["from"]) == ("ozon", ["18044876-0131"], "a@b.ru")


def test_a_forward_names_who_wrote_first_and_no_address_is_empty(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "forward.eml"
    path.write_bytes("From: a@b.ru\r\nTo: nobody:;, Помощь <help@desk.example>\r\nSubject: Fwd: x\r\n\r\nСмотрите\r\n\r\n"
                     "-------- Пересылаемое сообщение --------\r\n21.09.2026, 10:00, «Ozon» <noreply@ozon.ru>:\r\n\r\n"
                     "Заказ отменён".encode())
    assert cli.main(["parse", "--json", str(path)]) == 0
    read = json.loads(capsys.readouterr().out)
    assert "ozon.ru" in read["forwarded"]["from"]
    assert read["to"] == ["help@desk.example"]


def test_due_rolls_to_the_next_working_day(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    line = {"start": "2026-12-21", "length": 10, "unit": "day", "day_kind": "calendar", "roll": "next_working"}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(line) + "\n"))
    assert cli.main(["due", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["raw_due"], answer["due"]) == ("2026-12-31", "2027-01-11")


def test_an_unknown_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DESK_SMTP_PORTT", "1")
    assert cli.main(["migrate"]) == 2
    assert "DESK_SMTP_PORTT" in capsys.readouterr().err
