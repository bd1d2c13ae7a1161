"""Whatever the bytes: a letter, valid text, the same again after a trip through JSON."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk import mail
from desk.mail import charset, headers, names, params, parser, quotes, words
from tests.mails import nasty

CORPUS = nasty.corpus()
PAIRS = [path.read_bytes() for path in sorted((Path(__file__).parent.parent / "mails").glob("*.eml"))]


def check(raw: bytes) -> mail.Letter:
    letter = mail.parse(raw)
    assert "unreadable" not in letter.warnings
    line = json.dumps(letter.as_dict(), ensure_ascii=False)
    line.encode()
    assert "\\u0000" not in line
    ends = [place for fold in letter.folds for place in fold]
    assert ends == sorted(set(ends))
    assert not ends or (ends[0] >= 0 and ends[-1] <= len(letter.text))
    assert bool(letter.reply_text) == bool(letter.text.strip())
    return letter


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes(raw: bytes) -> None:
    check(raw)
    check(b"From: a@b.example\r\nSubject: " + raw[:100] + b"\r\nContent-Type: " + raw[100:300] + b"\r\n\r\n" + raw)


@pytest.mark.parametrize("seed", range(60))
def test_damaged_mails(seed: int) -> None:
    dice = random.Random(seed)
    raw = bytearray(dice.choice(PAIRS))
    for _ in range(dice.randint(1, 30)):
        at = dice.randrange(len(raw))
        kind = dice.randrange(4)
        if kind == 0:
            raw[at] = dice.randrange(256)
        elif kind == 1:
            del raw[at:at + dice.randrange(1, 40)]
        elif kind == 2:
            raw[at:at] = raw[at:at + dice.randrange(1, 80)]
        else:
            raw[at:at] = dice.choice([b"\x00", b"=?utf-8?b?", b"\r\n", b'"', b"(", b"--b0und", b"\xff\xfe", b";"])
        raw = raw or bytearray(b"x")
    check(bytes(raw))


def test_safety_net(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(raw: bytes) -> mail.Letter:
        raise RecursionError

    monkeypatch.setattr(parser, "_parse", broken)
    letter = mail.parse(nasty.letter())
    assert letter.warnings == ("unreadable",)
    assert letter.attachments[0].data == nasty.letter()
    assert "не доставлен" in letter.text


@pytest.mark.parametrize("name", ["from_two_addresses", "from_group", "from_paren", "from_angle_first", "from_quoted_local",
                                  "from_two_mailboxes", "from_encoded_address", "from_name_is_address", "from_nothing", "two_from",
                                  "no_from", "from_5000_parens", "from_crlf"])
def test_doubtful_senders(name: str) -> None:
    assert check(CORPUS[name]).sender_ambiguous


@pytest.mark.parametrize(("header", "name", "address"), [
    ("Petrov, Ivan <ivan@a.example>", "Petrov, Ivan", "ivan@a.example"), ("Ivan [mailto:ivan@a.example]", "Ivan", "ivan@a.example"),
    ("=?utf-8?B?SXZhbiA8aXZhbkBhLmV4YW1wbGU+?=", "Ivan", "ivan@a.example"), ("Ivan; Shop <ivan@a.example>", "Ivan, Shop", "ivan@a.example"),
    ("Ivan <mailto:ivan@a.example>", "Ivan", "ivan@a.example"), ('"Ivan" <smtp:ivan@a.example>', "Ivan", "ivan@a.example"),
    ("@relay.example:ivan@a.example", "", "ivan@a.example"), ("Ivan (ivan@a.example)", "Ivan", "ivan@a.example"),
])
def test_a_sender_written_wrongly_is_shown_and_doubted(header: str, name: str, address: str) -> None:
    letter = check(f"From: {header}\n\nx".encode())
    assert (letter.from_.name, letter.from_.address, letter.sender_ambiguous) == (name, address, True)


@pytest.mark.parametrize(("value", "ids"), [
    ("<a@b> (of Monday)", ["<a@b>"]), ("a@b", ["<a@b>"]), ("a@b c@d", ["<a@b>", "<c@d>"]), ("<a@b>,<c@d>", ["<a@b>", "<c@d>"]),
    ("< a@b >", ["<a@b>"]), ("<a@b", ["<a@b>"]), ('Your message of "Mon"', []), ("<no-at>", ["<no-at>"]), ("", []),
])
def test_message_ids_in_every_form(value: str, ids: list[str]) -> None:
    assert headers.identifiers(value) == ids


def test_an_empty_file_without_a_name_is_a_file() -> None:
    raw = nasty.parts(nasty.TEXT, b"Content-Type: application/pdf\r\n\r\n")
    assert [a.size for a in mail.parse(raw).attachments] == [0]


def test_limits() -> None:
    mails = CORPUS
    assert len(mail.parse(mails["20000_recipients"]).cc) == 200
    assert len(mail.parse(mails["huge_references"]).references) == 25
    assert mail.parse(mails["huge_references"]).references[-1] == "<last@x.example>"
    assert "mime_too_deep" in mail.parse(mails["mime_1000_deep"]).warnings
    assert "parts_cut" in mail.parse(mails["10000_parts"]).warnings
    assert mail.parse(mails["header_flood"]).from_.address == "ivan@mail.example"
    assert mail.parse(mails["two_subjects"]).subject == "first"
    assert mail.parse(mails["attachment_of_30_mb"]).attachments[0].size == 22_000_000


@pytest.mark.parametrize("text", ["Чек", "Жалоба", "Прошу вернуть деньги за заказ", "Иван Петров", "ВОЗВРАТ ДЕНЕГ", "скриншот",
                                  "Щербаков Юрий", "Здравствуйте, где мой заказ?"])
@pytest.mark.parametrize("page", ["cp1251", "koi8-r", "cp866", "iso8859-5", "utf-8"])
@pytest.mark.parametrize("declared", ["", "utf-8", "us-ascii", "iso-8859-1", "x-unknown"])
def test_russian_in_every_code_page(text: str, page: str, declared: str) -> None:
    assert charset.decode(text.encode(page), declared)[0] == text


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.text(max_size=20))
def test_decoding_is_always_text(data: bytes, declared: str) -> None:
    text, _ = charset.decode(data, declared)
    text.encode()
    assert "\x00" not in text
    words.decode(data.decode("latin-1"), declared).encode()
    params.read(data.decode("latin-1"))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_names_are_never_paths(name: str) -> None:
    safe = names.safe(name)
    assert len(safe.encode()) <= 180
    assert not set(safe) & set('/\\\x00\r\n"<>\u202e')
    assert safe not in (".", "..")


@pytest.mark.parametrize("unit", ["On On On ", "\n", "> ", "21.09.2026 10:00 Иван <", "От: ", "-- \n", "12 мая 2026 10:00 ", " ", "<a@b>",
                                  "От: a\nДата: b\n", "---------- Forwarded message ---------\n", "Отправлено с \n"])
def test_quotes_are_linear(unit: str) -> None:
    for size in (64 * 1024, 300 * 1024):
        text = (unit * (size // len(unit)))[:size]
        assert quotes.remaining(text, quotes.folds(text)) or not text.strip()


@pytest.mark.parametrize("unit", [b"x", b"xx ", b"\xe9x", b"x\xe9", b"\xd0", b"a@b", b"=?u?q?", b"=", b"<", b"&", b"--b\n", b"\t", b"x: y\n"])
def test_foreign_text_is_judged_in_linear_time(unit: bytes) -> None:
    """Time of the processor for twice the bytes, with room for a machine that does much else."""
    def spent(size: int) -> float:
        raw = b"Subject: x\nContent-Type: text/plain; charset=x\n\n\xe9 " + (unit * size)[:size]
        start = time.process_time()
        mail.parse(raw)
        return time.process_time() - start

    spent(1000)
    assert spent(200_000) < 8 * spent(100_000) + 0.5
