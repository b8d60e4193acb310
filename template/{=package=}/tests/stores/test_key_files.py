"""Keys on files: owner-only, rotated by anyone on the host, seen by every running server (B4, M5)."""

import json
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ...core.keys import Key, KeyStoreError, LocalKey
from ...stores.key_directory import write_key
from ...stores.key_files import FileKeys, Rotation, ensure_keys, list_keys, retire_key, rotate_key
from ..processes import run_together, start_together

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


class Clock:
    """A monotonic clock that moves when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def rotate(directory: Path, now: datetime = NOW, announce: timedelta = HOUR) -> Rotation:
    return rotate_key(directory, "ES256", now=now, announce=announce, longest_lifetime=2 * HOUR)


def states(directory: Path, now: datetime) -> list[str]:
    return [key.state(now) for key in list_keys(directory)]


def test_the_first_key_signs_at_once_and_the_next_is_announced(directory: Path) -> None:
    """B4, M5: announced for the cache lifetime, then signing, then retiring, then gone."""
    first = rotate(directory)
    second = rotate(directory, NOW + SECOND)
    change = NOW + SECOND + HOUR

    assert first.predecessor is None
    assert second.predecessor is not None
    assert second.predecessor.kid == first.key.kid
    assert states(directory, NOW + SECOND) == ["signing", "announced"]
    assert states(directory, change - SECOND) == ["signing", "announced"]
    assert states(directory, change) == ["retiring", "signing"]
    assert states(directory, change + 2 * HOUR - SECOND) == ["retiring", "signing"]
    assert states(directory, change + 2 * HOUR) == ["gone", "signing"]


def test_algorithms_rotate_by_themselves(directory: Path) -> None:
    """B4: one active key per algorithm."""
    made = ensure_keys(directory, ["ES256", "EdDSA"], now=NOW)
    again = ensure_keys(directory, ["ES256", "EdDSA"], now=NOW + SECOND)
    rotate(directory, NOW + HOUR, announce=timedelta(0))

    assert [key.algorithm for key in made] == ["ES256", "EdDSA"]
    assert again == []
    assert {(key.algorithm, key.state(NOW + HOUR)) for key in list_keys(directory)} == {
        ("EdDSA", "signing"),
        ("ES256", "retiring"),
        ("ES256", "signing"),
    }


def test_a_second_rotation_waits_for_the_first(directory: Path) -> None:
    """Two operators, or an operator who pressed twice."""
    rotate(directory)
    announced = rotate(directory).key

    with pytest.raises(KeyStoreError, match=f"{announced.kid} is announced already"):
        rotate(directory)
    assert len(list_keys(directory)) == 2


def test_rotating_at_once_replaces_the_announced_key_too(directory: Path) -> None:
    """A key was lost: the new one signs now, and neither of the others will again."""
    rotate(directory)
    rotate(directory)
    urgent = rotate(directory, NOW + SECOND, announce=timedelta(0)).key

    for hours in range(6):
        signing = [key.kid for key in list_keys(directory) if key.state(NOW + SECOND + hours * HOUR) == "signing"]
        assert signing == [urgent.kid]


def test_keys_that_are_gone_are_deleted_by_the_next_rotation(directory: Path) -> None:
    """A private key that is of no use is only a risk."""
    rotate(directory)
    rotate(directory)

    rotate(directory, NOW + 9 * HOUR)

    assert states(directory, NOW + 9 * HOUR) == ["signing", "announced"]


def test_a_compromised_key_is_replaced_and_retired_at_once(directory: Path) -> None:
    """M5: what it signs is worth nothing from now on."""
    stolen = rotate(directory).key
    rotate(directory, NOW + SECOND, announce=timedelta(0))

    retired = retire_key(directory, stolen.kid[:8], now=NOW + SECOND, longest_lifetime=HOUR, at_once=True)

    assert retired.kid == stolen.kid
    assert states(directory, NOW + SECOND) == ["gone", "signing"]


def test_a_retired_key_verifies_what_it_signed(directory: Path) -> None:
    """B4: and retiring it again puts nothing off."""
    old = rotate(directory).key
    rotate(directory, announce=timedelta(0))

    for later in (1, 30):
        retire_key(directory, old.kid, now=NOW + later * SECOND, longest_lifetime=HOUR)

    assert sorted(states(directory, NOW + HOUR - SECOND)) == ["retiring", "signing"]
    assert sorted(states(directory, NOW + HOUR)) == ["gone", "signing"]


def test_the_only_key_cannot_be_retired(directory: Path) -> None:
    """A server that can sign nothing is down; nor is an announced key an heir before its time."""
    only = rotate(directory).key
    with pytest.raises(KeyStoreError, match="nothing else would sign ES256"):
        retire_key(directory, only.kid, now=NOW, longest_lifetime=HOUR)

    announced = rotate(directory).key
    for key in (only, announced):
        with pytest.raises(KeyStoreError, match="nothing else would sign ES256"):
            retire_key(directory, key.kid, now=NOW + SECOND, longest_lifetime=HOUR, at_once=True)
    assert states(directory, NOW + SECOND) == ["signing", "announced"]


@pytest.mark.parametrize("kid", ["", "nobody", "../x"])
def test_retiring_an_unknown_key_says_so(directory: Path, kid: str) -> None:
    """C5: a name is compared, never opened."""
    rotate(directory)

    with pytest.raises(KeyStoreError, match="there is no key"):
        retire_key(directory, kid, now=NOW, longest_lifetime=HOUR)


def test_files_and_directory_are_for_their_owner_only(directory: Path) -> None:
    """B4: whoever reads a key can sign as this server."""
    kid = rotate(directory).key.kid

    assert directory.stat().st_mode & 0o777 == 0o700
    assert [(path.name, path.stat().st_mode & 0o777) for path in directory.glob("*.json")] == [(f"{kid}.json", 0o600)]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660])
def test_a_key_that_others_can_touch_is_refused(directory: Path, mode: int) -> None:
    """The line says what to do."""
    path = directory / f"{rotate(directory).key.kid}.json"
    path.chmod(mode)

    with pytest.raises(KeyStoreError, match=f"{path} is open to other users: run `chmod 600 {path}`"):
        list_keys(directory)


def test_a_directory_that_others_can_enter_is_refused(directory: Path) -> None:
    """They could put a key of theirs into it."""
    rotate(directory)
    directory.chmod(0o755)

    for attempt in (lambda: list_keys(directory), lambda: rotate(directory)):
        with pytest.raises(KeyStoreError, match="chmod 700"):
            attempt()


def test_a_key_of_another_user_is_refused(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who owns it can change it."""
    rotate(directory)
    stranger = directory.stat().st_uid + 1
    monkeypatch.setattr("os.geteuid", lambda: stranger)

    with pytest.raises(KeyStoreError, match="belongs to another user"):
        list_keys(directory)


def test_a_link_to_a_key_is_not_followed(directory: Path, tmp_path: Path) -> None:
    """What it points to may change without the directory changing."""
    path = directory / f"{rotate(directory).key.kid}.json"
    path.rename(tmp_path / path.name)
    path.symlink_to(tmp_path / path.name)

    with pytest.raises(KeyStoreError, match="cannot read"):
        list_keys(directory)


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"kid": "another"},
        {"private_key": "nonsense"},
        {"private_key": None},
        {"private_key": LocalKey.generate("ES256").to_pem()},
        {"created_at": None},
        {"signs_from": "2030-01-01T00:00:00"},
        {"signs_from": "soon"},
        {"retired_at": 7},
    ],
)
def test_a_key_file_that_is_not_what_it_says_is_refused_in_one_line(
    directory: Path, changes: dict[str, object]
) -> None:
    """An unreadable key: one line, no traceback, no secret in it."""
    path = directory / f"{rotate(directory).key.kid}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    with pytest.raises(KeyStoreError, match=f"{path} is not a key file") as refused:
        list_keys(directory)
    assert "\n" not in str(refused.value)
    assert "PRIVATE" not in str(refused.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"kid": 1, "kid": 2}'])
def test_a_broken_key_file_is_refused_in_one_line(directory: Path, content: str) -> None:
    """C15 holds for our own files too."""
    path = directory / f"{rotate(directory).key.kid}.json"
    path.write_text(content)

    with pytest.raises(KeyStoreError, match="is not a key file"):
        list_keys(directory)


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """An unusable path is the operator's to mend."""
    (tmp_path / "file").write_text("")

    with pytest.raises(KeyStoreError, match="cannot write to"):
        rotate(tmp_path / "file" / "keys")


async def test_a_server_without_keys_says_what_to_do(directory: Path) -> None:
    """One line, at start-up."""
    with pytest.raises(KeyStoreError, match="make one with `keys rotate`"):
        await FileKeys(directory).current()


async def test_two_running_servers_see_a_rotation_without_a_restart(directory: Path) -> None:
    """B4, M5: after two seconds at most, and without looking for each request."""
    first = rotate(directory).key
    clock = Clock()
    servers = [FileKeys(directory, clock=clock), FileKeys(directory, clock=clock)]
    before = [await server.current() for server in servers]

    second = rotate(directory).key

    clock.seconds = 1.9
    assert [await server.current() for server in servers] == before
    clock.seconds = 2.0
    for server in servers:
        ring = await server.current()
        assert ring.signing_key("ES256", NOW).kid == first.kid
        assert ring.signing_key("ES256", NOW + HOUR).kid == second.kid
        assert set(ring.verification_keys(NOW)) == {first.kid, second.kid}
        clock.seconds += 2
        assert await server.current() is ring  # nothing changed, nothing was read
        clock.seconds -= 2


async def test_a_server_sees_a_retirement_without_a_restart(directory: Path) -> None:
    """M5: a file that is replaced counts like one that is added."""
    old = rotate(directory).key
    rotate(directory, announce=timedelta(0))
    clock = Clock()
    server = FileKeys(directory, clock=clock)
    assert old.kid in (await server.current()).verification_keys(NOW)

    retire_key(directory, old.kid, now=NOW, longest_lifetime=HOUR, at_once=True)
    clock.seconds = 2

    assert old.kid not in (await server.current()).verification_keys(NOW)


@pytest.mark.parametrize("fault", ["mode", "content", "emptied", "vanished"])
async def test_keys_that_cannot_be_read_any_more_stay_in_use(
    directory: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An accident with a file must not take a running server down; one line says what happened."""
    kid = rotate(directory).key.kid
    path = directory / f"{kid}.json"
    content = path.read_text()
    clock = Clock()
    server = FileKeys(directory, clock=clock)
    ring = await server.current()

    match fault:
        case "mode":
            path.chmod(0o644)
        case "content":
            path.write_text("{")
        case "emptied":
            path.unlink()
        case "vanished":
            directory.rename(directory.with_name("elsewhere"))  # noqa: ASYNC240
    with caplog.at_level(logging.ERROR):
        for clock.seconds in (2, 4, 6):
            assert await server.current() is ring

    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "the signing keys read before stay in use" in caplog.text
    assert "PRIVATE" not in caplog.text

    if fault == "vanished":
        directory.with_name("elsewhere").rename(directory)
    path.write_text(content)
    path.chmod(0o600)
    rotate(directory)
    clock.seconds = 8
    assert len((await server.current()).keys) == 2


def test_a_crash_between_two_writes_leaves_a_server_that_signs(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new key is written first; the next rotation clears up."""
    first = rotate(directory).key
    written: list[Key] = []

    def write_one(directory: Path, key: Key) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(key)
        write_key(directory, key)

    monkeypatch.setattr(f"{FileKeys.__module__}.write_key", write_one)
    with pytest.raises(KeyboardInterrupt):
        rotate(directory, announce=SECOND)
    monkeypatch.undo()

    assert states(directory, NOW + SECOND) == ["signing", "signing"]
    rotate(directory, NOW + HOUR)
    change = NOW + 2 * HOUR
    retiring = [key.kid for key in list_keys(directory) if key.state(change) == "retiring"]
    assert retiring == [first.kid, written[0].kid]
    assert states(directory, change).count("signing") == 1


def test_processes_that_rotate_at_once_leave_one_signing_key(directory: Path) -> None:
    """B4: one writer at a time."""
    run_together(rotate_five_times, [(directory,)] * 2)

    assert states(directory, NOW).count("signing") == 1
    assert [path.name for path in directory.iterdir() if path.name.endswith(".new")] == []


def rotate_five_times(directory: Path) -> None:
    start_together()
    for _ in range(5):
        rotate(directory, announce=timedelta(0))


def test_a_write_that_fails_leaves_no_private_key_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """B4: a full disk must not leave a copy that nobody knows of."""

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(KeyStoreError, match="No space left on device"):
        ensure_keys(tmp_path / "keys", ["ES256"], now=datetime.now(UTC))

    assert [path for path in (tmp_path / "keys").iterdir() if path.suffix in (".new", ".json")] == []
