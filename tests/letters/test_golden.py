"""Each shipped letter word for word: what is read back from PDF and DOCX is the text in golden/, nothing more or less.

To accept a change of a letter: `.venv/bin/python -m tests.letters.test_golden` writes golden/ anew; read the difference.
"""

from __future__ import annotations

import io
import re
import time
from datetime import date
from pathlib import Path

import docx
import pypdfium2
import pytest

from desk import letters, settings
from desk.letters import Document

GOLDEN = Path(__file__).parent / "golden"
SHIPPED = letters.load(settings.resource("templates") / "letters")
DAY = date(2026, 5, 12)
FACTS = {
    "addressee_name": "ООО «Ромашка & Ко»", "addressee_address": "101000, Москва, ул. Мясницкая, д. 1", "ticket_number": "1042",
    "consumer_name": "Кузнецов Пётр <сын> #1", "consumer_address": "Тула, пр. Ленина, 5", "consumer_phone": "+79161234567",
    "consumer_email": "petr@mail.example", "order_number": "18044876-0131", "order_date": "1 мая 2026 г.", "product": "смартфон",
    "price": "24 990 руб. 50 коп.", "price_words": "двадцать четыре тысячи девятьсот девяносто рублей 50 копеек",
    "marketplace": "Ozon", "seller_name": "ИП Иванов $5", "seller_inn": "7704217370", "problem": "Экран разбит {{price}}.",
    "delivered_on": "3 мая 2026 г.", "promised_on": "5 мая 2026 г.", "bank_details": "БИК 044525000, счёт 1",
    "today": "12 мая 2026 г.", "penalty_sum": "249 руб. 90 коп.", "claim_sent_on": "4 мая 2026 г.", "advocate_name": "Анна",
    "claim_result": "Ответа нет.", "desk_name": "Заступник"}
TABLES = {name: [["№", "Документ"], ["1", "чек.jpg"]] for name in
          ("annex_table", "penalty_table", "missing_table", "steps_table")}


def filled(key: str) -> Document:
    """Every place has a value: its own from FACTS, else its name."""
    template = SHIPPED[key]
    facts = {name: FACTS.get(name, f"«{name}»") for name in template.places() if not name.endswith("_table")}
    return template.fill(facts, written_on=DAY, tables=TABLES)


def squeezed(text: str) -> str:
    """Lines break differently in each format; words do not."""
    return re.sub(r"[\s\ufffe\u00ad|]+", "", text)


def pdf_text(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    count = len(document)
    pages = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return "".join(re.sub(rf"\s*{number}\s*/\s*{count}\s*$", "", text) for number, text in enumerate(pages, 1))


def docx_text(data: bytes) -> str:
    paper, out = docx.Document(io.BytesIO(data)), []
    for child in paper.element.body.iterchildren():
        out += [node.text or "" for node in child.iter() if node.tag.endswith("}t")]
    return "".join(out)


@pytest.mark.parametrize("key", SHIPPED)
def test_the_letter_reads_word_for_word_in_both_formats(key: str) -> None:
    document, wanted = filled(key), squeezed((GOLDEN / f"{key}.txt").read_text(encoding="utf-8"))
    assert squeezed(document.plain_text()) == wanted
    assert squeezed(pdf_text(letters.pdf(document))) == wanted
    assert squeezed(docx_text(letters.docx(document))) == wanted


def test_no_golden_text_is_left_of_a_letter_that_is_gone() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(SHIPPED)


def test_a_letter_is_set_in_a_tenth_of_a_second() -> None:
    """Of this process's own time: the machine may be busy with other things."""
    letters.pdf(filled("lawsuit"))
    started = time.process_time()
    for key in SHIPPED:
        letters.pdf(filled(key))
    assert (time.process_time() - started) / len(SHIPPED) < 0.25  # 0.1 on a machine that does nothing else


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for one in SHIPPED:
        (GOLDEN / f"{one}.txt").write_text(filled(one).plain_text().replace("\u00a0", " ") + "\n", encoding="utf-8")
