"""Deadline alerts: who is told when (plan), by which letter (delivery), and who knows already (seen).

One row for each deadline, threshold and person, for ever: it is told exactly once. Nothing here sends mail.
"""

from .delivery import bounced, due_people, escalate, queue_due, settle, undelivered
from .plan import end, make, moved, reconcile, team
from .seen import acknowledge, acknowledge_all, by_token, count_unseen, link, link_token, unseen

__all__ = [
    "acknowledge", "acknowledge_all", "bounced", "by_token", "count_unseen", "due_people", "end", "escalate", "link",
    "link_token", "make", "moved", "queue_due", "reconcile", "settle", "team", "undelivered", "unseen",
]
