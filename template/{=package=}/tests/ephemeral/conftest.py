"""What the tests of ephemeral stores may ask for."""

from ..ephemeral_stores import place

__all__ = ["place"]
