"""Words and formats for the pages: states, stages, reasons, moments, days left. Everything goes through gettext."""

from __future__ import annotations

import functools
import hashlib
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import flask_bootstrap
from flask import Flask, current_app, g, url_for
from flask_babel import format_date, format_datetime, get_locale, lazy_gettext, ngettext
from flask_babel import gettext as _
from markupsafe import Markup

from .. import alerts, deadlines
from ..ladder import Step as Rung
from ..law.rates import Rate
from ..law.rules import Rule
from ..law.words import Said
from ..models import Deadline, Fact, Ticket, User
from . import request as desk
from .trusting import sender_check, sender_doubts

VIEWS = {"mine": lazy_gettext("Mine"), "unassigned": lazy_gettext("Unassigned"), "overdue": lazy_gettext("Overdue"),
         "week": lazy_gettext("Due this week"), "waiting": lazy_gettext("Waiting for the consumer"),
         "company": lazy_gettext("Waiting for the company"), "body": lazy_gettext("Waiting for a state body or bank"),
         "all": lazy_gettext("All open"), "closed": lazy_gettext("Closed tickets")}
VIEW_ICONS = {"mine": "person", "unassigned": "inbox", "overdue": "alarm", "week": "calendar-week",
              "waiting": "hourglass-split", "company": "shop", "body": "bank", "all": "collection",
              "closed": "archive"}
STATES = {"open": lazy_gettext("Open"), "waiting": lazy_gettext("Waiting"), "closed": lazy_gettext("Closed")}
STAGES = {"check": lazy_gettext("Check"), "support": lazy_gettext("Marketplace support"),
          "claim": lazy_gettext("Formal claim"), "payment": lazy_gettext("Bank"),
          "regulator": lazy_gettext("Regulator"), "court": lazy_gettext("Court")}
ROLES = {"advocate": lazy_gettext("Advocate"), "lead": lazy_gettext("Lead"), "admin": lazy_gettext("Admin")}
MARKETPLACES = {"ozon": "Ozon", "wildberries": "Wildberries", "yandex_market": "Яндекс Маркет",
                "aliexpress": "AliExpress", "megamarket": "Мегамаркет", "avito": "Авито", "lamoda": "Lamoda",
                "other": lazy_gettext("another shop")}

FACT_KINDS = {
    "order_number": lazy_gettext("Order number"), "order_date": lazy_gettext("Order date"),
    "amount": lazy_gettext("Sum"),
    "receipt": lazy_gettext("Receipt"), "tracking_number": lazy_gettext("Tracking number"),
    "phone": lazy_gettext("Phone"), "marketplace": lazy_gettext("Marketplace"),
    "delivery_date": lazy_gettext("Delivery date"), "refusal_date": lazy_gettext("Refusal date"),
    "promised_date": lazy_gettext("Promised by"), "case_number": lazy_gettext("Company's case number"),
    "other_amount": lazy_gettext("Another sum"), "return_date": lazy_gettext("Returned on"),
    "claim_date": lazy_gettext("Claim sent on"), "other_date": lazy_gettext("Another date"),
    "company_phone": lazy_gettext("Company's phone"), "seller": lazy_gettext("Seller"),
    "inn": lazy_gettext("Seller's INN"), "ogrn": lazy_gettext("Seller's OGRN"),
    "bank_account": lazy_gettext("Bank account"), "article": lazy_gettext("Item number"),
    "product_url": lazy_gettext("Product page"), "name": lazy_gettext("Name"), "address": lazy_gettext("Address"),
}
LAWS = {  # what stands in place of a law in config/deadlines.toml
    "desk policy (proposal)": lazy_gettext("rule of the desk (proposal)"),
    "the company's own promise": lazy_gettext("the company's own promise"),
    "payment-system rules (contractual)": lazy_gettext("rules of the payment systems (contract)"),
    "rules of ПС «Мир» (НСПК), contractual": lazy_gettext("rules of the payment system Mir (contract)"),
    "service practice (published advice on complaining to Ozon)": lazy_gettext("practice of the service"),
    "Правила (term to be checked in the text)": lazy_gettext("Rules (the term is still to be checked)"),
    "внутренняя система досудебного рассмотрения жалоб (article number to be checked)":
        lazy_gettext("complaints before court (the article is still to be checked)"),
}
MISSING = {
    "order_number": lazy_gettext("order number"), "order_date": lazy_gettext("order date"),
    "product": lazy_gettext("what was bought"), "description": lazy_gettext("what happened"),
    "demand": lazy_gettext("what the consumer wants"), "photos_or_documents": lazy_gettext("photos or documents"),
    "name": lazy_gettext("name"), "phone": lazy_gettext("phone"), "address": lazy_gettext("postal address"),
    "receipt": lazy_gettext("receipt or another proof of payment"),
    "bank_account": lazy_gettext("account for the refund"),
}
TOPICS = {
    "not_delivered": lazy_gettext("not delivered"), "damaged": lazy_gettext("damaged"),
    "wrong_item": lazy_gettext("wrong item"), "defect": lazy_gettext("defect"),
    "refused_refund": lazy_gettext("refund refused"), "return_pickup": lazy_gettext("return not picked up"),
    "warranty": lazy_gettext("warranty"), "counterfeit": lazy_gettext("counterfeit"),
    "bonus": lazy_gettext("bonus points"),
    "account": lazy_gettext("account"), "payment": lazy_gettext("payment"),
    "price_ad": lazy_gettext("price or advertising"), "seller_conduct": lazy_gettext("conduct of the seller"),
    "support": lazy_gettext("work of the support"), "ethics": lazy_gettext("ethics"),
    "personal_data": lazy_gettext("personal data"), "other": lazy_gettext("other topics"),
}
LETTER_FACTS = {
    "addressee_name": lazy_gettext("To whom"), "addressee_address": lazy_gettext("Addressee's address"),
    "consumer_name": lazy_gettext("Consumer's name"), "consumer_address": lazy_gettext("Consumer's postal address"),
    "consumer_phone": lazy_gettext("Consumer's phone"), "consumer_email": lazy_gettext("Consumer's e-mail"),
    "order_number": lazy_gettext("Order number"), "order_date": lazy_gettext("Order date"),
    "product": lazy_gettext("Item"), "price": lazy_gettext("Price paid"), "marketplace": lazy_gettext("Marketplace"),
    "seller_name": lazy_gettext("Seller"), "seller_inn": lazy_gettext("Seller's INN"),
    "delivered_on": lazy_gettext("Handed over on"), "promised_on": lazy_gettext("Promised by"),
    "problem": lazy_gettext("What happened"), "bank_details": lazy_gettext("Bank details for the refund"),
    "claimed": lazy_gettext("Sum demanded"), "damages": lazy_gettext("What the damages are"),
    "refusal_sent_on": lazy_gettext("Refusal sent to the seller on"), "subject": lazy_gettext("Subject"),
    "demand": lazy_gettext("What is asked for"), "paid_on": lazy_gettext("Paid on"),
    "card_tail": lazy_gettext("Last four digits of the card"), "merchant": lazy_gettext("Payee on the statement"),
    "claim_sent_on": lazy_gettext("Claim sent on"), "claim_result": lazy_gettext("What came of the claim"),
    "seen_on": lazy_gettext("Seen on"), "page_address": lazy_gettext("Address of the page"),
    "bank_name": lazy_gettext("Bank"), "bank_asked_on": lazy_gettext("Bank asked on"),
    "bank_request": lazy_gettext("What the bank was asked"), "bank_answer": lazy_gettext("What the bank answered"),
    "done": lazy_gettext("What was done"), "waiting_for": lazy_gettext("What we wait for"),
    "until": lazy_gettext("Until which date"), "to_do": lazy_gettext("What the consumer has to do"),
    "claim_total": lazy_gettext("Value of the claim"), "moral": lazy_gettext("Moral damage"),
    "respondent_name": lazy_gettext("Respondent"), "respondent_address": lazy_gettext("Respondent's address"),
    "penalty_sum": lazy_gettext("Penalty to date"), "penalty_table": lazy_gettext("penalty calculation"),
    "annex_table": lazy_gettext("list of annexes"), "missing_table": lazy_gettext("what is missing"),
}
CHANNELS = {
    "chat": lazy_gettext("chat"), "form": lazy_gettext("form on the site"), "email": lazy_gettext("e-mail"),
    "phone": lazy_gettext("phone"), "post": lazy_gettext("paper post"), "portal": lazy_gettext("state portal"),
    "visit": lazy_gettext("in person"), "web": lazy_gettext("web page"),
}
ANSWERS = {"met": lazy_gettext("done as demanded"), "partial": lazy_gettext("a part, or a promise"),
           "refused": lazy_gettext("a refusal"), "asks": lazy_gettext("asks for data or papers"),
           "no_answer": lazy_gettext("no answer to the matter")}
CONTACTS = {"unconfirmed": lazy_gettext("not confirmed"), "confirmed": lazy_gettext("confirmed"),
            "disputed": lazy_gettext("sources disagree"), "dead": lazy_gettext("no longer works")}
SUMS = {"claimed": lazy_gettext("demanded"), "offered": lazy_gettext("offered"), "paid": lazy_gettext("paid"),
        "penalty": lazy_gettext("penalty"), "fine": lazy_gettext("fine"), "costs": lazy_gettext("court costs")}
PAPERS = {"consent": lazy_gettext("consent to use personal data"), "power": lazy_gettext("power of attorney")}
STEP_STATES = {"prepared": lazy_gettext("prepared"), "sent": lazy_gettext("sent"),
               "answered": lazy_gettext("answered"), "skipped": lazy_gettext("skipped"),
               "cancelled": lazy_gettext("cancelled")}
SOURCES = {"fact": lazy_gettext("found in the letters"), "letter": lazy_gettext("from the letter before"),
           "mail": lazy_gettext("from the consumer's mail"), "directory": lazy_gettext("from the directory"),
           "desk": lazy_gettext("ours"), "law": lazy_gettext("counted by the desk")}
END_REASONS = {
    "ticket_closed": lazy_gettext("the ticket was closed"), "reply_sent": lazy_gettext("a reply was sent"),
    "moved": lazy_gettext("its letters were moved"), "rule": lazy_gettext("the rule changed"),
    "calendar": lazy_gettext("the calendar changed"),
}
WARNINGS = {
    "too_large": lazy_gettext("This letter was too large to fetch whole: the rest is in the mailbox."),
    "by_hand": lazy_gettext("Made by hand from a mail that could not be read."),
    "encrypted": lazy_gettext("This letter is encrypted and cannot be read here. Ask for it without encryption."),
}
MAIL_KINDS = {
    "auto_reply": lazy_gettext("automatic answer"), "bounce": lazy_gettext("delivery report"),
    "list": lazy_gettext("mailing list"), "receipt": lazy_gettext("read receipt"),
    "ack": lazy_gettext("automatic acknowledgement"), "note": lazy_gettext("internal note"),
    "reply": lazy_gettext("reply"),
}
PROOFS = {"post": lazy_gettext("postal delivery"), "portal": lazy_gettext("number given by a portal or form"),
          "reply": lazy_gettext("answer of the company"), "goods": lazy_gettext("handing over of the goods"),
          "own": lazy_gettext("our own sending"), "other": lazy_gettext("something else")}
WHOSE = {"them": lazy_gettext("The other side must act"), "us": lazy_gettext("The consumer must act or loses a right"),
         "desk": lazy_gettext("Our own promise")}


def register(app: Flask) -> None:
    app.context_processor(_values)
    app.add_template_filter(moment)
    app.add_template_filter(day)
    app.add_template_filter(initials)
    app.add_template_filter(size)


def _values() -> dict[str, Any]:
    """What every template may use."""
    functions = (asset, icon, deadline_title, event_words, marketplace_name, fact_kind, receipt_parts, unit_name,
                 rung_title, said, rubles, fact_words, law_words, sender_check, sender_doubts)
    return {function.__name__: function for function in functions} | {
        "MISSING": MISSING, "WARNINGS": WARNINGS, "MAIL_KINDS": MAIL_KINDS, "WHOSE": WHOSE, "STATES": STATES,
        "PROOFS": PROOFS, "END_REASONS": END_REASONS, "CHANNELS": CHANNELS, "STEP_STATES": STEP_STATES,
        "SOURCES": SOURCES, "PAPERS": PAPERS, "SUMS": SUMS, "CONTACTS": CONTACTS,
        "ANSWERS": ANSWERS, "STAGES": STAGES, "ROLES": ROLES, "VIEWS": VIEWS,
        "VIEW_ICONS": VIEW_ICONS, "desk_name": desk.conf().desk.name, "unseen_alerts": _unseen(), "now": desk.now}


def _unseen() -> int:
    """How many alerts the bell shows; one query for a page."""
    user: User | None = g.get("user")
    if user is None:
        return 0
    return alerts.count_unseen(desk.reading(), user)


# --- moments -----------------------------------------------------------------------------------


def zone() -> ZoneInfo:
    return ZoneInfo(desk.conf().desk.timezone)


def moment(at: datetime | None) -> str:
    """«24 нояб., 11:32», with the year when it is not this one."""
    if at is None:
        return ""
    this_year = at.astimezone(zone()).year == desk.now().astimezone(zone()).year
    return str(format_datetime(at, "d MMM, HH:mm" if this_year else "d MMM y, HH:mm"))


def day(on: date | datetime | None) -> str:
    if on is None:
        return ""
    if isinstance(on, datetime):
        on = on.astimezone(zone()).date()
    return str(format_date(on, "d MMM" if on.year == desk.now().astimezone(zone()).year else "d MMM y"))


def deadline_title(rule_id: str) -> str:
    rule = deadlines.known_rules().get(rule_id)
    if rule is None:
        return rule_id
    return rule.title_ru if in_russian() else rule.title_en


def event_words(key: str) -> str:
    """«товар получен»: how the words call what starts a clock."""
    return said(deadlines.known_rules().event(key))


def unit_name(rule: Rule) -> str:
    """«дней», «рабочих дней», «месяца»: the unit after the rule's number."""
    number = rule.length
    if rule.day_kind == "working":
        return str(ngettext("working day", "working days", number))
    names = {"day": ngettext("day", "days", number), "week": ngettext("week", "weeks", number),
             "month": ngettext("month", "months", number), "year": ngettext("year", "years", number),
             "hour": ngettext("hour", "hours", number)}
    return str(names[rule.unit])


def law_words(rule: Rule | Rate) -> str:
    """«ст. 22, Закон РФ 2300-1»; rules that no article gives name only where they come from."""
    return ", ".join(str(LAWS.get(text, text)) for text in (rule.article, rule.law) if text not in ("", "-"))


def said(text: Said) -> str:
    """What the law's arithmetic says, in the language of the page."""
    return text.ru if in_russian() else text.en


def rubles(value: Decimal) -> str:
    """«24 990,00»: a sum without its sign, for columns."""
    plain = f"{value:,.2f}"
    return plain.replace(",", "\u00a0").replace(".", ",") if in_russian() else plain


def fact_words(fact: Fact) -> str:
    """A sum with its sign, a day as people write it; what is neither, as it stands."""
    try:
        if fact.kind in ("amount", "other_amount"):
            return f"{rubles(Decimal(fact.value)).removesuffix(',00').removesuffix('.00')}\u00a0₽"
        return day(date.fromisoformat(fact.value)) if fact.kind.endswith("_date") else fact.value
    except (ValueError, InvalidOperation):
        return fact.value


def in_russian() -> bool:
    return str(get_locale() or "ru").startswith("ru")


def nearest(ticket: Ticket) -> Deadline | None:
    running = [d for d in ticket.deadlines if d.state == "running"]
    return min(running, key=lambda d: d.due_at, default=None)


# --- things ------------------------------------------------------------------------------------


def marketplace_name(key: str) -> str:
    return str(MARKETPLACES.get(key, key))


def initials(name: str) -> str:
    words = [w for w in name.replace("@", " ").split() if w[0].isalnum()]
    return "".join(w[0] for w in words[:2]).upper() or "?"


def size(count: int) -> str:
    """«12 КБ», «3,4 МБ»."""
    if count < 1024:
        return str(ngettext("%(num)d byte", "%(num)d bytes", count))
    if count < 1 << 20:
        return str(_("%(size)s KB", size=round(count / 1024)))
    mega = f"{count / (1 << 20):.1f}"
    return str(_("%(size)s MB", size=mega.replace(".", ",") if in_russian() else mega))


def icon(name: str) -> Markup:
    return Markup('<i class="bi bi-{}" aria-hidden="true"></i>').format(name)


def asset(name: str, endpoint: str = "static") -> str:
    """The address of a static file, with its hash: it may be cached for ever and a new version is seen at once."""
    folder = current_app.static_folder if endpoint == "static" else _bootstrap_folder()
    return url_for(endpoint, filename=name, v=_hash(Path(str(folder)) / name))


def _bootstrap_folder() -> Path:
    return Path(str(flask_bootstrap.__file__)).parent / "static" / "bootstrap5"


@functools.cache
def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def fact_kind(kind: str) -> str:
    return str(FACT_KINDS.get(kind, kind))


def rung_title(rung: Rung) -> str:
    return rung.title_ru if in_russian() else rung.title_en


def letter_fact(name: str) -> str:
    return str(LETTER_FACTS.get(name.removesuffix("_words"), name))


def today() -> date:
    return desk.now().astimezone(zone()).date()


def receipt_parts(value: str) -> dict[str, str]:
    """The parts of a receipt's QR text: t (moment), s (sum), fn, i, fp, n."""
    return dict(part.split("=", 1) for part in value.split("&") if "=" in part)
