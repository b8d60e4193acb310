"""What commands are told, and how it is explained."""

import pytest

from ...cli.catalogue import catalogue
from ...cli.commands.migrate import database_url
from ...cli.configuration import DEVELOPMENT_FOLDER, load_settings
from ...features import Settings
from ...settings import ENV_PREFIX
from .conftest import CommandLine


def test_every_setting_is_explained(command: CommandLine) -> None:
    """M4: the table is made from the settings classes, so it lacks none."""
    rows = command("settings", "--json").json

    assert {row["variable"] for row in rows} >= {f"{ENV_PREFIX}ISSUER", f"{ENV_PREFIX}MODE"}
    assert all(row["kind"] and row["meaning"] for row in rows)


def test_the_table_tells_the_default_and_the_value_now(command: CommandLine) -> None:
    """M4."""
    command.told(access_token_lifetime="120")

    rows = {row["variable"]: row for row in command("settings", "--json").json}

    assert rows[f"{ENV_PREFIX}ACCESS_TOKEN_LIFETIME"]["now"] == "120"
    assert rows[f"{ENV_PREFIX}JWKS_CACHE_LIFETIME"]["now"] == rows[f"{ENV_PREFIX}JWKS_CACHE_LIFETIME"]["default"]
    assert rows[f"{ENV_PREFIX}MODE"]["kind"] == "production or development"


def test_the_table_is_there_when_a_setting_is_wrong(command: CommandLine) -> None:
    """Because then is when it is needed."""
    command.told(max_body_size="3")

    outcome = command("settings")

    assert outcome.code == 1
    assert f"{ENV_PREFIX}MAX_BODY_SIZE" in outcome.out
    assert outcome.err.startswith(f"{ENV_PREFIX}MAX_BODY_SIZE: ")


def test_no_password_is_printed(command: CommandLine) -> None:
    """C6."""
    command.told(database_url="postgresql://server:hunter2@db.example/server")

    outcome = command("settings")

    assert "db.example" in outcome.out
    assert "hunter2" not in outcome.out + outcome.err


def test_a_document_can_have_the_table(command: CommandLine) -> None:
    """It tells nothing of this computer."""
    command.told(issuer="https://secret.example")

    outcome = command("settings", "--markdown")

    assert len(outcome.lines) == 2 + len(list(catalogue()))
    assert "secret.example" not in outcome.out


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("issuer", "https://as.example/", "must have no trailing slash"),
        ("mode", "staging", "'production' or 'development'"),
        ("access_token_lifetime", "soon", "must be a whole number of seconds"),
        ("access_token_lifetime", "1", "greater than or equal to 30 seconds"),
        ("trusted_proxies", "my-proxy", "my-proxy"),
        ("paths", "{", "must be JSON"),
        ("max_body_size", "many", "valid integer"),
    ],
)
@pytest.mark.parametrize("words", [("serve",), ("purge",), ("keys", "list"), ("clients", "list")])
def test_a_wrong_setting_is_a_line_that_names_it(
    command: CommandLine, words: tuple[str, ...], name: str, value: str, fault: str
) -> None:
    """B6."""
    command.told(**{name: value})

    refusal = command(*words).refusal

    assert refusal.startswith(f"{ENV_PREFIX}{name.upper()}: ")
    assert fault in refusal


def test_each_wrong_setting_has_a_line(command: CommandLine) -> None:
    """B6."""
    command.told(mode="staging", max_body_size="3")

    outcome = command("purge")

    assert [line.partition(":")[0] for line in outcome.err.splitlines()] == [
        f"{ENV_PREFIX}MODE",
        f"{ENV_PREFIX}MAX_BODY_SIZE",
    ]


def test_production_is_the_default_and_wants_https(command: CommandLine) -> None:
    """B6."""
    command.told(issuer="http://localhost:8000")

    assert f"{ENV_PREFIX}ISSUER must be https in production" in command("purge").refusal


def test_a_kind_of_database_that_is_unknown_is_a_line(command: CommandLine) -> None:
    """B6."""
    command.told(database_url="mysql://localhost/server")

    assert "unknown kind of database 'mysql'" in command("purge").refusal
    assert "unknown kind of database 'mysql'" in command("migrate").refusal


def test_development_has_a_database_and_keys_of_its_own(command: CommandLine) -> None:
    """B6: it never touches production's, unless that is named."""
    command.told(mode="development", issuer=None, database_url=None, key_directory=None)

    settings = load_settings()

    assert settings.issuer == "http://localhost:8000"
    assert settings.database_url == database_url() == f"sqlite:///{DEVELOPMENT_FOLDER}/server.db"
    assert settings.key_directory == DEVELOPMENT_FOLDER / "keys"


def test_development_needs_no_other_service(command: CommandLine) -> None:
    """What the settings say for a server alone holds in development, unless something else is named."""
    command.monkeypatch.setattr(Settings, "alone", {"realm": "alone", "audience": "https://alone.example"})
    command.told(mode="development", audience="https://named.example")

    settings = load_settings()

    assert (settings.realm, settings.audience) == ("alone", "https://named.example")
    command.told(mode=None)
    assert load_settings().realm != "alone"


def test_what_is_named_holds_in_development_too(command: CommandLine) -> None:
    """In `.env` or in the environment."""
    command.told(mode="development", issuer=None, database_url=None)
    lines = (f"{ENV_PREFIX}issuer=http://127.0.0.1:9", f"{ENV_PREFIX}DATABASE_URL=sqlite:///x")
    (command.folder / ".env").write_text("\n".join(lines))

    settings = load_settings()

    assert (settings.issuer, settings.database_url) == ("http://127.0.0.1:9", "sqlite:///x")
    assert database_url() == "sqlite:///x"
