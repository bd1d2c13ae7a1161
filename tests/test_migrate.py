"""The migrations give exactly the tables of desk/models, on both databases, and back."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.schema import SchemaItem

from desk import migrate
from desk.db import Database
from desk.models import Base


def test_the_migrations_give_the_tables_of_the_models(database: Database) -> None:
    with database.writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _ours, "include_object": _wanted})
        assert compare_metadata(context, Base.metadata) == []
    assert migrate.is_current(database)


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and str(name).startswith("search_index"))  # SQLite's FTS5 keeps tables of its own


def _wanted(thing: SchemaItem, name: str | None, _kind: str, reflected: bool, _other: object) -> bool:
    return reflected or name != "ix_search_entry_tokens"  # of PostgreSQL alone


def test_they_can_be_taken_back(database: Database) -> None:
    with database.writer.connect() as connection, connection.begin():
        command.downgrade(migrate.config(connection), "base")
    assert not migrate.is_current(database)
    migrate.upgrade(database)
    assert migrate.is_current(database)
