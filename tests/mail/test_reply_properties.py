"""Whatever lines follow one another: folds lie inside the text, and words above the first quote are never hidden."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from desk import mail
from desk.mail import quotes

LINES = st.sampled_from((
    "", "Здравствуйте!", "Заказ 123 не пришёл.", "> Номер заказа?", ">> старое", ">", "-- ", "--", "-----", "Анна Петрова",
    "_" * 32, "Отправлено с iPhone", "Sent from my phone", "От: Иван <i@x.example>", "Отправлено: 21.09.2026 10:00",
    "Кому: Анна", "Тема: Заказ", "21.09.2026, 10:00, Иван <i@x.example>:", "On Mon, Sep 21, 2026 at 10:00 AM Ivan",
    "<i@x.example> wrote:", "пн, 21 сент. 2026 г. в 10:00, Иван <", "i@x.example>:", "-----Original Message-----",
    "---------- Forwarded message ---------", "-------- Конец пересылаемого сообщения --------", "Вы писали 21.09.2026:",
    "12.09.2026 мне написал продавец:", "begin 644 a.txt", "end", "Начало переадресованного сообщения:", "\t", "\xa0",
))
ANSWER = "Нет, деньги мне так и не вернули"


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=25), st.sampled_from(("", "Re: x", "Fwd: x", "RE: FW: x", "Пересл: x")))
def test_an_answer_on_top_is_never_hidden(lines: list[str], subject: str) -> None:
    text = "\n".join([ANSWER, "", *lines])
    spans = quotes.folds(text, subject)
    places = [place for span in spans for place in span]
    assert places == sorted(set(places))
    assert all(0 <= place <= len(text) for place in places)
    assert ANSWER in quotes.remaining(text, spans)


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=20), st.sampled_from(("plain", "html")))
def test_a_whole_mail_of_such_lines_is_read(lines: list[str], kind: str) -> None:
    ending = "\n" if kind == "plain" else "<br>\n"
    raw = f"From: a@b.example\nContent-Type: text/{kind}; charset=utf-8\n\n{ending.join(lines)}".encode()
    letter = mail.parse(raw)
    assert "unreadable" not in letter.warnings
    assert bool(letter.reply_text) == bool(letter.text.strip())
    assert all(start < end <= len(letter.text) for start, end in letter.folds)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400), st.text(max_size=80))
def test_any_text_is_read_again_as_itself(text: str, subject: str) -> None:
    spans = quotes.folds(text, subject)
    hidden = sum(end - start for start, end in spans)
    assert len(quotes.remaining(text, spans)) <= len(text) - hidden
