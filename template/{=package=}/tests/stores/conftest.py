"""The databases, until tests/conftest.py offers them to all."""

from ..databases import database, database_url

__all__ = ["database", "database_url"]
