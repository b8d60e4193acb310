"""`doctor` finds what is wrong before it goes wrong."""

import re
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ...app import AuthorizationServer
from ...cli import NAME
from ...cli.commands.doctor import examine_releases
from ...core.seam import Undecided
from ...settings import ENV_PREFIX
from ...stores.key_files import ensure_keys, retire_key, rotate_key
from .conftest import CommandLine, Outcome


def errors(outcome: Outcome) -> list[str]:
    """Return what is an error."""
    return [line for line in outcome.lines if line.startswith("error ")]


def warnings(outcome: Outcome) -> str:
    """Return what is a warning."""
    return "\n".join(line for line in outcome.lines if line.startswith("warning "))


def test_a_sound_server_has_no_error(command: CommandLine) -> None:
    """M4."""
    outcome = command.prepared()("doctor")

    assert (outcome.code, errors(outcome), outcome.err) == (0, [], "")
    assert "ok       the database has all of its tables" in outcome.lines


def test_findings_can_be_had_as_json(command: CommandLine) -> None:
    """M4."""
    outcome = command("doctor", "--json")

    assert outcome.code == 1
    assert {"level", "what", "mend"} == {name for finding in outcome.json for name in finding}


def test_policies_that_are_as_shipped_are_listed(command: CommandLine) -> None:
    """Each with the question to decide."""
    outcome = command.prepared()("doctor")

    assert "policy.clients.Clients is as shipped: Decide where clients are kept" in warnings(outcome)


@pytest.mark.parametrize(("mode", "level"), [("production", "error"), ("development", "warning")])
def test_a_policy_that_must_be_decided_is_an_error_in_production(command: CommandLine, mode: str, level: str) -> None:
    """`serve` would refuse it."""
    mark = Undecided("policy.clients.Clients", "Decide.", must_decide=True)
    command.monkeypatch.setattr(AuthorizationServer, "undecided", [mark])
    command.told(mode=mode)

    assert f"{level:7}  policy.clients.Clients is as shipped: Decide." in command("doctor").lines


@pytest.mark.parametrize(
    ("name", "meant"),
    [("ISUER", "ISSUER"), ("ACCESS_TOKEN_LIFETIM", "ACCESS_TOKEN_LIFETIME"), ("TRUSTED_PROXY", "TRUSTED_PROXIES")],
)
def test_a_misspelt_setting_is_an_error_that_knows_better(command: CommandLine, name: str, meant: str) -> None:
    """B6: pydantic would ignore it."""
    command.prepared().told(**{name: "x"})

    outcome = command("doctor")

    assert outcome.code == 1
    assert errors(outcome) == [f"error    {ENV_PREFIX}{name} is no setting: did you mean {ENV_PREFIX}{meant}?"]


def test_a_misspelt_setting_in_the_env_file_is_found(command: CommandLine) -> None:
    """`.env` counts as the environment does."""
    (command.folder / ".env").write_text(f"{ENV_PREFIX}ISUER=https://as.example\nOTHER_ISUER=1\n")

    assert f"{ENV_PREFIX}ISUER is no setting" in command("doctor").out


def test_a_name_that_resembles_no_setting_is_a_warning(command: CommandLine) -> None:
    """Perhaps it is somebody else's."""
    command.told(colour_of_the_sky="blue")

    assert f"{ENV_PREFIX}COLOUR_OF_THE_SKY is no setting" in warnings(command("doctor"))


def test_a_path_override_by_name_is_a_setting(command: CommandLine) -> None:
    """A table's entries can be named one by one."""
    command.told(paths__token="/oauth/t")

    assert f"{ENV_PREFIX}PATHS__TOKEN" not in command("doctor").out


def test_wrong_settings_are_errors(command: CommandLine) -> None:
    """And misspelt names are looked for all the same."""
    command.told(max_body_size="3", isuer="x")

    outcome = command("doctor")

    assert [line.split()[1] for line in errors(outcome)] == [f"{ENV_PREFIX}MAX_BODY_SIZE:", f"{ENV_PREFIX}ISUER"]


@pytest.mark.parametrize("proxies", ["0.0.0.0/0", "::/0", "10.0.0.0/8,0.0.0.0/1"])
def test_trusting_everybody_is_warned_of(command: CommandLine, proxies: str) -> None:
    """K1."""
    command.told(trusted_proxies=proxies)

    assert f"{proxies.rpartition(',')[2]} lets everybody say who they are" in warnings(command("doctor"))


@pytest.mark.parametrize("proxies", ["loopback", "10.0.0.0/8", "192.0.2.1"])
def test_trusting_ones_proxies_is_not(command: CommandLine, proxies: str) -> None:
    """K1."""
    command.told(trusted_proxies=proxies)

    assert "lets everybody" not in command("doctor").out


def test_development_mode_and_an_http_issuer_are_warned_of(command: CommandLine) -> None:
    """B6."""
    command.told(mode="development", issuer="http://localhost:8000")

    found = warnings(command("doctor"))

    assert "development mode" in found
    assert "http://localhost:8000 is not https" in found


def test_the_example_password_is_an_error(command: CommandLine) -> None:
    """It is in everybody's `.env.example`."""
    command.told(database_url="postgresql://server:change-me@127.0.0.1:1/server")

    assert "the database's password is the one of .env.example" in "\n".join(errors(command("doctor")))


def test_a_database_file_that_is_open_to_others_is_warned_of(command: CommandLine) -> None:
    """It holds password hashes."""
    command.prepared()
    file = command.folder / "server.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    file.chmod(0o644)

    assert f"run `chmod 600 {file}`" in warnings(command("doctor"))


def test_a_missing_database_is_an_error(command: CommandLine) -> None:
    """And says how to make it."""
    found = "\n".join(errors(command("doctor")))

    assert "there is no such file" in found
    assert "run `migrate`" in found
    assert not (command.folder / "server.db").exists()


def test_a_schema_that_is_behind_is_an_error(command: CommandLine) -> None:
    """It names what is missing, the team's own revisions too."""
    (command.folder / "server.db").touch(0o600)

    found = "\n".join(errors(command("doctor")))

    assert re.search(r"the database lacks .*team/0001_clients.*: run `alembic upgrade heads`", found)


def test_no_key_is_an_error(command: CommandLine) -> None:
    """B4."""
    assert "there is no signing key" in "\n".join(errors(command("doctor")))


def test_a_key_directory_that_is_open_to_others_is_an_error(command: CommandLine) -> None:
    """B4."""
    command.prepared()
    (command.folder / "keys").chmod(0o755)

    assert "run `chmod 700" in "\n".join(errors(command("doctor")))


def test_an_algorithm_without_a_key_is_an_error(command: CommandLine) -> None:
    """B4."""
    command.prepared().told(signing_algorithms="ES256,EdDSA")

    assert errors(command("doctor")) == ["error    no key signs EdDSA: run `keys rotate --algorithm EdDSA`"]


def test_an_old_key_without_a_successor_is_warned_of(command: CommandLine) -> None:
    """B4."""
    now = datetime.now(UTC)
    ensure_keys(Path("keys"), ["ES256"], now=now - timedelta(days=91))

    assert "has signed ES256 for 91 days: run `keys rotate" in warnings(command("doctor"))

    rotate_key(Path("keys"), "ES256", now=now, announce=timedelta(hours=1), longest_lifetime=timedelta(hours=1))

    assert "a new key for ES256 is announced" in command("doctor").out
    assert "keys rotate" not in warnings(command("doctor"))


def test_a_key_that_ends_with_nobody_to_follow_is_warned_of(command: CommandLine) -> None:
    """B4: its successor was announced and is gone again."""
    now, hour = datetime.now(UTC), timedelta(hours=1)
    ensure_keys(Path("keys"), ["ES256"], now=now - hour)
    rotation = rotate_key(Path("keys"), "ES256", now=now, announce=hour, longest_lifetime=hour)
    (Path("keys") / f"{rotation.key.kid}.json").unlink()

    assert "soon signs ES256 no more, and nothing follows" in warnings(command("doctor"))


def test_keys_of_the_past_are_no_trouble(command: CommandLine) -> None:
    """B4: a retiring key verifies, and that is all it must."""
    now, hour = datetime.now(UTC), timedelta(hours=1)
    (old,) = ensure_keys(Path("keys"), ["ES256"], now=now - hour)
    rotate_key(Path("keys"), "ES256", now=now, announce=timedelta(0), longest_lifetime=hour)
    retire_key(Path("keys"), old.kid, now=now, longest_lifetime=hour)

    assert "has signed ES256 for 0 days" in command("doctor").out


GUARD = 'def admit(door: str) -> bool:\n    return door == "open"\n'
ADVISORY = """
[[security]]
id = "CHY-2027-01"
severity = "high"
title = "Doors opened by themselves"
what = "Everybody could come in."
mend = "Close the door."

[[security.code]]
path = "core/door.py"
definition = "admit"
gone = 'door == "open"'
"""


def release(folder: Path, security: str = "") -> None:
    """Keep the note of a release in a package."""
    (folder / "releases").mkdir(exist_ok=True)
    note = 'version = "1.2.3"\ndate = 2027-01-31\nsummary = "Mends."\n'
    (folder / "releases/1.2.3.toml").write_text(note + security)


def test_the_version_is_told_if_every_fix_is_in_the_code(tmp_path: Path, command: CommandLine) -> None:
    """The newest note that is shipped says which it is."""
    release(tmp_path)

    found = list(examine_releases(tmp_path))

    assert list(map(str, found)) == ["version 1.2.3, with every security fix up to it"]
    assert "ok       version " in command("doctor").out


@pytest.mark.parametrize(("accepted", "level"), [("", "error"), ('accepted = "We have no doors."', "warning")])
def test_a_fix_that_has_not_reached_the_code_is_told(tmp_path: Path, accepted: str, level: str) -> None:
    """With its id, its title and how to mend it; and still if the team lives with it."""
    release(tmp_path, ADVISORY.replace('severity = "high"', f'severity = "high"\n{accepted}'))
    (tmp_path / "gate.py").write_text(GUARD)

    [finding] = examine_releases(tmp_path)

    assert finding.level == level
    assert finding.what.startswith(
        "CHY-2027-01 (high) Doors opened by themselves: the fix of 1.2.3 is missing, gate.py:1"
    )
    assert finding.mend == ("accepted: We have no doors." if accepted else "Close the door.")


def test_notes_that_are_gone_or_wrong_are_an_error(tmp_path: Path) -> None:
    """Or nobody would be told."""
    [gone] = examine_releases(tmp_path)
    release(tmp_path, "[[security]]\n")
    [wrong] = examine_releases(tmp_path)

    assert (gone.level, wrong.level) == ("error", "error")
    assert "no release note is here" in str(gone)
    assert "id is missing: restore the note" in str(wrong)


def test_fixes_are_told_where_the_server_cannot_be_imported(command: CommandLine) -> None:
    """As after a merge that nobody ended."""
    command.monkeypatch.setitem(sys.modules, f"{NAME}.cli.checks", None)

    outcome = command("doctor")

    assert outcome.code == 1
    assert outcome.lines[0].startswith("ok       version ")
    assert outcome.lines[1].startswith("error    the server cannot be imported: ")
