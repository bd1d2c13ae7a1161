"""What the tables of the search cannot say by themselves: SQLite's FTS5, and the triggers that note what changed.

A trigger sees every change, whichever verb, command or restore makes it, in that change's own transaction.
"""

from __future__ import annotations

from sqlalchemy import Connection

# (table, what happens, when, the ticket whose words changed; {row} is NEW, or OLD when a row leaves a ticket)
CHANGES = (
    ("ticket", "INSERT", "", "{row}.id"),
    ("ticket", "UPDATE OF subject, company_case, consumer_id, topics", "", "{row}.id"),
    ("message", "INSERT", "", "{row}.ticket_id"),
    ("message", "UPDATE OF ticket_id, text, subject, contents", "", "{row}.ticket_id"),
    ("fact", "INSERT", "NEW.message_id IS NULL", "{row}.ticket_id"),  # others come with their letter
    ("fact", "UPDATE OF ticket_id, value, state", "", "{row}.ticket_id"),
    ("letter", "INSERT", "", "{row}.ticket_id"),
    ("step", "INSERT", "", "{row}.ticket_id"),
    ("step", "UPDATE OF number, answer, addressee", "", "{row}.ticket_id"),
)
SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE search_index USING fts5(tokens, content='search_entry', content_rowid='ticket_id', "
    "detail='none', tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER search_entry_insert AFTER INSERT ON search_entry BEGIN "
    "INSERT INTO search_index (rowid, tokens) VALUES (NEW.ticket_id, NEW.tokens); END",
    "CREATE TRIGGER search_entry_delete AFTER DELETE ON search_entry BEGIN "
    "INSERT INTO search_index (search_index, rowid, tokens) VALUES ('delete', OLD.ticket_id, OLD.tokens); END",
)
PERSON = "SELECT id FROM ticket WHERE consumer_id = NEW.id"


def create(connection: Connection) -> None:
    """The virtual table (SQLite) and all triggers."""
    if connection.dialect.name == "sqlite":
        for statement in SQLITE_INDEX:
            connection.exec_driver_sql(statement)
    else:
        connection.exec_driver_sql("CREATE INDEX ix_search_entry_tokens ON search_entry USING gin (tokens)")
    for number, (table, event, when, ticket) in enumerate(CHANGES):
        values = [f"VALUES ({ticket.format(row='NEW')})"]
        if "ticket_id," in event:  # what leaves a ticket changes two of them
            values.append(f"VALUES ({ticket.format(row='OLD')})")
        _trigger(connection, f"search_due_{table}_{number}", table, event, when, values)
    _trigger(connection, "search_due_person", "person", "UPDATE OF name, address", "", [PERSON])


def drop(connection: Connection) -> None:
    """Before the tables go; triggers go with their tables."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("DROP TABLE search_index")
        return
    connection.exec_driver_sql("DROP FUNCTION search_due_person CASCADE")
    for number, (table, *_rest) in enumerate(CHANGES):
        connection.exec_driver_sql(f"DROP FUNCTION search_due_{table}_{number} CASCADE")


def _trigger(connection: Connection, name: str, table: str, event: str, when: str, sources: list[str]) -> None:
    work = " ".join(f"INSERT INTO search_due (ticket_id) {source};" for source in sources)
    when = f"WHEN ({when})" if when else ""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"CREATE TRIGGER {name} AFTER {event} ON {table} {when} BEGIN {work} END")
        return
    connection.exec_driver_sql(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                               f"$$ BEGIN {work} RETURN NULL; END $$")
    connection.exec_driver_sql(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {when} "
                               f"EXECUTE FUNCTION {name}()")
