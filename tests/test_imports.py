"""Old mail from files: every format, dates and threads kept, nothing sent, and a second run changes nothing."""

from __future__ import annotations

import mailbox as formats
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from desk import cli, db, imports
from desk.db import Database
from desk.models import Deadline, InboundMail, Message, Outbox, Ticket
from desk.settings import Settings


def letter(number: int, *, answers: int = 0, day: int = 1) -> bytes:
    head = f"In-Reply-To: <{answers}@mail.example>\r\n" if answers else ""
    return (f"From: anna@mail.example\r\nMessage-ID: <{number}@mail.example>\r\nDate: {day:02} Mar 2024 10:00:00 +0300\r\n{head}"
            f"Subject: Ozon {number}\r\n\r\nletter {number}\r\n").encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A Maildir with a subfolder, an mbox and a folder of .eml; the answer stands before what it answers."""
    out = tmp_path / "old"
    out.mkdir()
    maildir = formats.Maildir(out / "maildir")
    maildir.add(letter(2, answers=1, day=5))
    maildir.add_folder("Archive").add(letter(1, day=2))
    (out / "eml").mkdir()
    (out / "eml" / "three.eml").write_bytes(letter(3, day=3))
    (out / "eml" / "notes.txt").write_text("no mail")
    box = formats.mbox(out / "box.mbox")
    box.add(formats.mboxMessage(letter(4, day=4)))
    box.add(formats.mboxMessage(letter(5, answers=4, day=6)))
    box.flush()
    box.close()
    return out


def paths(folder: Path) -> list[Path]:
    return [folder / "maildir", folder / "eml", folder / "box.mbox"]


def imported(database: Database, conf: Settings, found: list[imports.Found]) -> int:
    return imports.run(database, conf, found, now_fn=db.now, progress=lambda *_: None)


def test_every_format_is_read_and_threads_are_kept(database: Database, conf: Settings, folder: Path) -> None:
    found = imports.find(paths(folder), now=db.now())
    assert imported(database, conf, found) == 5
    with database.read() as session:
        threads = {m.subject[-1]: m.ticket_id for m in session.scalars(select(Message))}
        assert threads["1"] == threads["2"] != threads["3"]
        assert threads["4"] == threads["5"]
        assert session.scalar(select(func.count()).select_from(Ticket)) == 3
        first = session.scalars(select(Ticket).order_by(Ticket.id)).first()
        assert first is not None
        assert first.created_at == datetime(2024, 3, 2, 7, tzinfo=UTC)
        assert session.scalar(select(func.count()).select_from(Outbox)) == 0
        assert session.scalar(select(func.count()).select_from(Deadline)) == 0


def test_a_second_run_and_a_stopped_one_change_nothing(database: Database, conf: Settings, folder: Path) -> None:
    found = imports.find(paths(folder), now=db.now())
    assert imported(database, conf, found[:2]) == 2
    assert imported(database, conf, found) == 3
    assert imported(database, conf, found) == 0
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(InboundMail)) == 5
        assert imports.waiting(session) == 0


def test_the_command_shows_how_far_it_is(sqlite: Database, conf: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DESK_HOME", str(conf.home))
    assert cli.main(["import", str(folder / "eml"), str(folder / "box.mbox")]) == 0
    said = capsys.readouterr()
    assert "3 imported, 0 were here already" in said.out
    assert "3 of 3" in said.err
    assert cli.main(["import", str(folder / "nothing")]) == 2
