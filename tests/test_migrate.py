"""The migrations give exactly the tables of desk/models, on both databases, and back."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from desk import migrate
from desk.db import Database
from desk.models import Base


def test_the_migrations_give_the_tables_of_the_models(database: Database) -> None:
    with database.writer.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    assert migrate.is_current(database)


def test_they_can_be_taken_back(database: Database) -> None:
    with database.writer.connect() as connection, connection.begin():
        command.downgrade(migrate.config(connection), "base")
    assert not migrate.is_current(database)
    migrate.upgrade(database)
    assert migrate.is_current(database)
