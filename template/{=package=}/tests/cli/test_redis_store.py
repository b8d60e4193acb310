"""What commands say of records that are kept in Redis (J1)."""

import pytest

from ...settings import ENV_PREFIX
from ..redis_stores import redis_in
from .conftest import CommandLine

UNREACHABLE = "redis://me:hunter2@127.0.0.1:1/0"


def test_several_workers_may_share_it(command: CommandLine, free_port: int) -> None:
    """J1."""
    command.prepared().keep_from_answering()

    with redis_in(command.folder) as url:
        command.told(ephemeral_url=url)
        outcome = command("serve", "--port", str(free_port), "--workers", "8")
        found = command("doctor").lines

    assert (outcome.code, outcome.err) == (0, "")
    assert f"ok       Redis {command.folder}/redis.sock keeps what it is given" in found


@pytest.mark.parametrize("words", [("serve",), ("serve", "--workers", "2"), ("doctor",)])
def test_one_that_does_not_answer_is_a_line(command: CommandLine, free_port: int, words: tuple[str, ...]) -> None:
    """B6, C13: it says which and what to do, and nothing of the password."""
    command.prepared().told(ephemeral_url=UNREACHABLE)
    options = ("--port", str(free_port)) if "serve" in words else ()

    outcome = command(*words, *options)

    (line,) = [line for line in (outcome.out + outcome.err).splitlines() if "Redis" in line]
    assert outcome.code == 1
    assert line.removeprefix("error    ").startswith("Redis 127.0.0.1/0: ")
    assert line.endswith(f": start it, or correct {ENV_PREFIX}EPHEMERAL_URL")
    assert "hunter2" not in outcome.out + outcome.err


def test_what_needs_no_record_needs_no_redis(command: CommandLine) -> None:
    """M4: clients, keys and the database can be looked after meanwhile."""
    command.prepared().told(ephemeral_url=UNREACHABLE)

    for words in (("migrate",), ("purge",), ("keys", "list"), ("clients", "create", "worker"), ("clients", "list")):
        assert (command(*words).code, command(*words[:1], "--help").code) == (0, 0)


def test_what_is_no_redis_is_a_line(command: CommandLine) -> None:
    """B6."""
    command.prepared().told(ephemeral_url="redis://me:hunter2@localhost/one")

    refusal = command("serve").refusal

    assert refusal.startswith("not the URL of a Redis: use redis://localhost:6379/0")
    assert "hunter2" not in refusal


def test_no_password_is_printed(command: CommandLine) -> None:
    """C13."""
    command.told(ephemeral_url="redis://server:hunter2@cache.example/0")

    outcome = command("settings")

    assert "cache.example" in outcome.out
    assert "hunter2" not in outcome.out + outcome.err
