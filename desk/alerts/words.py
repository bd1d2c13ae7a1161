"""The words of an alert: ticket, what ends and when, where to click. Never the consumer's text."""

from __future__ import annotations

from collections.abc import Sequence

from ..models import Alert
from ..settings import Settings


def one(conf: Settings, alert: Alert) -> tuple[str, str]:
    """Subject and text of a single alert."""
    ticket = alert.deadline.ticket
    return f"Срок {_when(alert)} — обращение № {ticket.number}", _lines(conf, alert)


def digest(conf: Settings, alerts: Sequence[Alert]) -> tuple[str, str]:
    """Subject and text of many alerts in one letter."""
    parts = "\n\n".join(_lines(conf, alert) for alert in alerts)
    return f"Сроки: {len(alerts)}", f"Сроки, о которых пора знать ({len(alerts)}):\n\n{parts}"


def _lines(conf: Settings, alert: Alert) -> str:
    deadline = alert.deadline
    lines = [f"Обращение № {deadline.ticket.number}: срок {_when(alert)} ({alert.threshold}).",
             f"Как посчитано: {deadline.explanation_ru}"]
    if not deadline.confirmed:
        lines.append("Правило или календарь ещё не подтверждены юристом.")
    if alert.late:
        lines.append(f"Оповещение отправлено с опозданием: должно было уйти {alert.due_at:%d.%m.%Y %H:%M} UTC.")
    return "\n".join([*lines, f"{conf.desk.base_url}/tickets/{deadline.ticket.number}"])


def _when(alert: Alert) -> str:
    return f"{alert.deadline.due:%d.%m.%Y}"
