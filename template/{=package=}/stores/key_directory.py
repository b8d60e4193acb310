"""The files that keys are kept in: owner-only, written whole or not at all, one writer at a time."""

import fcntl
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from ..core.encoding import parse_json_object
from ..core.jwk import ALGORITHMS, JoseError
from ..core.keys import Key, KeyStoreError, LocalKey

Stamp: TypeAlias = frozenset[tuple[object, ...]]

_INSTANTS: Final = ("created_at", "signs_from", "retired_at", "verifies_until")


def read_keys(directory: Path) -> list[Key]:
    """Return all keys, the gone ones too, oldest first; none if nothing is there. Raises KeyStoreError."""
    try:
        if not directory.exists():
            return []
        _check_owner_only(directory, directory.stat())
        keys = [_read_key(path) for path in directory.glob("*.json")]
    except OSError as error:
        raise KeyStoreError(f"cannot read {error.filename}: {error.strerror}") from None
    return sorted(keys, key=lambda key: (key.signs_from, key.created_at, key.kid))


def write_key(directory: Path, key: Key) -> None:
    """Write or replace the file of a key, so that no reader sees half of it. Raises KeyStoreError."""
    if not isinstance(key.signer, LocalKey):
        raise TypeError("only a key of this process can be written to a file")
    content: dict[str, str | None] = {"kid": key.kid, "alg": key.algorithm}
    content["private_key"] = key.signer.to_pem()
    for name in _INSTANTS:
        instant: datetime | None = getattr(key, name)
        content[name] = instant.isoformat() if instant else None
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(dir=directory, prefix=".", suffix=".new")  # mode 0600
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(_path(directory, key))
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise KeyStoreError(f"cannot write to {directory}: {error.strerror}") from None


def delete_key(directory: Path, key: Key) -> None:
    """Delete the file of a key."""
    _path(directory, key).unlink(missing_ok=True)


def take_stamp(directory: Path) -> Stamp:
    """Return what differs whenever a key file, or who may read it, has changed. Raises KeyStoreError."""
    if not directory.exists():
        return frozenset()
    try:
        with os.scandir(directory) as entries:
            found = [entry for entry in entries if entry.name.endswith(".json")]
            files = [(entry.name, entry.stat(follow_symlinks=False)) for entry in found]
        owner = directory.stat()
    except OSError as error:
        raise KeyStoreError(f"cannot read {error.filename}: {error.strerror}") from None
    stamps = {(name, _access(file), file.st_ino, file.st_size, file.st_mtime_ns) for name, file in files}
    return frozenset(stamps | {(_access(owner),)})


@contextmanager
def one_writer(directory: Path) -> Iterator[None]:
    """Make the directory if need be, and keep all other writers out meanwhile. Raises KeyStoreError."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_owner_only(directory, directory.stat())
        lock = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise KeyStoreError(f"cannot write to {directory}: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _read_key(path: Path) -> Key:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        _check_owner_only(path, os.fstat(file.fileno()))
        data = file.read()
    try:
        return _parse_key(parse_json_object(data), path.stem)
    except (ValueError, TypeError, KeyError, AttributeError, JoseError) as error:
        raise KeyStoreError(f"{path} is not a key file: {error}") from None


def _parse_key(content: dict[str, Any], kid: str) -> Key:
    algorithm = next((known for known in ALGORITHMS if known == content["alg"]), None)
    if algorithm is None:
        raise ValueError("its alg is not known")
    signer = LocalKey.from_pem(algorithm, content["private_key"])
    if not signer.kid == content["kid"] == kid:
        raise ValueError("its kid is not the thumbprint of its key")
    instants = {name: _parse_instant(content[name]) for name in _INSTANTS}
    created_at, signs_from = instants.pop("created_at"), instants.pop("signs_from")
    if created_at is None or signs_from is None:
        raise ValueError("it has no beginning")
    return Key(signer=signer, created_at=created_at, signs_from=signs_from, **instants)


def _parse_instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return instant


def _check_owner_only(path: Path, found: os.stat_result) -> None:
    """Others that can read a key can sign as us; others that can write it can make us sign as them."""
    wanted = "700" if stat.S_ISDIR(found.st_mode) else "600"
    if found.st_uid != os.geteuid():
        raise KeyStoreError(f"{path} belongs to another user than the one that the server runs as")
    if found.st_mode & 0o077:
        raise KeyStoreError(f"{path} is open to other users: run `chmod {wanted} {path}`")


def _access(found: os.stat_result) -> tuple[int, int]:
    return found.st_uid, found.st_mode


def _path(directory: Path, key: Key) -> Path:
    return directory / f"{key.kid}.json"
