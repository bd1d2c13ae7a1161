"""What every table shares: the naming of constraints, the types of columns, addresses that give no row number away."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, LargeBinary, MetaData, Text
from sqlalchemy.orm import DeclarativeBase

from ..db import Json, Moment


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s", "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s"})
    type_annotation_map = {datetime: Moment, dict[str, Any]: Json, list[Any]: Json, str: Text, bytes: LargeBinary}


def new_public_id() -> str:
    """128 random bits: what an address of ours shows instead of a row number."""
    return uuid.uuid4().hex


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(v) for v in values)})", name=column)
