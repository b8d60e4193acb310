"""`keys`: announced, then signing, then retiring."""

from datetime import datetime, timedelta

from ...cli.commands import keys
from .conftest import CommandLine


def states(command: CommandLine) -> list[str]:
    """Return the states of all keys, oldest first."""
    return [row["state"] for row in command("keys", "list", "--json").json]


def test_without_keys_there_is_nothing_to_list(command: CommandLine) -> None:
    """B4."""
    assert command("keys", "list").out == ""
    assert command("keys", "list", "--json").json == []


def test_the_first_key_signs_at_once(command: CommandLine) -> None:
    """B4: nobody has cached anything yet."""
    outcome = command("keys", "rotate")

    kid = command("keys", "list", "--json").json[0]["kid"]
    assert outcome.lines == [f"signing key {kid} now signs ES256"]
    assert states(command) == ["signing"]


def test_the_next_key_is_announced_for_as_long_as_others_cache(command: CommandLine) -> None:
    """B4."""
    command.told(jwks_cache_lifetime="7200", access_token_lifetime="600")
    command("keys", "rotate")

    outcome = command("keys", "rotate")

    old, new = command("keys", "list", "--json").json
    turn = datetime.fromisoformat(new["signs_from"])
    assert (old["state"], new["state"]) == ("signing", "announced")
    assert turn - datetime.fromisoformat(old["signs_from"]) > timedelta(hours=1, minutes=59)
    assert datetime.fromisoformat(old["verifies_until"]) == turn + timedelta(minutes=10)
    assert outcome.lines == [
        f"signing key {new['kid']} is announced and signs ES256 from {turn:%Y-%m-%d %H:%M} UTC; "
        f"{old['kid']} verifies until {turn + timedelta(minutes=10):%Y-%m-%d %H:%M} UTC"
    ]


def test_a_second_rotation_waits_for_the_first(command: CommandLine) -> None:
    """B4."""
    command("keys", "rotate")
    command("keys", "rotate")

    assert "is announced already" in command("keys", "rotate").refusal
    assert states(command) == ["signing", "announced"]


def test_a_key_can_take_over_now(command: CommandLine) -> None:
    """B4: for the day when one was lost."""
    command("keys", "rotate")

    outcome = command("keys", "rotate", "--now")

    assert "now signs ES256; " in outcome.out
    assert states(command) == ["retiring", "signing"]


def test_a_stolen_key_can_be_retired_at_once(command: CommandLine) -> None:
    """B4."""
    command("keys", "rotate")
    command("keys", "rotate", "--now")
    kid = command("keys", "list", "--json").json[0]["kid"]

    outcome = command("keys", "retire", kid[:8], "--now")

    assert outcome.lines == [f"{kid} signs no more and verifies no more"]
    assert states(command) == ["signing"]


def test_a_retired_key_verifies_until_its_last_token_has_ended(command: CommandLine) -> None:
    """B4."""
    command("keys", "rotate")
    command("keys", "rotate", "--now")
    kid = command("keys", "list", "--json").json[0]["kid"]

    assert f"{kid} signs no more and verifies until " in command("keys", "retire", kid).out


def test_the_last_signing_key_cannot_be_retired(command: CommandLine) -> None:
    """B4."""
    command("keys", "rotate")
    kid = command("keys", "list", "--json").json[0]["kid"]

    assert "nothing else would sign ES256" in command("keys", "retire", kid).refusal
    assert "there is no key nonesuch" in command("keys", "retire", "nonesuch").refusal


def test_each_algorithm_gets_its_key_and_one_can_be_asked_for(command: CommandLine) -> None:
    """B4."""
    command.told(signing_algorithms="ES256,EdDSA")

    outcome = command("keys", "rotate")
    command("keys", "rotate", "--algorithm", "EdDSA")

    assert [line.rpartition(" ")[2] for line in outcome.lines] == ["ES256", "EdDSA"]
    assert sorted(row["algorithm"] for row in command("keys", "list", "--json").json) == ["ES256", "EdDSA", "EdDSA"]


def test_one_algorithm_that_cannot_rotate_holds_up_no_other(command: CommandLine) -> None:
    """B4."""
    command.told(signing_algorithms="ES256,EdDSA")
    command("keys", "rotate")
    command("keys", "rotate", "--algorithm", "ES256")

    outcome = command("keys", "rotate")

    assert outcome.code == 1
    assert len(outcome.lines) == 1
    assert outcome.err.startswith("ES256: ")


def test_an_unreadable_key_is_a_line(command: CommandLine) -> None:
    """How it must behave: what, and how to mend it."""
    command("keys", "rotate")
    file = next((command.folder / "keys").glob("*.json"))

    file.write_text("{}")
    assert f"{file} is not a key file" in command("keys", "list").refusal

    file.chmod(0o644)
    assert f"run `chmod 600 {file}`" in command("keys", "rotate").refusal


def test_keys_that_are_kept_elsewhere_are_managed_there(command: CommandLine) -> None:
    """B4: the seam for a KMS."""
    command.monkeypatch.setattr(keys, "key_store", lambda settings, default: object())

    assert "policy/keys.py keeps the keys elsewhere" in command("keys", "rotate").refusal
    assert not (command.folder / "keys").exists()


def test_a_key_directory_that_cannot_be_made_is_a_line(command: CommandLine) -> None:
    """How it must behave."""
    (command.folder / "file").touch()
    command.told(key_directory=str(command.folder / "file" / "keys"))

    assert "cannot " in command("keys", "rotate").refusal
