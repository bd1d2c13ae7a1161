"""`desk user`, `desk tickets`, `desk mail`, `desk doctor` as they are typed."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, text

from desk import cli, db, inbox, people
from desk.blobs import Blobs
from desk.db import Database
from desk.models import InboundMail, Mailbox, Ticket, User
from desk.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
LETTER = (b"From: anna@mail.example\r\nMessage-ID: <a@mail.example>\r\nSubject: Ozon\r\n\r\n"
          + "Заказ 18044876-0131, верните деньги".encode())


@pytest.fixture(autouse=True)
def environment(conf: Settings, sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_HOME", str(conf.home))


def desk(*words: str) -> int:
    return cli.main(list(words))


@pytest.fixture
def mails(conf: Settings, sqlite: Database) -> None:
    with sqlite.write() as session:
        box = Mailbox(name="main", uidvalidity=1, last_uid=0)
        session.add(box)
        session.flush()
        for uid, raw in enumerate((LETTER, b"\x00 nothing"), 1):
            inbox.accept(session, box, uid=uid, raw=raw, arrived_at=db.now(), size=len(raw), historic=False, truncated=False,
                         blobs=Blobs(conf.blobs_path), now=db.now())
    drain = inbox.Drain(sqlite, conf, now_fn=db.now)
    drain.run()
    drain.close()


def test_a_user_is_added_listed_linked_and_switched_off(sqlite: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk("user", "add", "Vera@Desk.example", "--name", "Вера", "--role", "admin") == 0
    link = capsys.readouterr().out.strip()
    assert link.startswith("http://127.0.0.1:8080/sign-in/")
    with sqlite.read() as session:
        user = people.peek_link(session, link.rpartition("/")[2], now=db.now())
        assert user is not None
        assert (user.email, user.role) == ("vera@desk.example", "admin")
    assert desk("user", "add", "vera@desk.example", "--name", "Вера") == 2
    assert desk("user", "off", "vera@desk.example") == 2  # the last admin
    assert desk("user", "add", "oleg@desk.example", "--name", "Олег") == 0
    assert desk("user", "off", "oleg@desk.example") == 0
    assert desk("user", "link", "nobody@desk.example") == 2
    assert "nobody@desk.example" in capsys.readouterr().err
    desk("user", "list")
    assert "Олег  off" in capsys.readouterr().out


def test_a_password_may_come_from_standard_input(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    assert desk("user", "add", "a@desk.example", "--name", "А", "--password-stdin") == 0
    with sqlite.read() as session:
        assert people.verified(session.scalars(select(User)).one(), "correct horse battery")


@pytest.mark.usefixtures("mails")
def test_tickets_as_lines_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert desk("tickets") == 0
    assert "1001" in capsys.readouterr().out
    assert desk("tickets", "--json") == 0
    ticket = json.loads(capsys.readouterr().out)
    assert {k: ticket[k] for k in ("number", "subject", "stage", "state", "consumer", "assignee", "order_numbers")} == {
        "number": 1001, "subject": "Ozon", "stage": "check", "state": "open", "consumer": "anna@mail.example",
        "assignee": None, "order_numbers": ["18044876-0131"]}
    first, ack = ticket["messages"]
    assert (first["direction"], first["message_id"], first["from"], first["kind"], first["inbound_id"]) == (
        "in", "<a@mail.example>", "anna@mail.example", "mail", 1)
    assert (ack["direction"], ack["kind"], ack["inbound_id"]) == ("out", "ack", None)
    assert ticket["deadlines"][0]["rule"] == "desk_first_reply_1w"


@pytest.mark.usefixtures("mails")
def test_held_mail_is_listed_shown_and_processed_again(
        sqlite: Database, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert desk("mail", "held", "--json") == 0
    held = json.loads(capfdbinary.readouterr().out)
    assert held["reason"] == "not_a_mail"
    assert desk("mail", "show", held["id"]) == 0
    assert held["id"].encode() in capfdbinary.readouterr().out
    assert desk("mail", "show", "2", "--raw") == 0
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == b"\x00 nothing"
    assert [desk("mail", "show", "nothing"), desk("mail", "reprocess"), desk("mail", "reprocess", "1")] == [2, 2, 2]
    assert desk("mail", "reprocess", "--all") == 0
    with sqlite.read() as session:
        assert session.scalars(select(InboundMail.state).order_by(InboundMail.id)).all() == ["done", "received"]


@pytest.mark.parametrize("words", [["tickets"], ["user", "list"], ["mail", "held"], ["import", "x.eml"]])
def test_without_a_database_of_this_version_one_sentence_says_what_to_do(
        sqlite: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path,
        words: list[str]) -> None:
    with sqlite.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    assert desk(*words) == 2
    monkeypatch.setenv("DESK_HOME", str(tmp_path / "nothing"))
    assert desk(*words) == 2
    assert not (tmp_path / "nothing").exists()
    monkeypatch.setenv("DESK_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert desk(*words) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert ["desk migrate" in e or "desk doctor" in e for e in errors] == [True] * 3


def test_the_reader_of_a_long_list_may_leave(conf: Settings, sqlite: Database) -> None:
    with sqlite.write() as session:
        session.add_all(Ticket(number=n, subject="x" * 400, created_at=db.now(), last_message_at=db.now())
                        for n in range(1, 2000))
    reader, writer = os.pipe()
    os.close(reader)
    child = subprocess.run([sys.executable, "-m", "desk", "tickets", "--json"], stdout=writer, stderr=subprocess.PIPE,
                           env={"DESK_HOME": str(conf.home), "PATH": os.defpath}, check=False)
    os.close(writer)
    assert (child.returncode, child.stderr) == (141, b"")


def test_the_doctor_names_what_is_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    assert desk("doctor") == 1
    out = capsys.readouterr().out
    assert "STOPPED work: never ran" in out
    assert "desk user add" in out
    assert desk("doctor", "--json") == 1
    assert {"part", "state", "words", "cure"} == set(json.loads(capsys.readouterr().out.splitlines()[0]))


def test_every_setting_is_explained() -> None:
    lines = (ROOT / "config" / "desk.toml").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if "=" in line and not line.startswith("#"):
            above = next(one for one in reversed(lines[:number]) if "=" not in one or one.startswith("#"))
            assert above.startswith(("#", "[")), line


def test_the_commands_in_the_documents_exist(capsys: pytest.CaptureFixture[str]) -> None:
    pages = [ROOT / "README.md", ROOT / "README.ru.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    said = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    for command in sorted(set(re.findall(r"(?:venv/bin/|`)desk ((?:user |mail |rules )?[a-z]+)", said))):
        with pytest.raises(SystemExit) as end:
            cli.main([*command.split(), "--help"])
        assert end.value.code == 0, command
    for name in sorted(set(re.findall(r"\bbin/([a-z]+)", said)) - {"desk", "python"}):
        assert (ROOT / "bin" / name).exists(), name
    for page in pages:
        for link in re.findall(r"\[[^]]*\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name} names {link}"
