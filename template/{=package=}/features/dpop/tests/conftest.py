"""What the tests of this room may ask for beside the usual."""

from ....tests.cli.conftest import command, settled
from ....tests.ephemeral_stores import shared_url

__all__ = ["command", "settled", "shared_url"]
