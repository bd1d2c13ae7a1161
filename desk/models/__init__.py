"""The tables. Rows only: verbs stand in tickets, inbox, outbox, deadlines, people.

Moments are aware UTC and end in ``_at``. Text columns take NUL-free text without lone surrogates.
"""

from .base import Base, new_public_id
from .deadlines import ALERT_STATES, DEADLINE_STATES, PROOF_CLASSES, Alert, CalendarFeed, Deadline
from .escalation import (
    ANSWER_CLASSES,
    BUNDLE_STATES,
    PAPERS,
    STEP_STATES,
    SUMS,
    Authority,
    Bundle,
    ContactCheck,
    Letter,
    LetterText,
    Outcome,
    Step,
    Sum,
)
from .finding import BulkChange, NameGram, SavedView, SearchDue, SearchEntry
from .house import Counter, Heartbeat, Lease
from .mails import INBOUND_STATES, OUTBOX_STATES, InboundMail, Mailbox, Outbox, OutboxRecipient
from .notices import NOTICE_STATES, AlertNotice, MachineTime, Notice, Outage
from .people import ROLES, Person, SignInAttempt, SignInLink, User, WebSession
from .tickets import (
    CONTENTS_STATES,
    FACT_STATES,
    STAGES,
    TICKET_STATES,
    Attachment,
    Draft,
    Event,
    Fact,
    Merge,
    Message,
    Participant,
    Ticket,
)

__all__ = [
    "ALERT_STATES", "ANSWER_CLASSES", "Alert", "AlertNotice", "Attachment", "Authority", "BUNDLE_STATES", "Base",
    "BulkChange", "Bundle", "CONTENTS_STATES", "CalendarFeed", "ContactCheck", "Counter", "DEADLINE_STATES",
    "Deadline", "Draft", "Event", "FACT_STATES", "Fact", "Heartbeat", "INBOUND_STATES", "InboundMail", "Lease",
    "Letter", "LetterText", "MachineTime", "Mailbox", "Merge", "Message", "NOTICE_STATES", "NameGram", "Notice",
    "OUTBOX_STATES", "Outage", "Outbox", "OutboxRecipient", "Outcome", "PAPERS", "PROOF_CLASSES", "Participant",
    "Person", "ROLES", "STAGES", "STEP_STATES", "SUMS", "SavedView", "SearchDue", "SearchEntry", "SignInAttempt",
    "SignInLink", "Step", "Sum", "TICKET_STATES", "Ticket", "User", "WebSession", "new_public_id",
]
