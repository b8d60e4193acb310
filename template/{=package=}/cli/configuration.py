"""What the commands go by: the settings, which in development have defaults of their own."""

import os
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource, SettingsError

from ..features import Settings
from ..settings import ENV_PREFIX
from .catalogue import find_nearest, variable
from .refusal import Refusal

MODE = variable("mode")
DEVELOPMENT_FOLDER = Path(".dev")
"""Where development keeps its database and its keys, so that it never touches production's."""

DEVELOPMENT_DATABASE = f"sqlite:///{DEVELOPMENT_FOLDER}/server.db"

_FIELD = re.compile(r'field "(\w+)"')
_DURATION = re.compile(r"datetime\.timedelta\((\w+)=(\d+)\)")
_WORDS = {
    "extra_forbidden": "there is no such setting",
    "time_delta_parsing": "it must be a whole number of seconds",
}


def named_variables() -> dict[str, str]:
    """Return the variables with our prefix that `.env` or the environment names, in capitals."""
    found: dict[str, str | None] = {}
    for source in (DotEnvSettingsSource(Settings).env_vars, os.environ):
        found |= {name.upper(): value for name, value in source.items()}
    return {name: value or "" for name, value in found.items() if name.startswith(ENV_PREFIX)}


def load_settings(*, development: bool = False, port: int = 8000) -> Settings:
    """Return the settings. Raises Refusal with one line for each that is wrong.

    In development mode, or with `development`, what is not named is at home: a SQLite file and keys in a folder of
    their own, and an issuer on localhost at `port`.
    """
    named = named_variables()
    told: dict[str, Any] = {}
    if development or named.get(MODE) == "development":
        defaults = {
            "issuer": f"http://localhost:{port}",
            "database_url": DEVELOPMENT_DATABASE,
            "key_directory": DEVELOPMENT_FOLDER / "keys",
            **Settings.alone,
        }
        told = {name: value for name, value in defaults.items() if variable(name) not in named}
        told["mode"] = "development"
    try:
        return Settings(**told)
    except ValidationError as error:
        raise Refusal(*map(_explain, error.errors(include_url=False))) from error
    except SettingsError as error:
        field = _FIELD.search(str(error))
        raise Refusal(f"{variable(field[1])}: it must be JSON" if field else str(error)) from error


def _explain(error: Any) -> str:
    message = _WORDS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
    message = _DURATION.sub(r"\2 \1", message)
    if not error["loc"]:
        return message  # a rule about several settings, which names them
    name = variable(*error["loc"])
    nearest = find_nearest(name) if error["type"] == "extra_forbidden" else None
    return f"{name}: {message[:1].lower()}{message[1:]}{f', did you mean {nearest}?' if nearest else ''}"
