"""Signing keys on files: read by running servers, rotated and retired by whoever holds the command line."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from ..core.jwk import Algorithm
from ..core.keys import Key, KeyRing, KeyStoreError, LocalKey
from .key_directory import Stamp, delete_key, one_writer, read_keys, take_stamp, write_key

log = logging.getLogger(__name__)

_CHECK_EVERY: Final = 2.0  # seconds between two looks at the directory


class FileKeys:
    """A `KeyStore` that sees within two seconds what a rotation changed, whichever process rotated.

    When the directory cannot be read any more, the keys read last stay in use and one line is logged.
    """

    def __init__(self, directory: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._clock = clock
        self._next_look = float("-inf")
        self._stamp: Stamp | None = None
        self._ring: KeyRing | None = None
        self._complaint = ""

    async def current(self) -> KeyRing:
        """Return the keys. Raises KeyStoreError if there are none, or if they could never be read."""
        if self._ring is None or self._clock() >= self._next_look:
            self._next_look = self._clock() + _CHECK_EVERY
            self._ring = await self._look()
        return self._ring

    async def _look(self) -> KeyRing:
        try:
            ring = await self._read()
        except KeyStoreError as error:
            if self._ring is None:
                raise
            if str(error) != self._complaint:
                log.error("the signing keys read before stay in use: %s", error)
            self._complaint = str(error)
            return self._ring
        self._complaint = ""
        return ring

    async def _read(self) -> KeyRing:
        stamp = take_stamp(self._directory)
        if self._ring is not None and stamp == self._stamp:
            return self._ring
        keys = await asyncio.to_thread(read_keys, self._directory)  # an RSA key takes long to check
        if not keys:
            raise KeyStoreError(f"there is no signing key in {self._directory}: make one with `keys rotate`")
        ring = KeyRing(keys)
        self._stamp = stamp  # taken before the files were read: what changes in between is seen next time
        return ring


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did: the key it made, and the one that signs until then, if there was one."""

    key: Key
    predecessor: Key | None


def list_keys(directory: Path) -> list[Key]:
    """Return all keys, the gone ones too, oldest first; none if nothing is there. Raises KeyStoreError."""
    return read_keys(directory)


def ensure_keys(directory: Path, algorithms: Collection[Algorithm], *, now: datetime) -> list[Key]:
    """Make a key for each algorithm that no key signs with now; return those made. Raises KeyStoreError."""
    with one_writer(directory):
        signing = {key.algorithm for key in read_keys(directory) if key.state(now) == "signing"}
        lacking = [algorithm for algorithm in algorithms if algorithm not in signing]
        made = [_make_key(algorithm, now, signs_from=now) for algorithm in lacking]
        for key in made:
            write_key(directory, key)
        return made


def rotate_key(
    directory: Path,
    algorithm: Algorithm,
    *,
    now: datetime,
    announce: timedelta,
    longest_lifetime: timedelta,
) -> Rotation:
    """Make a new key that is announced for `announce` and then signs. Raises KeyStoreError.

    Its predecessor signs until then and verifies for `longest_lifetime` more. The first key signs at once; so
    does one without `announce`, for the day when a key was lost. Keys that are gone are deleted.
    """
    with one_writer(directory):
        keys = [key for key in read_keys(directory) if key.algorithm == algorithm]
        waiting = next((key for key in keys if key.state(now) == "announced"), None)
        if waiting and announce:
            raise KeyStoreError(f"{waiting.kid} is announced already, for {waiting.signs_from:%F %T %Z}")

        predecessor = next((key for key in reversed(keys) if key.state(now) == "signing"), None)
        key = _make_key(algorithm, now, signs_from=now + announce if predecessor else now)
        write_key(directory, key)  # first: after a crash here two could sign, and the newer does
        for other in keys:
            if other.state(now) == "gone":
                delete_key(directory, other)
            elif other.retired_at is None or other.retired_at > key.signs_from:
                write_key(directory, _retired(other, key.signs_from, longest_lifetime))
        return Rotation(key, predecessor)


def retire_key(directory: Path, kid: str, *, now: datetime, longest_lifetime: timedelta, at_once: bool = False) -> Key:
    """Let a key sign no more from now on, and verify for `longest_lifetime` or, `at_once`, no more either.

    `kid` may be shortened to its first characters. Raises KeyStoreError if it names none or several, or if no
    other key would sign with its algorithm.
    """
    with one_writer(directory):
        keys = read_keys(directory)
        named = [key for key in keys if kid and key.kid.startswith(kid)]
        if len(named) != 1:
            raise KeyStoreError(f"{kid} names {len(named)} keys" if named else f"there is no key {kid}")
        key = named[0]
        heirs = [
            other
            for other in keys
            if other.algorithm == key.algorithm
            and other.kid != key.kid
            and other.state(now) == "signing"
            and other.retired_at is None
        ]
        if key.state(now) in ("announced", "signing") and not heirs:
            raise KeyStoreError(f"nothing else would sign {key.algorithm}: rotate first, without announcing")

        retired = _retired(key, now, timedelta(0) if at_once else longest_lifetime)
        write_key(directory, retired)
        return retired


def _make_key(algorithm: Algorithm, now: datetime, *, signs_from: datetime) -> Key:
    signer = LocalKey.generate(algorithm)
    while signer.kid.startswith("-"):  # a command line would take it for an option
        signer = LocalKey.generate(algorithm)
    return Key(signer=signer, created_at=now, signs_from=signs_from)


def _retired(key: Key, retired_at: datetime, longest_lifetime: timedelta) -> Key:
    """Return the key with its end brought forward, never put off."""
    retired_at = min(retired_at, key.retired_at or retired_at)
    verifies_until = retired_at + longest_lifetime
    verifies_until = min(verifies_until, key.verifies_until or verifies_until)
    return replace(key, retired_at=retired_at, verifies_until=verifies_until)
