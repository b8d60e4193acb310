"""The command line: noun, verb, one line out, and an exit code that is true.

0 is done, 1 could not be done as things are, 2 was asked the wrong way. What is wrong goes to standard error, one
line each. The standard library's argparse does it: nothing to install, and nothing to wait for.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import NoReturn

from . import commands
from .refusal import lines_of

NAME = __package__.rpartition(".")[0]
"""What the command is called: as the package is."""


class Parser(ArgumentParser):
    """Says in one line what is wrong with the question."""

    def error(self, message: str) -> NoReturn:
        """Leave with code 2."""
        self.exit(2, f"{self.prog}: {message} (--help tells more)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what `arguments` ask, by default those of the process, and return the exit code."""
    try:
        asked = parse(sys.argv[1:] if arguments is None else list(arguments))
        return int(asked.run(asked) or 0)
    except SystemExit as leaving:  # argparse has said why
        return int(leaving.code or 0)
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stdout = None
        return 141
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        lines = lines_of(error)
        if not lines:
            raise
        print(*lines, sep="\n", file=sys.stderr)
        return 1


def parse(words: Sequence[str]) -> Namespace:
    """Return what `words` ask for; only the command that they begin with is imported."""
    parser = Parser(prog=NAME, description="An authorization server.", allow_abbrev=False)
    choices = parser.add_subparsers(title="commands", metavar="command", required=True)
    for name in commands.names():
        about = commands.description(name)
        command = choices.add_parser(name, help=about[0], description=" ".join(about), allow_abbrev=False)
        if name in words[:1]:
            commands.load(name).add_arguments(command)
    return parser.parse_args(words)
