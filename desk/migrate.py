"""Bringing a database to the tables of this version, and saying whether it is there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from .db import Database


def upgrade(database: Database) -> None:
    """Run all missing migrations; two processes may try at once, one waits for the other."""
    with database.writer.connect() as connection, connection.begin():
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(7215031)"))
        command.upgrade(config(connection), "head")


def is_current(database: Database) -> bool:
    with database.reader.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present == ScriptDirectory.from_config(config(None)).get_current_head()


def config(connection: Connection | None) -> Config:
    out = Config()
    out.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    out.attributes["connection"] = connection
    return out
