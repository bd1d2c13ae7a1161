"""A letter being written: who it goes to, which text, each fact with where it comes from, the annexes, the preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from .. import annexes, casework, escalation, letterbook, letters
from ..annexes import Annex
from ..casework import Known
from ..directory import Body
from ..ladder import Step as Rung
from ..models import Ticket
from . import owed, words
from . import request as desk

LONG = {"problem", "damages", "bank_details", "done", "demand", "bank_request", "bank_answer", "claim_result", "to_do"}
OURS = ("today", "advocate_name", "desk_name", "ticket_number")
ADDRESSEE = ("addressee_name", "addressee_address")
Form = MultiDict[str, str]


@dataclass(frozen=True)
class Field:
    name: str
    label: str
    value: str
    source: str
    sure: bool
    long: bool


@dataclass(frozen=True)
class Draft:
    """`form`: what was posted, empty when the page is opened for the first time."""

    ticket: Ticket
    rung: Rung
    body: Body | None
    template: letters.Template | None
    known: Mapping[str, Known]
    fields: Sequence[Field]
    annexes: Sequence[Annex]
    chosen: Sequence[str]
    form: Form

    @property
    def addressee(self) -> str:
        posted = self.form.get("fact-addressee_name", "")
        typed = next((f.value for f in self.fields if f.name == "addressee_name"), posted)
        return typed.strip() or (self.body.title_ru if self.body else "")

    def facts(self) -> dict[str, str]:
        ours = {name: self.known[name].words for name in OURS}
        return casework.with_words({**ours, **{field.name: field.value for field in self.fields}})

    def tables(self) -> dict[str, list[list[str]]]:
        """Tables a letter may show: chosen annexes with their numbers, what is missing, what was done, the penalty."""
        out = {"annex_table": _annex_table([a for a in self.annexes if a.public_id in self.chosen])}
        if self.ticket.missing:
            names = (str(words.MISSING.get(key, key)) for key in self.ticket.missing)
            out["missing_table"] = [["Что прислать"], *([name] for name in names)]
        out["steps_table"] = _steps_table(self.ticket)
        late = owed.in_letter(self.ticket, self.template)
        if late is not None and (rows := owed.letter_table(late, self.form.get("fact-penalty_sum"))):
            out["penalty_table"] = rows
        return out

    def preview(self) -> tuple[str, tuple[str, ...]]:
        """The text, or what is still missing."""
        if self.template is None:
            return "", ()
        facts, tables = self.facts(), self.tables()
        missing = self.template.missing(facts, tables)
        if missing:
            return "", missing
        return self.template.fill(facts, written_on=words.today(), tables=tables).plain_text(), ()


def of(found: Ticket, rung: Rung, form: Form, *, letter: str, body: str,
       text: letters.Template | None = None) -> Draft:
    """From what is known and what was typed. `text`: a template that is only being tried."""
    bodies = escalation.bodies(rung, found)
    chosen_body = next((b for b in bodies if b.key == body), bodies[0] if bodies else None)
    template = text or _template(rung, letter)
    known = _known(found, chosen_body, template)
    if rung.to == "seller" and "seller_name" in known:
        known["addressee_name"] = known["seller_name"]
    there = annexes.of(desk.reading(), found)
    chosen = form.getlist("annex") if form else [a.public_id for a in there]
    names = [name for name in (template.places() if template else ())
             if not name.endswith(("_table", "_words")) and name != "today"]
    return Draft(found, rung, chosen_body, template, known,
                 [_field(name, known.get(name), form.get(f"fact-{name}")) for name in names], there, chosen, form)


def twin(draft: Draft) -> Draft | None:
    """The same letter to the other addressee (a claim goes to seller and marketplace); None when none is known."""
    rung = escalation.known_ladder().steps.get(draft.rung.together)
    bodies = escalation.bodies(rung, draft.ticket) if rung and draft.ticket.marketplace else []
    if rung is None or draft.template is None or not bodies:
        return None
    form: Form = MultiDict((k, v) for k, v in draft.form.items(multi=True) if k.removeprefix("fact-") not in ADDRESSEE)
    return of(draft.ticket, rung, form, letter=draft.template.key, body=bodies[0].key)


def _template(rung: Rung, wanted: str) -> letters.Template | None:
    """The chosen letter, else the first that serves the step."""
    key = wanted if wanted in rung.letters else rung.letters[0] if rung.letters else ""
    return letterbook.templates(desk.reading()).get(key)


def _known(found: Ticket, body: Body | None, template: letters.Template | None) -> dict[str, Known]:
    name = words.marketplace_name(found.marketplace) if found.marketplace else ""
    known = casework.known(desk.reading(), desk.conf(), found, body=body, marketplace=name, author=desk.user(),
                           now=desk.now())
    known.pop("penalty_sum", None)  # of an earlier letter: it has grown since
    late = owed.in_letter(found, template)
    return {**known, "penalty_sum": Known(owed.letter_sum(late), "law", late.sure)} if late else known


def _field(name: str, known: Known | None, typed: str | None) -> Field:
    value = typed if typed is not None else known.words if known else ""
    changed = typed is not None and (known is None or typed.strip() != known.words)
    return Field(name, words.letter_fact(name), value.replace("\u00a0", " "),
                 "" if changed or known is None else known.source, bool(known and known.sure), name in LONG)


def _annex_table(chosen: Sequence[Annex]) -> list[list[str]]:
    rows = [[str(number), annex.name] for number, annex in enumerate(chosen, 1)]
    return [["№", "Документ"], *(rows or [["—", "без приложений"]])]


def _steps_table(ticket: Ticket) -> list[list[str]]:
    done = [s for s in escalation.steps(desk.reading(), ticket) if s.state in escalation.TAKEN]
    return [["Когда", "Что сделано", "Ответ"], *(
        [s.sent_on.strftime("%d.%m.%Y") if s.sent_on else "",
         f"{escalation.known_ladder().steps[s.key].title_ru}: {s.addressee}", s.answer] for s in done)]
