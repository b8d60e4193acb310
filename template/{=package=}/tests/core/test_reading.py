"""What others send is read up to a limit."""

from collections.abc import AsyncIterator

import pytest

from ...core.reading import read_at_most

pytestmark = pytest.mark.anyio


async def test_bytes_are_read_whole_or_not_at_all() -> None:
    """P6, S1: up to the limit and not a byte more; what comes after it is not waited for."""
    taken: list[bytes] = []

    async def chunks() -> AsyncIterator[bytes]:
        for chunk in (b"ab", b"", b"cd", b"e", b"f"):
            taken.append(chunk)
            yield chunk

    assert await read_at_most(6, chunks()) == b"abcdef"
    taken.clear()
    with pytest.raises(ValueError, match="more than 3 bytes"):
        await read_at_most(3, chunks())
    assert taken == [b"ab", b"", b"cd"]
