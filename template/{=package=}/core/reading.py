"""Bytes that somebody else sends, read up to a limit."""

from collections.abc import AsyncIterable


async def read_at_most(max_size: int, chunks: AsyncIterable[bytes]) -> bytes:
    """Return what `chunks` hold together. Raises ValueError as soon as that is more than `max_size` bytes."""
    data = bytearray()
    async for chunk in chunks:
        data += chunk
        if len(data) > max_size:
            raise ValueError(f"more than {max_size} bytes")
    return bytes(data)
