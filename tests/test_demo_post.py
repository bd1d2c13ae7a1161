"""The demo's post office bears what the desk bears: any bytes, and being killed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from desk.demo.opaque import Content
from desk.demo.spool import Kept, Spool

from .mails import nasty


@pytest.mark.parametrize("name", nasty.corpus())
def test_the_post_office_hands_out_any_bytes_unchanged(name: str) -> None:
    raw = nasty.corpus()[name]
    content = Content.parse(raw)
    assert (bytes(content), len(content)) == (raw, len(raw))


def test_the_structure_of_an_ordinary_mail_is_known() -> None:
    content = Content.parse(b"Subject: hello\r\nContent-Type: text/html\r\n\r\n<p>x</p>")
    assert str(content.header.parsed.subject) == "hello"
    assert content.body.content_type.subtype == "html"


def test_kept_mail_is_read_again_in_order_under_the_same_numbers(tmp_path: Path) -> None:
    at = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    mails = [Kept(number, ["a@b.example"], at, b"\n\x00\r\n\xff") for number in (101, 102, 110)]
    spool = Spool(tmp_path / "post")
    for mail in reversed(mails):
        spool.keep(mail)
    assert list(Spool(tmp_path / "post")) == mails
    assert Spool(tmp_path / "post").uidvalidity == spool.uidvalidity
