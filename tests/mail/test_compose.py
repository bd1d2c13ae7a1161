"""Our letters: one line a header, CRLF only, ids unharmed, addresses checked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk import mail

WHEN = datetime(2026, 9, 21, 7, 0, tzinfo=UTC)


def compose(**given_: Any) -> bytes:
    defaults: dict[str, Any] = {
        "message_id": "<ours@desk.example>", "from_": mail.Address("Заступник", "desk@help.example"),
        "to": [mail.Address("", "ivan@mail.example")], "subject": "[#7] Ваша жалоба", "text": "Здравствуйте!\n", "date": WHEN}
    return mail.compose(**{**defaults, **given_})


def test_reads_back() -> None:
    ids = [f"<{'a' * 60}.{n}@{'h' * 40}.example>" for n in range(6)]
    letter = mail.parse(compose(in_reply_to=ids[-1], references=ids, reply_to="desk+token@help.example",
                                headers={"Auto-Submitted": "auto-replied"}, text="Строка\n\n-- \nПодпись",
                                attachments=[("Чек заказа.pdf", "application/pdf", b"%PDF-1.4")]))
    assert (letter.subject, letter.from_.name, letter.from_.address) == (
        "[#7] Ваша жалоба", "Заступник", "desk@help.example")
    assert not letter.sender_ambiguous
    assert letter.message_id == "<ours@desk.example>"
    assert letter.in_reply_to == ids[-1]
    assert list(letter.references) == ids
    assert letter.reply_to[0].address == "desk+token@help.example"
    assert letter.kind == "auto_reply"
    assert letter.date == WHEN
    assert letter.text == "Строка\n\n-- \nПодпись\n".rstrip()
    assert [(a.filename, a.data) for a in letter.attachments] == [("Чек заказа.pdf", b"%PDF-1.4")]


@pytest.mark.parametrize("evil", ["x\r\nBcc: e@x.example", "x\nBcc: e@x.example", "x\rBcc: e@x.example", "x\x0bBcc: e",
                                  "x\u2028Bcc: e", "x\x85Bcc: e", "x\x00", "\ud800", "=?utf-8?q?a=0D=0ABcc:_e?="])
def test_no_header_can_be_injected(evil: str) -> None:
    raw = compose(subject=evil, from_=mail.Address(evil, "desk@help.example"), headers={"X-Note": evil})
    head = raw.split(b"\r\n\r\n")[0]
    assert not any(line.lower().startswith((b"bcc", b"cc")) for line in head.split(b"\r\n"))
    assert mail.parse(raw).to == (mail.Address("", "ivan@mail.example"),)


@pytest.mark.parametrize("address", ["a@ex.ru>\r\nRCPT TO:<evil@x.ru", "a@ex.ru\nDATA", "", "a", "a@b", "a b@x.ru", "a@x.ru, b@x.ru",
                                     "<a@x.ru>", '"a"@x.ru', "a@x.ru\x00", "иван@пример.рф", "a" * 65 + "@x.ru"])
def test_addresses_are_checked(address: str) -> None:
    with pytest.raises(ValueError):
        compose(to=[mail.Address("", address)])


def test_ids_and_names_of_headers_are_checked() -> None:
    for wrong in ({"message_id": "<a b@x>"}, {"message_id": "a@x"}, {"headers": {"Bcc": "a@x.ru"}},
                  {"headers": {"X\r\nY": "z"}}):
        with pytest.raises(ValueError):
            compose(**wrong)
    assert b"References" not in compose(references=["<a\r\nBcc: x@y>", "no"])


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300), st.text(max_size=200))
def test_bytes_are_fit_for_smtp(text: str, subject: str) -> None:
    raw = compose(text=text + "\n.\r\n\r.\r", subject=subject)
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert mail.parse(raw).message_id == "<ours@desk.example>"
