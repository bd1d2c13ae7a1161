"""Files as text and codes: receipts on photos and PDF pages, Word documents, bombs; what `desk parse` makes of them."""

from __future__ import annotations

import gzip
import io
import json
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib
from email.message import EmailMessage
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from desk import reading, settings
from desk.facts import files, office

from .. import receipts

PACKED = Path(__file__).parent / "packed"
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


def excel() -> bytes:
    with zipfile.ZipFile(out := io.BytesIO(), "w") as archive:
        archive.writestr("xl/sharedStrings.xml", "<sst><si><t>Заказ</t></si><si><r><t>18044876</t></r><r><t>-0131</t></r></si>"
                         "<si><t>Цена</t></si></sst>")
        archive.writestr("xl/worksheets/sheet1.xml", '<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s">'
                         '<v>1</v></c></row><row><c t="s"><v>2</v></c><c r="B2"><v>2990.5</v></c></row><row/><row><c t="inlineStr"><is>'
                         "<t>итого: 1 &amp; 2</t></is></c></row></sheetData></worksheet>")
    return out.getvalue()


def odt(*, locked: bool = False) -> bytes:
    with zipfile.ZipFile(out := io.BytesIO(), "w") as archive:
        archive.writestr("META-INF/manifest.xml", "<manifest:encryption-data/>" if locked else "<manifest/>")
        archive.writestr("content.xml", "<office:document><office:styles/><office:body><text:p>Заказ<text:s/>№<text:tab/>18044876-0131"
                         "</text:p></office:body></office:document>")
    return out.getvalue()


INSIDE = (("photo/1.jpg", b"x" * 2000), ("note.txt", b"abc"))


def zipped() -> bytes:
    with zipfile.ZipFile(out := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in INSIDE:
            archive.writestr(name, data)
    return out.getvalue()


def tarred(mode: str) -> bytes:
    with tarfile.open(fileobj=(out := io.BytesIO()), mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in INSIDE:
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return out.getvalue()


def rar() -> bytes:
    """RAR 4 with files that are only stored, as the format's own description has it."""
    def block(kind: int, flags: int, body: bytes, data: bytes = b"") -> bytes:
        rest = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
        return struct.pack("<H", zlib.crc32(rest) & 0xFFFF) + rest + data

    out = b"Rar!\x1a\x07\x00" + block(0x73, 0, bytes(6))
    for name, data in INSIDE:
        about = struct.pack("<IIBIIBBHI", len(data), len(data), 3, zlib.crc32(data), 0, 20, 0x30, len(name), 0) + name.encode()
        out += block(0x74, 0x8000, about, data)
    return out + block(0x7B, 0x4000, b"")


def heavy_word() -> bytes:
    """4 GiB of one letter in a document of some megabytes would be as bad; 400 MiB take less time to make."""
    with zipfile.ZipFile(out := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as part:
        for _ in range(400):
            part.write(b"<" * (1 << 20))
    return out.getvalue()


def gzip_bomb() -> bytes:
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="w", compresslevel=1) as stream:
        for _ in range(600):
            stream.write(bytes(1 << 20))
    return made.getvalue()


def endless_pdf(pages: int = 10_000) -> bytes:
    """So many pages in one list, none with anything on it."""
    kids = b" ".join(b"3 0 R" for _ in range(pages))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids),
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]>>"]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 4\n0000000000 65535 f \n%strailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (table, len(out))


def many_entries() -> bytes:
    with zipfile.ZipFile(out := io.BytesIO(), "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}.txt", b"")
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


def test_a_small_code_on_the_photo_of_a_whole_page_is_read() -> None:
    page = Image.new("L", (3400, 4600), 235)
    small = code().resize((150, 150), Image.Resampling.LANCZOS).rotate(12, expand=True, fillcolor=235)
    page.paste(small, (2700, 4100))
    out = io.BytesIO()
    page.save(out, "JPEG", quality=80)
    assert files.read(out.getvalue(), "image/jpeg").said == RECEIPT


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_code_is_read_however_the_telephone_was_held(turned: int) -> None:
    assert files.read(receipts.jpeg(receipts.photo(with_code=True, turned=turned)), "image/jpeg").said == RECEIPT


def test_the_bars_of_a_parcel_label_are_read() -> None:
    bars = zxingcpp.create_barcode("80088812345678", zxingcpp.BarcodeFormat.Code128)
    view = memoryview(bars.to_image(scale=3))  # type: ignore[arg-type]
    label = Image.new("L", (900, 600), 255)
    label.paste(Image.frombytes("L", (view.shape[1], view.shape[0]), view.tobytes()), (100, 200))  # type: ignore[index]
    assert files.read(receipts.jpeg(label), "image/jpeg").said == "80088812345678"


def test_a_code_on_the_second_page_is_read_and_its_page_is_known() -> None:
    contents = files.read(receipts.pdf(Image.new("L", (1240, 1754), 255), receipts.paper(with_code=True)), "application/pdf")
    assert [(part.source, part.page, part.text) for part in contents.parts] == [("code", 2, RECEIPT)]


def test_parts_are_spans_of_the_text() -> None:
    contents = files.Contents((files.Part("code", 1, "ab"), files.Part("ocr", 1, "cd\ne"), files.Part("list", 1, "x\t1")))
    told = contents.as_dict()
    assert [told["text"][part["start"]:part["end"]] for part in told["parts"]] == ["ab", "cd\ne", "x\t1"]
    assert {place: text.replace("\n", ".") for place, text in contents.by_trust().items()} == {
        "attachment": "ab.........", "ocr": "...cd.e...."}
    assert contents.said == "ab\ncd\ne"


@pytest.mark.parametrize(("kind", "made"), [(office.EXCEL, excel()), (office.ODT, odt()), (office.WORD, word("Заказ №\t18044876-0131"))],
                         ids=["excel", "odt", "word"])
def test_office_documents_are_text(kind: str, made: bytes) -> None:
    contents = files.read(made, kind)
    assert ("18044876-0131" in contents.said, contents.note) == (True, "")


def test_a_sheet_is_rows_and_cells() -> None:
    assert files.read(excel(), office.EXCEL).said == "Заказ\t18044876-0131\nЦена\t2990.5\nитого: 1 & 2"


def test_an_open_document_that_is_locked_says_so() -> None:
    assert files.read(odt(locked=True), office.ODT).note == "encrypted"
    assert files.read("EncryptedPackage".encode("utf-16-le"), "application/msword").note == "encrypted"


@pytest.mark.parametrize(("name", "listed", "note"), [
    ("plain", ["чек.txt\t2200", "папка/фото.jpg\t5000", "empty.txt\t0"], ""),
    ("nocomp", ["a.txt\t100", "b.txt\t10"], ""), ("hidden", [], "encrypted"),
    ("secret", ["чек.txt\t2200", "папка/фото.jpg\t5000", "empty.txt\t0"], "encrypted")])
def test_a_7z_is_listed(name: str, listed: list[str], note: str) -> None:
    contents = files.read((PACKED / f"{name}.7z").read_bytes(), "application/x-7z-compressed")
    assert ([line for part in contents.parts for line in part.text.split("\n")], contents.note) == (listed, note)
    assert contents.said == ""


@pytest.mark.parametrize(("made", "kind"), [
    (zipped(), "application/zip"), (tarred("w"), "application/x-tar"), (tarred("w:gz"), "application/gzip"),
    (tarred("w:bz2"), "application/x-bzip2"), (tarred("w:xz"), "application/x-xz"), (rar(), "application/x-rar")],
    ids=["zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "rar"])
def test_an_archive_is_listed(made: bytes, kind: str) -> None:
    (part,) = files.read(made, kind).parts
    assert (part.source, part.text) == ("list", "photo/1.jpg\t2000\nnote.txt\t3")


def test_names_that_windows_packed_in_its_own_letters_are_read() -> None:
    with zipfile.ZipFile(out := io.BytesIO(), "w") as archive:
        archive.writestr(zipfile.ZipInfo("X"), b"abc")
    made = out.getvalue().replace(b"X", "Ч".encode("cp866"))
    assert files.read(made, "application/zip").parts[0].text == "Ч\t3"


def test_a_locked_zip_is_listed_and_says_so() -> None:
    made = bytearray(zipped())
    for at in range(len(made) - 4):
        if made[at:at + 4] == b"PK\x01\x02":
            made[at + 8] |= 1
    contents = files.read(bytes(made), "application/zip")
    assert (contents.note, "note.txt" in contents.parts[0].text) == ("encrypted", True)


def test_a_locked_document_says_so() -> None:
    assert files.read((PACKED / "locked.pdf").read_bytes(), "application/pdf").note == "encrypted"


@pytest.mark.parametrize(("made", "kind"), [
    (heavy_word(), office.WORD), (gzip_bomb(), "application/gzip"), (endless_pdf(), "application/pdf"),
    (many_entries(), "application/zip"), (b"<svg xmlns='http://www.w3.org/2000/svg'><script>x</script></svg>", "image/svg+xml"),
    (b"GIF89a" + b"<script>alert(1)</script>" * 50, "image/gif"), (b"%PDF-1.7\n" + zipped(), "application/pdf")],
    ids=["zip bomb in a document", "gzip bomb", "10,000 pages", "20,000 names", "svg", "picture or page", "pdf or zip"])
def test_hostile_files_are_bounded(made: bytes, kind: str) -> None:
    began = time.process_time()
    contents = files.read(made, kind, recognise=True)
    assert len(contents.as_dict()["text"]) <= files.TEXT
    assert (contents.pages <= 200, time.process_time() - began < 10) == (True, True)


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
    reader = reading.Reader(settings.load({}).files)
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
