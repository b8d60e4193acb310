"""What may be used once and is soon forgotten, for the features that need it: sweeping, looking after, closing."""

from ..ephemeral import OpenedStore
from ..feature import Feature


def feature(store: OpenedStore) -> Feature:
    """Return the room that looks after the store which other features use."""
    return Feature(
        name="ephemeral",
        specification="",
        expirable=store.expirable,
        examine=store.examine,
        close=store.close,
    )
