"""Files as text and codes: receipts on photos and PDF pages, Word documents, bombs; what `desk parse` makes of them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import zipfile
import zlib
from email.message import EmailMessage
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from desk import reading
from desk.cli.letters import Limits
from desk.facts import files, office

RECEIPT = "t=20261105T1432&s=7990.00&fn=9282440300123456&i=12512&fp=1186123459&n=1"
FIELDS = {"t": "20261105T1432", "s": "7990.00", "fn": "9282440300123456", "i": "12512", "fp": "1186123459", "n": "1"}


def code(text: str = RECEIPT) -> Image.Image:
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    view = memoryview(barcode.to_image(scale=6))  # type: ignore[arg-type]
    return Image.frombytes("L", (view.shape[1], view.shape[0]), view.tobytes())  # type: ignore[index]


def photo(kind: str = "JPEG", size: tuple[int, int] = (1170, 1600), angle: int = 7) -> bytes:
    """A code somewhere on a bright page, turned a little, as a telephone sees it."""
    page = Image.new("L", size, 245)
    small = code().rotate(angle, expand=True, fillcolor=255)
    page.paste(small, (size[0] // 3, size[1] // 2))
    out = io.BytesIO()
    page.save(out, kind, **({"quality": 60} if kind == "JPEG" else {}))
    return out.getvalue()


def word(*paragraphs: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
        archive.writestr("word/document.xml", f"<w:document><w:body>{body}</w:body></w:document>")
    return out.getvalue()


def bomb(width: int = 30000, height: int = 30000) -> bytes:
    """A PNG whose head promises more pixels than may be opened."""
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x00\x00\x00\x00"
    rows = zlib.compress(bytes(width + 1) * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def mail(*attached: tuple[bytes, str, str], text: str = "Добрый день, чек во вложении.") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Анна Белова <anna@mail.example>", "desk@help.example", "чек"
    message.set_content(text)
    for data, kind, name in attached:
        main, _, sub = kind.partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


@pytest.mark.parametrize(("kind", "content_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_the_code_on_a_photo_of_a_receipt_is_read(kind: str, content_type: str) -> None:
    assert files.read(photo(kind), content_type).said == RECEIPT


def test_a_photo_of_a_modern_telephone_is_read_at_a_fraction_of_its_size() -> None:
    began = time.process_time()
    assert files.read(photo(size=(4000, 3000)), "image/jpeg").said == RECEIPT
    assert time.process_time() - began < 3


def test_the_code_on_a_page_is_read() -> None:
    out = io.BytesIO()
    Image.open(io.BytesIO(photo())).save(out, "PDF", resolution=150)
    assert RECEIPT in files.read(out.getvalue(), "application/pdf").said


def test_a_word_document_is_text() -> None:
    text = files.read(word("Претензия", "Заказ № 18044876-0131 &amp; чек"), office.WORD).said
    assert text.split("\n")[:2] == ["Претензия", "Заказ № 18044876-0131 & чек"]


@pytest.mark.parametrize("content_type", files.KINDS)
@pytest.mark.parametrize("data", [b"", b"x", b"%PDF-1.4\n%%EOF", b"PK\x03\x04", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", bomb()[:60],
                                  photo()[:5000], word("x")[:90]], ids=range(9))  # a zip holds the present moment
def test_damaged_files_are_nothing(content_type: str, data: bytes) -> None:
    found = files.read(data, content_type)
    assert (found.said, found.note in ("damaged", "too_large", "no_text")) == ("", True)


def test_a_bomb_is_not_opened() -> None:
    began = time.process_time()
    assert files.read(bomb(), "image/png").note == "too_large"
    assert files.read(bomb(5000, 5000), "image/png").note == "too_large"
    assert time.process_time() - began < 1


def test_a_receipt_in_the_mail_fills_the_receipt_and_its_facts_name_the_attachment() -> None:
    flat = reading.as_json(mail((photo(), "image/jpeg", "чек.jpg")))
    assert flat["receipt"] == FIELDS
    assert [(f["source"], f["kind"]) for f in flat["facts"] if f["kind"] == "receipt"] == [("attachment", "receipt")]
    assert "photos_or_documents" not in flat["missing"]
    assert "order_date" not in flat["missing"]


def test_a_claim_attached_as_a_document_speaks_where_the_letter_does_not() -> None:
    claim = word("Я, Белова Анна, 05.11.2026 заказала на Ozon чайник за 2 990 руб., заказ № 18044876-0131.",
                 "Товар пришёл разбитым. Прошу вернуть деньги.")
    flat = reading.as_json(mail((claim, office.WORD, "претензия.docx"), text="Претензия во вложении."))
    assert (flat["marketplace"], flat["order_numbers"], flat["order_date"]) == ("ozon", ["18044876-0131"], "2026-11-05")
    assert (flat["topics"], flat["demands"], flat["amounts"]) == (["damaged"], ["refund"], ["2990"])


def test_an_attached_letter_gives_its_order_but_not_its_sender() -> None:
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "Ozon <mailer@sender.ozon.ru>", "Заказ 23281294-0063 доставлен"
    inner.set_content("Заказ 23281294-0063 доставлен. Звоните +7 495 111-22-33.")
    outer = EmailMessage()
    outer["From"], outer["Subject"] = "Пётр <p@mail.example>", "Не получил"
    outer.set_content("Смотрите письмо во вложении, ничего не получил.")
    outer.add_attachment(inner)
    flat = reading.as_json(outer.as_bytes())
    assert (flat["order_numbers"], flat["marketplace"], flat["phones"]) == (["23281294-0063"], "ozon", [])


def test_files_are_read_apart_from_the_letter_and_in_the_child() -> None:
    raw = mail((b"\x00\x01", "application/octet-stream", "x.bin"), (photo(), "image/jpeg", "чек.jpg"))
    assert not [f for f in reading.read(raw)["facts"] if f["kind"] == "receipt"]
    reader = reading.Reader(Limits())
    try:
        found = reader.file(raw, 1)
        assert reader.file(raw, 0)["note"] == "not_opened"
        assert reader.as_json(raw)["receipt"] == FIELDS
    finally:
        reader.close()
    assert found["text"].startswith(RECEIPT)
    assert [fact["kind"] for fact in found["facts"]] == ["receipt"]


def test_desk_parse_answers_for_every_path_in_order_and_within_bounds(tmp_path: Path) -> None:
    heavy = mail(*[(bomb(4400, 4500), "image/png", f"{n}.png") for n in range(12)], (photo(size=(4400, 4400)), "image/jpeg", "a.jpg"))
    (tmp_path / "good.eml").write_bytes(mail((photo(), "image/jpeg", "чек.jpg")))
    (tmp_path / "heavy.eml").write_bytes(heavy)
    (tmp_path / "deep.eml").write_bytes(b"Content-Type: text/html\n\n" + b"<div>" * 500_000)
    (tmp_path / "empty.eml").write_bytes(b"")
    paths = [str(tmp_path / name) for name in ("good.eml", "none.eml", "heavy.eml", "deep.eml", "empty.eml")]
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "desk", "parse", "--json", "--stdin"], input="\n".join(paths).encode() + b"\n",
                          capture_output=True, check=True, timeout=120)
    assert time.monotonic() - began < 60
    answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [answer["path"] for answer in answers] == paths
    assert ["error" in answer for answer in answers] == [False, True, False, False, False]
    assert answers[0]["receipt"] == FIELDS
