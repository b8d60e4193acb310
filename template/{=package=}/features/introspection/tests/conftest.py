"""What the tests of this room may ask for beside the usual."""

from ....tests.cli.conftest import command, settled

__all__ = ["command", "settled"]
