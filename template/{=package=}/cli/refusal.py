"""Refusals: what the operator can mend, told in a line."""


class Refusal(Exception):
    """The command cannot do it. Each argument is one line that says what is wrong and how to mend it."""

    @property
    def lines(self) -> list[str]:
        """What to print."""
        return [str(line) for line in self.args]


def lines_of(error: Exception) -> list[str]:
    """Return the lines that explain `error`; none if it is our own fault and deserves its traceback."""
    if isinstance(error, Refusal):
        return error.lines

    # Imported late: whoever raised one of these has paid for its module already.
    from ..app import ConfigurationError, find_misfits
    from ..core.keys import KeyStoreError
    from ..database import DatabaseUnavailable
    from ..database.migrating import MigrationError

    match error:
        case ImportError() | TypeError() | AttributeError():  # from a policy that nobody had looked at yet?
            return find_misfits()
        case ConfigurationError() | KeyStoreError() | DatabaseUnavailable() | MigrationError():
            return [str(error)]
        case OSError(filename=filename, strerror=reason) if filename:
            return [f"{filename}: {reason}"]
        case _:
            return []
