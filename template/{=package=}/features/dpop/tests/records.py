"""A store for tests of what is kept: it is one, and it has a log."""

from datetime import datetime


class RecordsInMemory:
    """Records in a dict. Nodes that are given the same one share it."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], tuple[datetime, str]] = {}
        self.calls: list[str] = []

    async def add(self, kind: str, key: str, *, now: datetime, expires_at: datetime, value: str = "") -> bool:
        self.calls.append(f"add {kind}")
        if self._find(kind, key, now) is not None:
            return False
        self.records[kind, key] = (expires_at, value)
        return True

    async def find(self, kind: str, key: str, *, now: datetime) -> str | None:
        self.calls.append(f"find {kind}")
        return self._find(kind, key, now)

    async def take(self, kind: str, key: str, *, now: datetime) -> str | None:
        self.calls.append(f"take {kind}")
        value = self._find(kind, key, now)
        if value is not None:
            del self.records[kind, key]
        return value

    def _find(self, kind: str, key: str, now: datetime) -> str | None:
        assert 1 <= len(key) <= 4096, "the real ones take no other key"
        expires_at, value = self.records.get((kind, key), (now, ""))
        return value if expires_at > now else None
