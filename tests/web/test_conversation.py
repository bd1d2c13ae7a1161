"""A letter's text on the page: nothing of it is lost, nothing of it runs."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from desk.models import Fact, Message
from desk.web import conversation


def fact(start: int, end: int, kind: str = "order_number", state: str = "found") -> Fact:
    return Fact(id=7, kind=kind, place="body", start=start, end=end, value="", quote="", confidence=1, state=state)


def shown(text: str, folds: list[list[int]], *facts: Fact) -> list[tuple[bool, str]]:
    return [(p.quote, str(p.html)) for p in conversation.pieces(Message(text=text, folds=folds), facts)]


def test_quotes_are_folded_and_nothing_is_cut() -> None:
    assert shown("новое\n> старое\nещё", [[6, 15]]) == [(False, "новое\n"), (True, "&gt; старое\n"), (False, "ещё")]


def test_a_letter_that_is_only_a_quote_is_shown_whole() -> None:
    assert shown("> старое", [[0, 8]]) == [(False, "&gt; старое")]


def test_html_in_a_text_is_text_and_links_tell_nothing() -> None:
    (_, text), = shown("<script>x</script> https://ozon.ru/a?b=1&c=2. Да", [])
    assert "<script>" not in text
    assert 'href="https://ozon.ru/a?b=1&amp;c=2"' in text
    assert 'rel="noopener noreferrer nofollow"' in text
    assert "</a>. Да" in text


def test_a_fact_is_marked_where_it_stands_and_a_rejected_one_is_not() -> None:
    (_, text), = shown("Заказ 123 и 456", [], fact(6, 9), fact(12, 15, state="rejected"))
    assert text == 'Заказ <mark class="fact" data-fact="7">123</mark> и 456'


def test_a_fact_inside_an_address_marks_the_whole_address() -> None:
    (_, text), = shown("см. https://ozon.ru/?order=123 да", [], fact(27, 30))
    assert re.fullmatch(r'см\. <mark class="fact" data-fact="7"><a .*>https://ozon.ru/\?order=123</a></mark> да', text)


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(-3, 70), st.integers(-3, 70)), max_size=6),
       st.lists(st.tuples(st.integers(-3, 70), st.integers(-3, 70)), max_size=6))
def test_whatever_the_spans_the_whole_text_is_shown(
        text: str, folds: list[tuple[int, int]], spans: list[tuple[int, int]]) -> None:
    good = [[a, b] for a, b in folds if 0 <= a < b <= len(text)]
    pieces = conversation.pieces(Message(text=text, folds=good), [fact(a, b) for a, b in spans])
    plain = html.unescape(re.sub(r"</?(?:mark|a)\b[^<>]*>", "", "".join(str(p.html) for p in pieces)))
    assert re.sub(r"\s", "", plain) == re.sub(r"\s", "", text)
