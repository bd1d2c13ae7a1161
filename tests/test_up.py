"""The whole journey with `desk up`: Dovecot, PostgreSQL, Valkey and an SMTP server that are all real, and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from sqlalchemy import func, select

from desk import db, people
from desk.db import Database
from desk.models import Message, Outbox, Ticket
from desk.settings import load

from .conftest import new_postgresql_database
from .servers import Dovecot, SmtpSink, Valkey, free_port, wait_until

pytestmark = pytest.mark.slow


@dataclass
class Desk:
    home: Path
    database: Database
    base: str
    link: str
    process: subprocess.Popen[bytes]


@pytest.fixture
def desk(tmp_path: Path, postgres: str, dovecot: Dovecot, valkey: Valkey, smtp_sink: SmtpSink) -> Iterator[Desk]:
    home, web = tmp_path / "desk", free_port()
    home.mkdir()
    (home / "desk.toml").write_text(
        f'[desk]\nbase_url = "http://127.0.0.1:{web}"\n[web]\nport = {web}\n[database]\nurl = "{new_postgresql_database(postgres)}"\n'
        f'[redis]\nurl = "{valkey.url}"\n[smtp]\nport = {smtp_sink.port}\nsecurity = "none"\nundo_seconds = 0\n'
        f'[[mailbox]]\nname = "main"\naddress = "help@desk.example"\nhost = "127.0.0.1"\nport = {dovecot.port}\ntls = false\n'
        'username = "upjourney"\npassword = "demo"\n', encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DESK_")} | {"DESK_HOME": str(home)}
    log = (tmp_path / "log.txt").open("wb")
    process = subprocess.Popen([sys.executable, "-P", "-m", "desk", "up"], env=environment, stdout=log, stderr=log, cwd="/")
    conf = load({"DESK_HOME": str(home)})
    database = Database(conf.database_url)
    try:
        wait_until(lambda: _ready(f"http://127.0.0.1:{web}/readyz"), 60, (tmp_path / "log.txt").read_text())
        with database.write() as session:
            user = people.create(session, email="anna@desk.example", name="Анна", role="admin", actor="t", now=db.now())
            link = people.sign_in_link(session, conf, user, reusable=True, now=db.now())
        yield Desk(home, database, conf.desk.base_url, link, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        log.close()
        database.dispose()


def _ready(address: str) -> bool:
    try:
        return bool(urllib.request.urlopen(address, timeout=2).status == 200)
    except OSError:
        return False


def letter(sender: str, subject: str, text: str, **headers: str) -> bytes:
    out = EmailMessage()
    out["From"], out["To"], out["Subject"] = sender, "help@desk.example", subject
    for name, value in headers.items():
        out[name.replace("_", "-")] = value
    out.set_content(text)
    return out.as_bytes()


def test_from_complaint_to_answer_to_reply(desk: Desk, dovecot: Dovecot, smtp_sink: SmtpSink) -> None:
    dovecot.deliver("upjourney", letter("anna@mail.example", "Ozon", "Заказ 18044876-0131, верните деньги", Message_ID="<a@mail.example>"))

    def letters_to(address: str) -> list[EmailMessage]:
        return [message_from_bytes(e.mime, policy=policy.default) for e in smtp_sink.letters if address in e.recipients]  # type: ignore[misc]

    wait_until(lambda: letters_to("anna@mail.example"), 30, "the acknowledgement")
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    browser.open(desk.link)
    page = browser.open(f"{desk.base}/tickets/1001").read().decode()
    fields = {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1]  # type: ignore[index]
              for name in ("csrf_token", "nonce", "newest")}
    browser.open(f"{desk.base}/tickets/1001/reply", urllib.parse.urlencode({**fields, "text": "Мы поможем."}).encode())
    wait_until(lambda: any("Мы поможем." in m.get_content() for m in letters_to("anna@mail.example")), 30, "the answer")
    answer = next(m for m in letters_to("anna@mail.example") if "Мы поможем." in m.get_content())
    assert "[#1001]" in answer["Subject"]
    dovecot.deliver("upjourney", letter("anna@mail.example", f"Re: {answer['Subject']}", "Спасибо", In_Reply_To=answer["Message-ID"]))
    dovecot.deliver("upjourney", letter("eve@evil.example", "Re: [#1001]", "и мне"))

    def tickets() -> dict[str, list[int]]:
        out: dict[str, list[int]] = {}
        with desk.database.read() as session:
            for sender, number in session.execute(select(Message.sender_address, Ticket.number).join(Ticket).where(
                    Message.direction == "in").order_by(Message.id)):
                out.setdefault(sender, []).append(number)
        return out
    wait_until(lambda: tickets() == {"anna@mail.example": [1001, 1001], "eve@evil.example": [1002]}, 30, str(tickets()))
    with desk.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Outbox).where(Outbox.state == "failed")) == 0


def test_killed_with_minus_nine_it_leaves_no_process_behind(desk: Desk) -> None:
    family = _family(desk.process.pid)
    assert len(family) >= 5  # fetch, work, clock, web and its worker
    desk.process.kill()
    desk.process.wait(10)
    wait_until(lambda: not any(_lives(pid) for pid in family), 20, "children that outlive their supervisor")


def _family(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    out, waiting = [], list(parents.get(pid, []))
    while waiting:
        out.append(waiting.pop())
        waiting += parents.get(out[-1], [])
    return out


def _lives(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
