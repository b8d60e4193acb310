"""What both databases agree on: how constraints are named and how moments are kept."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, String
from sqlalchemy.types import TypeDecorator

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Every constraint has a name, so that a migration can find it again."""


class Instant(TypeDecorator[datetime]):
    """A moment: an aware datetime in, the same moment in UTC out, to the microsecond.

    PostgreSQL keeps `timestamptz`; SQLite keeps UTC as text of fixed width, which sorts as the moments do.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return `value` in UTC; raises ValueError if it is naive and could be any of several moments."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value!r}")
        return value if value.tzinfo is UTC else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return `value` as aware UTC."""
        return value if value is None or value.tzinfo is UTC else value.replace(tzinfo=UTC)


class Words(TypeDecorator[tuple[str, ...]]):
    """A short list of words without spaces, such as grant types or URIs, kept as text with spaces between them.

    Readable where it lies, and far cheaper to read than JSON.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> str | None:
        """Return the words as text; raises ValueError if one is empty or holds white space."""
        if value is None:
            return None
        words = tuple(value)
        text = " ".join(words)
        if tuple(text.split()) != words:
            raise ValueError(f"not a list of words: {words!r}")
        return text

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """Return the words."""
        return None if value is None else tuple(value.split())
