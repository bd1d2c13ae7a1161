"""Deadline alerts: who is told when (plan), by which letter (delivery), and who knows already (seen).

One row for each deadline, threshold and person, for ever: it is told exactly once. Nothing here sends mail.
"""

from . import canary, channels, morning, reports
from .delivery import bounced, due_people, escalate, queue_due, settle, undelivered
from .notices import WriteMail, drain, outages, personal, put, switch_on
from .plan import end, make, moved, reconcile
from .seen import acknowledge, acknowledge_all, by_token, count_unseen, link, link_token, unseen
from .whose import is_away, team

__all__ = [
    "WriteMail", "acknowledge", "acknowledge_all", "bounced", "by_token", "canary", "channels", "count_unseen", "drain",
    "due_people", "end", "escalate", "is_away", "link", "link_token", "make", "morning", "moved", "outages", "personal",
    "put", "queue_due", "reconcile", "reports", "settle", "switch_on", "team", "undelivered", "unseen",
]
