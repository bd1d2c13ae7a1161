"""Letters packed into something else: Rich Text, a signature, armour."""

from __future__ import annotations

import base64
import struct
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk import mail
from desk.mail import rtf, smime

HEAD = b"From: Ivan <ivan@mail.example>\r\nSubject: Chek\r\nMIME-Version: 1.0\r\n"
SIGNED, ENVELOPED, DATA = "2a864886f70d010702", "2a864886f70d010703", "2a864886f70d010701"
LETTER = ("Content-Type: multipart/mixed; boundary=s\r\n\r\n--s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nПодписано мной.\r\n"
          "--s\r\nContent-Type: application/pdf; name=chek.pdf\r\n\r\n%PDF-1.4 x\r\n--s--\r\n").encode()


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + struct.pack(">H", size)) + content


def ber(tag: int, *contents: bytes) -> bytes:
    """Without a length: its end is marked."""
    return bytes([tag, 0x80]) + b"".join(contents) + b"\0\0"


def package(letter: bytes, kind: str = SIGNED, *, pieces: bool = False) -> bytes:
    """The skeleton of a CMS message, whole (DER) or in pieces (BER), as programs write it."""
    octets = ber(0x24, der(4, letter[:100]), der(4, letter[100:])) if pieces else der(4, letter)
    wrap = ber if pieces else (lambda tag, *contents: der(tag, b"".join(contents)))
    inside = wrap(0x30, der(6, bytes.fromhex(DATA)), wrap(0xA0, octets))
    signed = wrap(0x30, der(2, b"\x01"), der(0x31, b""), inside, der(0x31, b""))
    return bytes(wrap(0x30, der(6, bytes.fromhex(kind)), wrap(0xA0, signed)))


def read(data: bytes, kind: bytes = b"application/pkcs7-mime; smime-type=signed-data; name=smime.p7m") -> mail.Letter:
    return mail.parse(HEAD + b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data))


@pytest.mark.parametrize("pieces", [False, True])
def test_a_letter_inside_its_signature_is_read_and_the_package_kept(pieces: bool) -> None:
    letter = read(package(LETTER, pieces=pieces))
    assert letter.text.strip() == "Подписано мной."
    assert [a.filename for a in letter.attachments] == ["smime.p7m", "chek.pdf"]
    assert letter.attachments[0].data == package(LETTER, pieces=pieces)
    assert letter.warnings == ()


def test_an_encrypted_letter_says_so() -> None:
    letter = read(package(b"x" * 300, ENVELOPED))
    assert (letter.text, letter.warnings, [a.filename for a in letter.attachments]) == ("", ("encrypted",), ["smime.p7m"])
    pgp = mail.parse(HEAD + b"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\n"
                     b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream; name=e.asc"
                     b"\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--b--\r\n")
    assert "encrypted" in pgp.warnings
    assert [a.filename for a in pgp.attachments] == ["attachment-1.bin", "e.asc"]
    assert "encrypted" in mail.parse(HEAD + b"\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQEM\r\n-----END PGP MESSAGE-----\r\n").warnings


def test_signatures_inside_signatures_end() -> None:
    inner = LETTER
    for _ in range(8):
        inner = (b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                 + base64.encodebytes(package(inner)))
    letter = mail.parse(HEAD + inner)
    assert [a.filename for a in letter.attachments] == ["smime.p7m"] * 4


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 400), st.binary(max_size=6), st.booleans())
def test_damaged_packages(at: int, junk: bytes, pieces: bool) -> None:
    data = package(LETTER, pieces=pieces)
    for broken in (data[:at], data[:at] + junk + data[at + len(junk):], junk + data):
        smime.content(broken)
        smime.encrypted(broken)
        assert "unreadable" not in read(broken).warnings


@pytest.mark.parametrize("unit", [b"\x30\x80", b"\x24\x80", b"\xa0\x80", b"\x04\x00", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80\x00\x00"])
def test_hostile_packages_end(unit: bytes) -> None:
    start = time.process_time()
    for data in (unit * 300_000, package(unit * 10_000, pieces=True), der(0x30, der(6, bytes.fromhex(SIGNED)) + unit * 5000)):
        smime.content(data)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(("data", "text"), [
    (rb"{\rtf1\ansi\ansicpg1251 \'c3\'e4\'e5 \'e7\'e0\'ea\'e0\'e7?\par 12 345}", "Где заказ?\n12 345"),
    (rb"{\rtf1\ansi{\fonttbl{\f0\fnil\fcharset204 Arial;}{\f1\fcharset0 T;}}{\colortbl;\red0;}\f0\'e4\'e0\f1 caf\'e9}", "даcafé"),
    (rb"{\rtf1\uc1\u1055?\u1088?{\uc0\u1080}\u1074 ?\u8364\'80{\*\generator x}{\pict 00ff}\emdash\tab\{a\}\\}", "Прив€—\t{a}\\"),
    (rb"{\rtf1 \u55357?\u56832?{\*\unknown hidden}{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}\bin3 }}} end}", "😀link end"),
    ("{\\rtf1\\ansicpg1251 Привет}".encode("cp1251"), "Привет"), (rb"{\rtf1 a\par\par b}}}} c", "a\n\nb c"), (b"{\\rtf1 \\u55357?x", "x"),
])
def test_rich_text(data: bytes, text: str) -> None:
    assert rtf.read(data) == (text, "")


WRAPPED = (rb"{\rtf1\ansi\ansicpg1251\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 \'c3\'e4\'e5 < \'e7\'e0\'ea\'e0\'e7?"
           rb"{\*\htmltag72 </p>}\htmlrtf \par }\htmlrtf0 {\*\htmltag64 <p>}{\*\mhtmltag x}{\*\htmltag148 \'e2}{\*\htmltag </p>}}")


def test_html_wrapped_into_rich_text() -> None:
    assert rtf.read(WRAPPED) == ("", "<p>Где &lt; заказ?</p><p>в</p>")


def test_a_letter_that_is_rich_text_alone_is_shown() -> None:
    letter = mail.parse(HEAD + b"Content-Type: text/rtf\r\n\r\n" + WRAPPED)
    assert letter.text.split() == ["Где", "<", "заказ?", "в"]
    assert [(a.filename, a.content_type) for a in letter.attachments] == [("attachment-1.rtf", "application/rtf")]


def test_rich_text_in_winmail_is_the_letter() -> None:
    body = b"{\\rtf1\\ansi\\ansicpg1251 \\'c3\\'e4\\'e5}"
    stored = struct.pack("<II4sI", len(body) + 12, len(body), b"MELA", zlib.crc32(body)) + body
    properties = struct.pack("<IHHII", 1, 0x102, 0x1009, 1, len(stored)) + stored + b"\0" * (-len(stored) % 4)
    data = b"\x78\x9f\x3e\x22\x01\x00" + struct.pack("<BHHI", 1, 0x9003, 6, len(properties)) + properties + b"\0\0"
    letter = read(data, b"application/ms-tnef; name=winmail.dat")
    assert letter.text == "Где"
    assert [a.filename for a in letter.attachments] == ["winmail.dat", "letter.rtf"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([b"{", b"}", b"\\", b"\\u-1?", b"\\u55357", b"\\'e9", b"\\*", b"\\htmltag ", b"\\htmlrtf ", b"\\fromhtml1 ",
                                 b"\\fonttbl", b"\\f1", b"\\fcharset204", b"\\bin99999 ", b"\\uc9", b"x", b"\xff", b"\x00", b"\n", b"\\ansicpg0"]),
                max_size=80).map(b"".join))
def test_any_rich_text(data: bytes) -> None:
    for text in rtf.read(b"{\\rtf1" + data):
        text.encode()
        assert "\x00" not in text


@pytest.mark.parametrize("unit", [b"{", b"}", b"\\", b"\\'e9", b"\\f1\\'e9", b"{\\*\\x ", b"\\u1055?", b"a", b"\\bin1 ", b"\\par "])
def test_long_rich_text_costs_no_more_than_its_length(unit: bytes) -> None:
    start = time.process_time()
    rtf.read(b"{\\rtf1" + (unit * 600_000)[:1 << 20])
    assert time.process_time() - start < 10
