"""What could be wrong, found before it goes wrong: `serve` asks for what keeps it from starting, `doctor` for all."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit

from ..app import ConfigurationError, find_misfits
from ..core.finding import Finding, Level
from ..core.keys import KeyRing, KeyStoreError
from ..database import DatabaseUnavailable
from ..database.migrating import MigrationError
from ..database.sqlite import file_of
from ..features import Settings
from ..migrate import pending
from ..policy.keys import key_store
from ..stores.key_files import FileKeys
from .catalogue import find_nearest, is_known, variable
from .composing import compose, run_with_server
from .refusal import Refusal

KEY_AGE: Final = timedelta(days=90)
"""After this long a signing key should have a successor."""

_WIDE = 8  # a proxy range with a shorter prefix than this is no range of proxies
_PLACEHOLDER = "change-me"  # of `.env.example`


def examine_start(settings: Settings, now: datetime, *, processes: int = 1) -> Iterator[Finding]:
    """Look at what a server of so many processes stands on. It can start if nothing here is an error."""
    yield from examine_policies(settings)
    yield from examine_database(settings.database_url)
    yield from examine_features(settings, processes)
    yield from examine_keys(settings, now)


def examine_policies(settings: Settings) -> Iterator[Finding]:
    """Look for policies that are still as shipped, or that do not fit."""
    is_production = settings.mode == "production"
    if misfits := find_misfits():
        yield from (Finding("error", misfit) for misfit in misfits)
        return
    try:
        server = compose(_without_decisions(settings))
    except (ConfigurationError, Refusal) as error:
        yield Finding("error", str(error))
        return
    for mark in server.undecided:
        level: Level = "error" if mark.must_decide and is_production else "warning"
        yield Finding(level, f"{mark.policy} is as shipped", mark.question)
    if not server.undecided:
        yield Finding("ok", "every policy is decided")


def examine_database(url: str) -> Iterator[Finding]:
    """Look whether the database answers and has all of its tables."""
    try:
        missing = pending(url)
    except (DatabaseUnavailable, MigrationError, ValueError) as error:
        mend = f"start it, run `migrate` if it is new, or correct {variable('database_url')}"
        yield Finding("error", str(error), mend)
        return
    if missing:
        mend = "run `alembic upgrade heads`, or `migrate`, which is the same"
        yield Finding("error", f"the database lacks {', '.join(missing)}", mend)
    else:
        yield Finding("ok", "the database has all of its tables")


def examine_features(settings: Settings, processes: int) -> Iterator[Finding]:
    """Look at what the features stand on. What cannot be composed is told elsewhere."""
    with suppress(ConfigurationError, Refusal):
        yield from run_with_server(lambda server: server.examine(processes), _without_decisions(settings))


def examine_keys(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Look whether each algorithm has a key that signs, and somebody to follow it in time."""
    try:
        ring = asyncio.run(key_store(settings, FileKeys(settings.key_directory)).current())
    except KeyStoreError as error:
        yield Finding("error", str(error))
        return
    for algorithm in settings.signing_algorithms:
        yield _examine_key(ring, algorithm, now)


def examine_names(named: Mapping[str, str]) -> Iterator[Finding]:
    """Look for variables with our prefix that set nothing."""
    for name in sorted(named):
        if is_known(name):
            continue
        nearest = find_nearest(name)
        if nearest:
            yield Finding("error", f"{name} is no setting", f"did you mean {nearest}?")
        else:
            yield Finding("warning", f"{name} is no setting", "rename or remove it")


def examine_exposure(settings: Settings) -> Iterator[Finding]:
    """Look for settings that are allowed and insecure."""
    if settings.mode == "development":
        yield Finding("warning", "development mode", f"unset {variable('mode')} where others can reach the server")
    if settings.issuer.startswith("http://"):
        yield Finding("warning", f"the issuer {settings.issuer} is not https", f"correct {variable('issuer')}")
    for proxy in settings.trusted_proxies:
        if proxy != "loopback" and ip_network(proxy, strict=False).prefixlen < _WIDE:
            mend = f"name your proxies in {variable('trusted_proxies')}"
            yield Finding("warning", f"{proxy} lets everybody say who they are and that they use https", mend)
    if urlsplit(settings.database_url).password == _PLACEHOLDER:
        mend = f"change it, there and in {variable('database_url')}"
        yield Finding("error", "the database's password is the one of .env.example", mend)
    if settings.database_url.startswith("sqlite"):
        file = file_of(settings.database_url)
        if file.exists() and file.stat().st_mode & 0o077:
            yield Finding("warning", f"{file} is open to other users", f"run `chmod 600 {file}`")


def _without_decisions(settings: Settings) -> Settings:
    """Let a server be composed that is not decided in all: in production it would end at the first question."""
    return settings.model_copy(update={"mode": "development"})


def _examine_key(ring: KeyRing, algorithm: str, now: datetime) -> Finding:
    keys = [key for key in ring.keys if key.algorithm == algorithm]
    signing = [key for key in keys if key.state(now) == "signing"]
    if not signing:
        return Finding("error", f"no key signs {algorithm}", f"run `keys rotate --algorithm {algorithm}`")
    key, days = signing[-1], (now - signing[-1].signs_from).days
    mend = f"run `keys rotate --algorithm {algorithm}`"
    if any(other.state(now) == "announced" for other in keys):
        return Finding("ok", f"a new key for {algorithm} is announced")
    if key.retired_at is not None:
        return Finding("warning", f"key {key.kid} soon signs {algorithm} no more, and nothing follows", mend)
    if now - key.signs_from > KEY_AGE:
        return Finding("warning", f"key {key.kid} has signed {algorithm} for {days} days", mend)
    return Finding("ok", f"key {key.kid} has signed {algorithm} for {days} days")
