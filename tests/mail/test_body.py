"""Which text is the letter, which parts are files, and what lies packed inside them."""

from __future__ import annotations

import base64
import binascii
import struct

import pytest

from desk import mail
from desk.mail import charset, enclosed, names, params, tnef, words

HEAD = b"From: Ivan <ivan@mail.example>\r\nSubject: Chek\r\nMIME-Version: 1.0\r\n"
PLAIN = b"Content-Type: text/plain\r\n\r\nplain words"
HTML = b"Content-Type: text/html\r\n\r\n<p>words of the page</p>"
PDF = (b"Content-Type: application/pdf; name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
       + base64.b64encode(b"%PDF-1.4 x"))


def parts(kind: bytes, *bodies: bytes, boundary: bytes = b"b") -> bytes:
    inner = b"".join(b"--" + boundary + b"\r\n" + body + b"\r\n" for body in bodies)
    return b"Content-Type: multipart/" + kind + b"; boundary=" + boundary + b"\r\n\r\n" + inner + b"--" + boundary + b"--\r\n"


def read(rest: bytes) -> tuple[str, list[str]]:
    letter = mail.parse(HEAD + rest)
    return letter.text.strip(), [a.filename for a in letter.attachments]


def test_a_footer_of_a_list_does_not_hide_the_page() -> None:
    assert read(parts(b"mixed", HTML, b"Content-Type: text/plain\r\n\r\nfooter")) == ("words of the page\nfooter", [])


def test_the_plain_alternative_is_the_letter_and_the_file_in_the_other_is_kept() -> None:
    assert read(parts(b"alternative", PLAIN, parts(b"mixed", HTML, PDF, HTML, boundary=b"c"))) == (
        "plain words", ["x.pdf"])


@pytest.mark.parametrize("empty", [b" ", b"Your mail client does not support HTML", "Ваша программа не поддерживает HTML".encode()])
def test_a_plain_alternative_that_says_nothing_gives_way(empty: bytes) -> None:
    assert read(parts(b"alternative", b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + empty, HTML))[0] == "words of the page"


def test_a_page_that_repeats_the_text_is_not_shown_twice() -> None:
    assert read(parts(b"mixed", PLAIN, b"Content-Type: text/html\r\n\r\n<b>plain words</b>"))[0] == "plain words"


def test_a_named_text_that_is_all_there_is_is_shown_and_kept() -> None:
    assert read(parts(b"mixed", b"Content-Type: text/plain; name=m.txt\r\n\r\nhello")) == ("hello", ["m.txt"])


def test_a_multipart_encoded_as_a_whole() -> None:
    body = parts(b"mixed", PLAIN, PDF).partition(b"\r\n\r\n")[2]
    head = b"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    assert read(head + base64.encodebytes(body)) == ("plain words", ["x.pdf"])


def test_parts_behind_the_closing_line_are_not_lost() -> None:
    assert read(parts(b"mixed", PLAIN) + b"--b\r\n" + PDF + b"\r\n--b--\r\n") == ("plain words", ["x.pdf"])


def test_base64_that_is_none_and_base64_with_words_behind_it() -> None:
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    assert read(head + b"This is plain text, whatever the header says.")[0].startswith("This is plain")
    whole = base64.encodebytes("Привет, где мой заказ?".encode()) + b"\r\n_____\r\nfooter of the list server\r\n"
    assert read(head + whole)[0] == "Привет, где мой заказ?\n_____\nfooter of the list server"


def test_files_inside_the_text() -> None:
    block = b"begin 644 a.txt\n" + binascii.b2a_uu(b"hello") + b"`\nend\n"
    letter = mail.parse(HEAD + b"\r\nbefore\n" + block + b"after")
    assert letter.text.split() == ["before", "after"]
    assert [(a.filename, a.data) for a in letter.attachments] == [("a.txt", b"hello")]
    assert enclosed.read("=ybegin line=128 size=2 name=y.bin\n\x8b\x8c\n=yend size=2\n")[1][0].data == b"ab"
    assert enclosed.read("begin 644 x\nnot such a block\nend\n") == ("begin 644 x\nnot such a block\nend\n", [])


def packed(*attributes: tuple[int, int, bytes]) -> bytes:
    return b"\x78\x9f\x3e\x22\x01\x00" + b"".join(
        struct.pack("<BHHI", level, kind, 6, len(data)) + data + b"\0\0" for level, kind, data in attributes)


def test_winmail_is_unpacked_and_kept() -> None:
    name = "Чек.pdf".encode("utf-16le") + b"\0\0"
    about = struct.pack("<IHHII", 1, 0x1F, 0x3707, 1, len(name)) + name + b"\0" * (-len(name) % 4)
    data = packed((1, 0x9007, struct.pack("<I", 1251)), (1, 0x800C, "Где заказ?".encode("cp1251") + b"\0"),
                  (2, 0x9002, b"x"), (2, 0x8010, b"chek.pdf\0"), (2, 0x800F, b"%PDF-1.4"), (2, 0x9005, about))
    part = (b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + base64.encodebytes(data))
    assert read(parts(b"mixed", part)) == ("Где заказ?", ["winmail.dat", "Чек.pdf"])
    for cut in range(0, len(data), 3):
        tnef.read(data[:cut])


def test_compressed_rtf() -> None:
    body = b"\x00{\\rtf1 a" + b"\x00b}"
    head = struct.pack("<II4sI", len(body) + 12, 10, b"LZFu", 0)
    assert tnef.unpacked(head + body) == b"{\\rtf1 ab}"
    assert tnef.unpacked(struct.pack("<II4sI", 5, 3, b"MELA", 0) + b"abc") == b"abc"


@pytest.mark.parametrize(("text", "page", "declared"), [
    ("café au lait", "latin-1", ""), ("déjà vu à la carte", "latin-1", "utf-8"), ("Grüße aus München", "latin-1", "us-ascii"),
    ("これはテストです", "shift_jis", ""), ("これはテストです", "iso-2022-jp", ""), ("你好，世界测试", "gb2312", "gb2312"),
    ("联通", "gbk", "gbk"), ("你好，世界测试", "utf-8", "gb2312"), ("안녕하세요 세계", "euc-kr", ""), ("Привет", "utf-7", "utf-7"),
    ("Привет", "utf-16", "utf-16"), ("①②", "iso2022_jp_3", "iso-2022-jp"), ("Здравствуйте iPhoneом", "koi8-r", "utf-8"),
])
def test_other_scripts_than_russian(text: str, page: str, declared: str) -> None:
    assert charset.decode(text.encode(page), declared)[0] == text


@pytest.mark.parametrize(("value", "text"), [
    ("=?UTF-8?Q?Hello?_world?=", "Hello? world"), ("=?utf-8?Q?abc", "abc"), ("=?utf-8?B?0J/RgNC40LLQtdGC", "Привет"),
    ("=?utf-8?B?0J8=?= =?utf-8?B?0YA=?=", "Пр"), ("=?utf-8?Q?=D0?= =?utf-8?Q?=9F?=", "П"), ("=?utf-8?Q?a b?=", "a b"),
    ("=?iso-8859-1*en?q?caf=E9?=", "café"), ("=?koi8-r?Q?=F0=D2=C9?= =?windows-1251?Q?=E2=E5=F2?=", "Привет"),
    ("Re:  two  spaces", "Re:  two  spaces"),
])
def test_encoded_words(value: str, text: str) -> None:
    assert words.decode_line(value) == text


@pytest.mark.parametrize(("value", "name"), [
    ("attachment; filename=foo bar.pdf", "foo bar.pdf"), ('attachment; filename="a;b.pdf"', "a;b.pdf"), ("attachment filename=x.pdf", "x.pdf"),
    ("filename=x.pdf", "x.pdf"), ("attachment; filename*=UTF-8''%D0%A7.pdf; filename=c.pdf", "Ч.pdf"),
    ("attachment; filename*0*=UTF-8''%D0; filename*1*=%A7.pdf", "Ч.pdf"), ('attachment; filename="a  b.pdf"', "a  b.pdf"),
    ('attachment; filename="=?UTF-8?B?0KfQtdC6?=.pdf"', "Чек.pdf"), ("attachment; filename = x.pdf", "x.pdf"),
])
def test_parameters(value: str, name: str) -> None:
    assert params.read(value)[0]["filename"] == name


@pytest.mark.parametrize(("name", "shown"), [
    ("C:\\a\\b.txt", "b.txt"), ("../../x", "x"), ("Акт 12/3.pdf", "Акт 12_3.pdf"), ("a: b? (1) #2.txt", "a: b? (1) #2.txt"), ("..", ""),
])
def test_names_keep_what_is_harmless(name: str, shown: str) -> None:
    assert names.safe(name) == shown


@pytest.mark.parametrize(("kind", "data", "expected"), [
    (b"application/octet-stream", b"%PDF-1.4", "application/pdf"), (b"image/png", b"<html><script>x</script>", "text/html"),
    (b"application/pdf", b"test", "application/pdf"), (b"image/jpg", b"\xff\xd8\xff\xe0", "image/jpg"),
    (b"application/pgp-signature", b"-----BEGIN", "application/pgp-signature"),
])
def test_a_type_is_as_declared_unless_its_bytes_prove_otherwise(kind: bytes, data: bytes, expected: str) -> None:
    part = b"Content-Type: " + kind + b"; name=x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data)
    assert mail.parse(HEAD + parts(b"mixed", PLAIN, part)).attachments[0].content_type == expected
