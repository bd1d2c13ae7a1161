"""Receipts without a code are read off their photos, however they lie; what recognition misreads is understood."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from desk import facts
from desk.facts import files, ocr, receipts

from .. import receipts as drawn

KNOWN = facts.load_formats(Path(__file__).resolve().parents[2] / "config" / "marketplaces.toml")


def receipt(contents: files.Contents) -> dict[str, str]:
    """The receipt that was recognised."""
    found = facts.find([facts.Source("ocr", contents.by_trust()["ocr"])], KNOWN)
    (value,) = [fact.value for fact in found if fact.kind == "receipt"]
    return receipts.fields(value)


@pytest.mark.parametrize(("angle", "turned", "orientation"), [(3, 0, 1), (-6, 0, 1), (2, 90, 6), (3, 180, 1), (-3, 270, 1)],
                         ids=["a little askew", "more askew", "turned as EXIF says", "head down", "on its side"])
def test_a_photo_of_a_receipt_without_a_code_is_read(angle: float, turned: int, orientation: int) -> None:
    photo = drawn.jpeg(drawn.photo(with_code=False, angle=angle, turned=turned), orientation=orientation)
    contents = files.read(photo, "image/jpeg", recognise=True)
    assert ([part.source for part in contents.parts], contents.note) == (["ocr"], "")
    assert receipt(contents) == drawn.FIELDS


def test_a_code_is_believed_before_what_was_recognised() -> None:
    contents = files.read(drawn.jpeg(drawn.photo(with_code=True)), "image/jpeg", recognise=True)
    assert [part.source for part in contents.parts] == ["code", "ocr"]
    assert contents.by_trust()["attachment"].strip() == drawn.CODE


def test_a_scanned_page_is_read_and_a_page_with_text_is_not_recognised_too() -> None:
    page = Image.new("L", (1240, 1754), 255)
    page.paste(drawn.paper(with_code=False), (200, 60))
    contents = files.read(drawn.pdf(Image.new("L", (400, 400), 255), page), "application/pdf", recognise=True)
    assert ([(part.source, part.page) for part in contents.parts], contents.pages) == ([("ocr", 2)], 2)
    assert receipt(contents)["fn"] == drawn.FIELDS["fn"]


def test_a_heic_photo_is_read() -> None:
    photo = (Path(__file__).parent / "receipt.heic").read_bytes()
    contents = files.read(photo, "image/heic", recognise=True)
    assert contents.parts[0].text == drawn.CODE
    assert "7704217370" in contents.parts[1].text


@pytest.mark.parametrize("picture", [drawn.grain(700, 700, 64), drawn.grain(1240, 1754, 4), Image.radial_gradient("L").resize((800, 600)),
                                     Image.effect_mandelbrot((900, 700), (-2, -1, 1, 1), 100)], ids=["noise", "an empty page", "shade", "shape"])
def test_a_picture_without_text_has_none(picture: Image.Image) -> None:
    assert ocr.read(picture.convert("L")) == ""


def test_without_the_program_it_is_not_available(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert ocr.available()
    ocr.available.cache_clear()
    monkeypatch.setattr(ocr, "PATH", str(tmp_path))
    assert (ocr.available(), ocr.read(drawn.paper(with_code=False))) == (False, "")
    ocr.available.cache_clear()


def test_without_recognition_a_photo_says_so() -> None:
    assert files.read(drawn.jpeg(drawn.photo(with_code=False)), "image/jpeg").note == "no_ocr"
    assert files.read(drawn.pdf(drawn.paper(with_code=False)), "application/pdf").note == "no_ocr"


@pytest.mark.parametrize(("text", "value"), [
    ("ИТОГ 7990 09\nБЕЗНАЛИЧНЫМИ =7990 00\n1 x 7990.00 7990 00\nOH 9282440300123456\nФЛ 12512\non 1186123459",
     "t=&s=7990.00&fn=9282440300123456&i=12512&fp=1186123459&n=1"),
    ("Возврат прихода 05.11.26 09:05\nPH KKT 0001234567012345\nФН: 9961440300123456", "t=20261105T0905&s=&fn=9961440300123456&i=&fp=&n=2"),
    ("итого = 12 450.50\nФН 8710000100123456 ФД 7 ФП 123456789", "t=&s=12450.50&fn=8710000100123456&i=7&fp=123456789&n=1"),
], ids=["letters of the other alphabet", "no sum", "spaces between thousands"])
def test_what_recognition_makes_of_a_receipt_is_understood(text: str, value: str) -> None:
    found = [fact for fact in facts.find([facts.Source("ocr", text)], KNOWN) if fact.kind == "receipt"]
    assert [fact.value for fact in found] == [value]
    assert text[found[0].start:found[0].end] == found[0].quote


@pytest.mark.parametrize("text", ["ФН 9282440300123456", "PH KKT 9282440300123456 ИТОГ 100.00", "карта OH 4111111111111111 ИТОГ 10.00"],
                         ids=["a number alone", "the till's own number", "a card"])
def test_what_is_no_receipt_is_none(text: str) -> None:
    assert [fact for fact in facts.find([facts.Source("ocr", text)], KNOWN) if fact.kind == "receipt"] == []
