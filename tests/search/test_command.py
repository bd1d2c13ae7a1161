"""`desk search` at the keyboard."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from desk import tickets
from desk.cli import main
from desk.db import Database
from desk.settings import Settings

NOW = datetime(2026, 5, 12, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, home: Path, conf: Settings) -> None:
    monkeypatch.setenv("DESK_HOME", str(home))


def test_the_index_is_rebuilt_and_asked(sqlite: Database, conf: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite.write() as session:
        for subject in ("Чайник разбит", "Не вернули деньги"):
            tickets.open_(session, conf, subject=subject, person=None, arrived_at=NOW, actor="t", now=NOW)
    assert main(["search", "rebuild"]) == 0
    assert "2 tickets" in capsys.readouterr().out
    assert main(["search", "find", "возврат", "денег"]) == 0
    assert capsys.readouterr().out.split() == ["1002", "Не", "вернули", "деньги"]
    assert main(["search", "find", "и"]) == 2
