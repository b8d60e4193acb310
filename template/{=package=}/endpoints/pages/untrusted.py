"""Text that others chose, made fit to stand in our sentences."""

_SPACE = " "
_STEERING = (
    *range(0x00, 0x20),  # control characters
    *range(0x7F, 0xA0),
    *(0x061C, 0x200E, 0x200F),  # direction marks
    *range(0x2028, 0x202F),  # line and paragraph separators, direction embeddings and overrides
    *range(0x2066, 0x206A),  # direction isolates: one of these could end the one of <bdi>
)
_TO_SPACE = dict.fromkeys(_STEERING, _SPACE)


def untrusted(text: str, limit: int = 120) -> str:
    """Return `text` on one line, cut at `limit`, without characters that steer the text around it.

    Markup is not its business: the templates escape everything.
    """
    line = _SPACE.join(text.translate(_TO_SPACE).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"
