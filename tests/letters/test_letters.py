"""A letter says exactly what was put in, in both formats, and is not written while something is missing."""

from __future__ import annotations

import io
from datetime import date

import docx
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk import letters, settings
from desk.letters import Template, TemplateError, typography

DAY = date(2026, 11, 24)
HEAD = '+++\ntitle = "Проба"\nstage = "claim"\nto = ["seller"]\n+++\n'
EVIL = ["<b>жирный</b> & <ООО>", "{{consumer_name}} и {% x %}", "#set text(red) #read(\"/etc/passwd\")", "$x^2$ *a* _b_ `c`",
        "@цитата \\ обратная // и /* */", "строка\nвторая\r\nтретья", "слева\u202eсправа", "=HYPERLINK(\"http://x\")", "я" * 5000]
SHIPPED = letters.load(settings.resource("templates") / "letters")


def pdf_text(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return text


def docx_text(data: bytes) -> str:
    paper = docx.Document(io.BytesIO(data))
    return "\n".join([*(p.text for p in paper.paragraphs), *(c.text for t in paper.tables for r in t.rows for c in r.cells)])


def squeezed(text: str) -> str:
    return "".join(text.replace("\ufffe", "").split())


@pytest.mark.parametrize("value", EVIL)
def test_a_fact_comes_out_literally_in_both_formats(value: str) -> None:
    template = letters.parse("t", HEAD + "Кому: {{who}}\n\n# Заголовок\n\nТекст {{who}} текст.\n\n- {{who}}\n\n~ {{who}}\n")
    document = template.fill({"who": value}, written_on=DAY)
    wanted = squeezed(typography.fit(value))
    for text in (pdf_text(letters.pdf(document)), docx_text(letters.docx(document)), document.plain_text()):
        assert squeezed(text).count(wanted) == 4


def test_a_missing_fact_stops_the_letter_with_its_name() -> None:
    template = letters.parse("t", HEAD + "# A\n\n{{one}} {{two}}\n\n[? three] {{three}} {{four}}\n\n{{penalty_table}}\n")
    with pytest.raises(letters.Missing) as missing:
        template.fill({"one": "1", "two": "  "}, written_on=DAY)
    assert missing.value.names == ("two", "penalty_table")
    assert template.missing({"one": "1", "two": "2", "three": "3"}) == ("four", "penalty_table")


def test_blocks_that_hang_on_a_fact() -> None:
    template = letters.parse("t", HEAD + "# A\n\n[? inn] ИНН {{inn}}\n\n[! inn] ИНН не указан\n")
    assert "ИНН 7704217370" in template.fill({"inn": "7704217370"}, written_on=DAY).plain_text().replace("\u00a0", " ")
    assert "ИНН не" in template.fill({}, written_on=DAY).plain_text()


@pytest.mark.parametrize(("text", "words"), [
    ("без начала", "line 1"), ("+++\ntitle = 1 2\n+++\n", "between"), ("+++\ntitle = 'x'\n+++\n", "stage"),
    (HEAD + "# A\n\n\nтекст {{a b}}\n", "line 9"), (HEAD + "# A\n\nтекст {{a}\n", "line 8"),
    ("+++\ntitle='x'\nstage='c'\nto=[]\nevil=1\n+++\n", "evil")])
def test_a_wrong_template_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        letters.parse("t", text)


@pytest.mark.parametrize("template", SHIPPED.values(), ids=list(SHIPPED))
def test_every_shipped_letter_can_be_written(template: Template) -> None:
    places = template.places()
    facts = {name: f"«{name}»" for name in places if not name.endswith("_table")}
    tables = {name: [["№", "Что"], ["1", name]] for name in places if name.endswith("_table")}
    document = template.fill(facts, written_on=DAY, tables=tables)
    pdf, paper = letters.pdf(document), letters.docx(document)
    assert (pdf, paper) == (letters.pdf(document), letters.docx(document))  # byte for byte
    for name in places:
        assert squeezed(name) in squeezed(pdf_text(pdf))
        assert name in docx_text(paper)


def test_nothing_in_a_template_is_code() -> None:
    """What typst would run, or Jinja would fill, stays text."""
    attacks = "#read(\"/etc/hostname\") #import \"@preview/x:1.0.0\" #eval(\"1+1\") #image(\"/etc/passwd\") {% include 'x' %}"
    document = letters.parse("t", HEAD + f"# A\n\n{attacks}\n").fill({}, written_on=DAY)
    for text in (pdf_text(letters.pdf(document)), docx_text(letters.docx(document))):
        for word in ("#read(", "#import", "#eval(", "#image(", "{% include"):
            assert squeezed(word) in squeezed(text)


def test_typography() -> None:
    assert typography.set_text('Закон "О защите" - ст. 22, 10 000 руб. и в срок') == \
        "Закон «О\u00a0защите»\u00a0— ст.\u00a022, 10\u00a0000\u00a0руб. и\u00a0в\u00a0срок"


@given(st.text(max_size=200))
def test_typography_loses_nothing(text: str) -> None:
    assert squeezed(typography.set_text(text)).replace("«", '"').replace("»", '"').replace("—", "-").replace("–", "-") \
        == squeezed(text).replace("«", '"').replace("»", '"').replace("—", "-").replace("–", "-")
    assert typography.fit(typography.fit(text)) == typography.fit(text)
