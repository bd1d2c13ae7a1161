"""What is known about a case, as the words a letter needs: name → words and where they come from.

Nothing is guessed silently: every value says whether a person confirmed it, and the person who writes the
letter sees and may change each one before it is frozen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from .directory import Body
from .letters import numerals
from .models import Fact, Letter, Message, Step, Ticket, User
from .settings import Settings

SURE = ("confirmed", "corrected")
FROM_FACTS = {"consumer_name": "name", "consumer_phone": "phone", "consumer_address": "address",
              "order_number": "order_number", "product": "product", "seller_name": "seller",
              "seller_inn": "inn", "page_address": "product_url"}
DATES = {"order_date": "order_date", "delivered_on": "delivery_date", "promised_on": "promised_date"}
SUMS = ("price", "claimed", "claim_total", "moral")  # each has its words beside it: price_words, …
LONGEST_STORY = 4000


@dataclass(frozen=True)
class Known:
    """`sure`: a person confirmed it, or it is ours (today's date, our own name)."""

    words: str
    source: str  # fact, letter (written before), mail, directory, desk
    sure: bool = False


def known(session: Session, conf: Settings, ticket: Ticket, *, body: Body | None, marketplace: str, author: User,
          now: datetime) -> dict[str, Known]:
    """Every value that can be said of this case today; later sources of the list below win over earlier ones.

    `marketplace`: its name as people write it, '' when none is known.
    """
    today = now.astimezone(ZoneInfo(conf.desk.timezone)).date()
    return {
        **_from_mail(session, ticket), **_from_facts(ticket.facts), **_from_last_letter(session, ticket),
        **_from_directory(body), **_from_steps(session, ticket),
        **({"marketplace": Known(marketplace, "fact")} if marketplace else {}),
        "today": Known(numerals.day(today), "desk", True), "ticket_number": Known(str(ticket.number), "desk", True),
        "advocate_name": Known(author.name, "desk", True), "desk_name": Known(conf.desk.name, "desk", True),
    }


def with_words(values: Mapping[str, str]) -> dict[str, str]:
    """Sums typed as «24 990,50» become «24 990 руб. 50 коп.» with their words beside them; others stay as they are."""
    out = {name: value.strip() for name, value in values.items()}
    for name in SUMS:
        amount = money_of(out.get(name, ""))
        if amount is not None:
            out[name], out[f"{name}_words"] = numerals.money(amount), numerals.money_in_words(amount)
    return out


def money_of(text: str) -> Decimal | None:
    """The sum in «24 990 руб. 50 коп.», «24990,5» or «24990.50»; None when it is no sum."""
    plain = "".join(text.split()).lower().replace(",", ".")
    roubles, _, kopecks = plain.replace("руб.", "р").replace("₽", "р").replace("коп.", "").partition("р")
    try:
        value = Decimal(roubles) + (Decimal(kopecks) / 100 if kopecks else 0)
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 <= value < 10**10 else None


def paid(ticket: Ticket) -> Decimal | None:
    """The sum the case is about: a confirmed one, else the one found with the most confidence."""
    found = best([f for f in ticket.facts if f.kind == "amount"])
    return money_of(found.value) if found else None


def _from_mail(session: Session, ticket: Ticket) -> dict[str, Known]:
    out: dict[str, Known] = {}
    if ticket.consumer is not None:
        out["consumer_email"] = Known(ticket.consumer.address, "mail", True)
        out["consumer_name"] = Known(ticket.consumer.name, "mail")
    if ticket.subject:
        out["subject"] = Known(ticket.subject, "mail")
    first = session.scalar(select(Message).where(
        Message.ticket_id == ticket.id, Message.direction == "in", Message.unconfirmed.is_(False)).order_by(
        Message.id).limit(1))
    if first is not None:
        out["problem"] = Known(_own_words(first)[:LONGEST_STORY], "mail")
    return {name: value for name, value in out.items() if value.words}


def _own_words(message: Message) -> str:
    """The letter without what it quotes."""
    text, out, position = message.text, [], 0
    for start, end in sorted((int(s), int(e)) for s, e in message.folds):
        out.append(text[position:max(position, start)])
        position = max(position, end)
    return "".join([*out, text[position:]]).strip()


def _from_facts(facts: Sequence[Fact]) -> dict[str, Known]:
    out: dict[str, Known] = {}
    for name, kind in {**FROM_FACTS, **DATES}.items():
        found = best([f for f in facts if f.kind == kind])
        if found is not None:
            words = _day_words(found.value) if name in DATES else found.value
            out[name] = Known(words, "fact", found.state in SURE)
    found = best([f for f in facts if f.kind == "amount"])
    amount = money_of(found.value) if found else None
    if found is not None and amount is not None:
        sure = found.state in SURE
        out["price"] = Known(numerals.money(amount), "fact", sure)
        out["price_words"] = Known(numerals.money_in_words(amount), "fact", sure)
    return out


def best(facts: Sequence[Fact]) -> Fact | None:
    """The one to believe: what a person confirmed, then what was found with the most confidence."""
    alive = [f for f in facts if f.state != "rejected"]
    return max(alive, key=lambda f: (f.state in SURE, f.confidence, -f.id), default=None)


def _day_words(value: str) -> str:
    try:
        return numerals.day(date.fromisoformat(value))
    except ValueError:
        return value


def _from_last_letter(session: Session, ticket: Ticket) -> dict[str, Known]:
    """What a person wrote into the letter before need not be written again."""
    last = session.scalar(select(Letter).where(Letter.ticket_id == ticket.id).order_by(Letter.id.desc()).limit(1))
    return {name: Known(str(words), "letter", True) for name, words in last.facts.items()} if last is not None else {}


def _from_directory(body: Body | None) -> dict[str, Known]:
    if body is None:
        return {"addressee_name": Known("", "directory"), "addressee_address": Known("", "directory")}
    return {"addressee_name": Known(body.entity or body.title_ru, "directory"),
            "addressee_address": Known(body.address, "directory")}


def _from_steps(session: Session, ticket: Ticket) -> dict[str, Known]:
    claim = session.scalar(select(Step).where(
        Step.ticket_id == ticket.id, Step.key.in_(("claim_seller", "claim_marketplace")),
        Step.state.in_(("sent", "answered"))).order_by(Step.id.desc()).limit(1))
    if claim is None or claim.sent_on is None:
        return {}
    result = f"Ответ: {claim.answer}" if claim.answer else "Ответа по существу до сегодняшнего дня нет."
    return {"claim_sent_on": Known(numerals.day(claim.sent_on), "desk", True),
            "claim_result": Known(result, "desk", True), "respondent_name": Known(claim.addressee, "desk")}
