"""The words of an alert: ticket, what ends and when, how to acknowledge. Never the consumer's text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from .. import lawbook
from ..law.source import LawDataError
from ..models import Alert, Deadline, Outage, Ticket, User
from ..settings import Settings
from . import plan, seen


def one(conf: Settings, alerts: list[Alert]) -> tuple[str, str]:
    """Subject and text about one deadline."""
    number = alerts[-1].deadline.ticket.number
    return f"{_mark(alerts)}{_state(alerts[-1])} — обращение № {number}", _paragraph(conf, alerts)


def digest(conf: Settings, alerts: Sequence[Alert]) -> tuple[str, str]:
    """Subject and text of many alerts in one letter, the most urgent deadline first."""
    by_deadline = sorted(alerts, key=lambda a: (a.deadline.due_at, a.deadline_id, a.due_at, a.id))
    parts = [_paragraph(conf, list(group)) for _, group in groupby(by_deadline, key=lambda a: a.deadline_id)]
    text = "\n\n".join([f"Сроки, о которых пора знать: {len(parts)}", *parts])
    return f"{_mark(alerts)}Сроки: {len(parts)}", text


def morning(conf: Settings, user: User, on: date, groups: Iterable[tuple[str, Sequence[Deadline]]],
            unanswered: Sequence[Ticket], most: int) -> tuple[str, str]:
    """Subject and text of the letter about the day."""
    found = [(name, [f"№ {d.ticket.number}: {_title(d)} — до {d.due:%d.%m.%Y}" for d in deadlines])
             for name, deadlines in groups]
    found.append(("Без ответа", [f"№ {t.number} (последнее письмо {t.last_message_at:%d.%m.%Y})" for t in unanswered]))
    parts = ["\n".join([f"{name}: {len(lines)}", *_cut(lines, most)]) for name, lines in found if lines]
    subject = ", ".join(f"{name.lower()}: {len(lines)}" for name, lines in found if lines)
    return (f"{on:%d.%m.%Y} — {subject}",
            "\n\n".join([*parts, f"Все сроки: {conf.desk.base_url}/deadlines?assignee={user.id}"]))


def outage(conf: Settings, outage: Outage, title: str, person: User | None) -> tuple[str, str]:
    """A channel that was switched off; `person`: only for that one."""
    page = f"{conf.desk.base_url}/{'account' if person else 'health'}"
    return (f"{title}: оповещения туда больше не уходят",
            f"{title} отключён{' для вас' if person else ''}: {outage.error}\n"
            f"Оповещения приходят почтой и видны в программе. Включить снова: {page}")


def paused(conf: Settings, deadline: Deadline, on: date) -> tuple[str, str]:
    """A clock that has stood still for long."""
    days = (on - deadline.paused_on).days if deadline.paused_on else 0
    number = deadline.ticket.number
    return (f"Срок стоит на паузе дней: {days} — обращение № {number}",
            f"Обращение № {number}: {_title(deadline)}.\n"
            f"Пауза с {deadline.paused_on:%d.%m.%Y}: {deadline.pause_reason}\n"
            f"Пока срок на паузе, о нём никто не оповещается.\nОткрыть: {conf.desk.base_url}/tickets/{number}")


def jump(conf: Settings, host: str, seconds: int) -> tuple[str, str]:
    """The time of a machine is not believed."""
    way = "вперёд" if seconds > 0 else "назад"
    return ("Часы машины переведены: оповещения задержаны",
            f"Часы машины {host} прыгнули {way} на {abs(seconds) // 60} мин. Пока неясно, какое время верно, "
            f"оповещения о сроках не уходят; часов до отправки без подтверждения: {conf.alerts.jump_hold_hours:g}.\n"
            f"Проверьте время машины. Если оно верно, подтвердите это: {conf.desk.base_url}/health")


def canary(conf: Settings, on: date) -> tuple[str, str]:
    """The daily proof that letters leave."""
    return (f"Проверка связи {on:%d.%m.%Y}: оповещения уходят",
            "Это письмо приходит каждый день. Если оно не пришло, оповещения о сроках не доходят: откройте "
            f"{conf.desk.base_url}/health")


def facts(conf: Settings, alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """The same for programs: one object for each alert."""
    return [{"ticket": a.deadline.ticket.number, "deadline": a.deadline.public_id, "rule": a.deadline.rule,
             "title": _title(a.deadline), "due": a.deadline.due.isoformat(), "raw_due": a.deadline.raw_due.isoformat(),
             "threshold": a.threshold, "late": a.late, "escalated": a.escalated_from is not None,
             "url": f"{conf.desk.base_url}/tickets/{a.deadline.ticket.number}",
             "acknowledge_url": seen.link(conf, a)} for a in alerts]


def _paragraph(conf: Settings, alerts: list[Alert]) -> str:
    """What is to be said about one deadline; of several thresholds the last one counts."""
    newest, deadline = alerts[-1], alerts[-1].deadline
    lines = [f"Обращение № {deadline.ticket.number}: {_title(deadline)}.", f"{_state(newest)} ({newest.threshold}).",
             f"Как посчитано: {deadline.explanation_ru}"]
    if not deadline.confirmed:
        lines.append("Правило или календарь ещё не подтверждены юристом.")
    lines += [_escalation(conf, alert) for alert in alerts if alert.escalated_from is not None]
    lines += [_lateness(conf, alert) for alert in alerts if alert.late]
    return "\n".join([*lines, f"Открыть: {conf.desk.base_url}/tickets/{deadline.ticket.number}",
                      f"Принято к сведению: {seen.link(conf, newest)}"])


def _cut(lines: Sequence[str], most: int) -> list[str]:
    return [*lines[:most], f"и ещё {len(lines) - most}"] if len(lines) > most else list(lines)


def _mark(alerts: Sequence[Alert]) -> str:
    late = "С опозданием: " if any(a.late for a in alerts) else ""
    return f"Эскалация: {late.lower()}" if any(a.escalated_from for a in alerts) else late


def _state(alert: Alert) -> str:
    deadline = alert.deadline
    due = f"{deadline.due:%d.%m.%Y}"
    if deadline.start_at is not None:  # in hours
        due += f"{deadline.due_at.astimezone(ZoneInfo(deadline.timezone)): %H:%M}"
    return f"Срок истёк {due}" if alert.threshold.startswith(plan.OVERDUE) else f"Срок {due}"


def _title(deadline: Deadline) -> str:
    try:
        rule = lawbook.known_rules().get(deadline.rule)
    except LawDataError:  # a mistake in the file of the rules: the alert goes out all the same
        rule = None
    return rule.title_ru if rule else deadline.rule


def _escalation(conf: Settings, alert: Alert) -> str:
    source = alert.escalated_from
    assert source is not None
    if source.state == "failed":
        return f"Эскалация: оповещение не дошло — {source.user.name}."
    return f"Эскалация: нет подтверждения — {source.user.name} (рабочих часов: {conf.alerts.escalate_hours:g})."


def _lateness(conf: Settings, alert: Alert) -> str:
    local = alert.due_at.astimezone(ZoneInfo(conf.desk.timezone))
    return f"Отправлено с опозданием ({alert.threshold}): должно было уйти {local:%d.%m.%Y %H:%M}."
