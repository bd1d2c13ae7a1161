"""Delivery reports of every server we know: told from letters, and everybody who was not reached is named."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from desk import mail

CASES = tomllib.loads((Path(__file__).parent / "bounces.toml").read_text(encoding="utf-8"))["case"]
BY_PEOPLE = (
    ("mailer@sender.shop.example", "Заказ не доставлен", "Your parcel could not be delivered to the following address: Moscow"),
    ("noreply@post.example", "Delivery failed: parcel 123", "Delivery failed, we will try again tomorrow."),
    ("olga@mail.example", "Re: Undelivered Mail Returned to Sender", "The following addresses failed: help@desk.example"),
    ("olga@mail.example", "Сообщение не доставлено продавцу", "Пишу продавцу в чат, пишет «сообщение не доставлено». Что делать?"),
    ("olga@mail.example", "Письмо не доставлено", "Почта России потеряла моё заказное письмо, трек 80080782401239."),
    ("olga@mail.example", "Mail delivery took two months", "My parcel was undeliverable, they say."),
    ("postmaster@company.example", "Ответ на претензию", "Деньги будут возвращены."),
)


def letter(sender: str, subject: str, text: str, headers: str = "X-Note: none") -> mail.Letter:
    return mail.parse(f"From: {sender}\nTo: desk@help.example\nSubject: {subject}\n{headers}\n"
                      f"Content-Type: text/plain; charset=utf-8\n\n{text}".encode())


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_a_servers_plain_words(case: dict[str, str]) -> None:
    read = letter(case["sender"], case["subject"], case["text"], case.get("headers", "X-Note: none"))
    assert read.kind == "bounce"
    assert read.bounce is not None
    action = case.get("action", "failed")
    assert (read.bounce.recipient, read.bounce.action) == (case["recipient"], action)
    failed = [case["recipient"]] if action == "failed" else []
    assert [failure.recipient for failure in read.bounce.failures] == case.get("all", failed)


@pytest.mark.parametrize(("sender", "subject", "text"), BY_PEOPLE)
def test_a_person_or_a_shop_writes_so_too(sender: str, subject: str, text: str) -> None:
    assert letter(sender, subject, text).kind == "mail"


REPORT = """From: MAILER-DAEMON@mx.example
To: desk@help.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Three of your five recipients were not reached.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; anna@mail.example
Action: delayed
Status: 4.4.1

Final-Recipient: rfc822; olga@mail.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 unknown

Final-Recipient: rfc822; ivan@mail.example
Action: delivered
Status: 2.0.0

Final-Recipient: rfc822; oleg@mail.example
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 5.2.2 full

--b--
"""


def test_a_report_about_several_keeps_everybody_who_failed() -> None:
    read = mail.parse(REPORT.encode())
    assert read.bounce is not None
    assert (read.bounce.recipient, read.bounce.status, read.bounce.action) == ("olga@mail.example", "5.1.1", "failed")
    assert [(f.recipient, f.status, f.reason) for f in read.bounce.failures] == [
        ("olga@mail.example", "5.1.1", "550 5.1.1 unknown"), ("oleg@mail.example", "5.2.2", "552 5.2.2 full")]
    again = mail.Letter.from_dict(json.loads(json.dumps(read.as_dict())), [a.data for a in read.attachments])
    assert again == read
