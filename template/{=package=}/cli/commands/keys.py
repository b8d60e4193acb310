"""List, rotate and retire signing keys.

Running servers notice within seconds.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ...core.jwk import ALGORITHMS
from ...core.keys import Key, KeyStoreError
from ...features import Settings
from ...policy.keys import key_store
from ...stores.key_files import FileKeys, Rotation, list_keys, retire_key, rotate_key
from ..configuration import load_settings
from ..refusal import Refusal
from ..tables import add_json_option, instant, print_rows


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command may be told."""
    verbs = parser.add_subparsers(title="verbs", metavar="verb", required=True)

    listing = verbs.add_parser("list", help="show which keys are announced, signing and retiring")
    add_json_option(listing)
    listing.set_defaults(run=run_list)

    rotate = verbs.add_parser("rotate", help="announce a new key that then takes over")
    rotate.add_argument("--algorithm", choices=ALGORITHMS, help="rotate this one only")
    rotate.add_argument("--now", action="store_true", help="sign at once: what others have cached fails to verify")
    rotate.set_defaults(run=run_rotate)

    retire = verbs.add_parser("retire", help="let a key sign no more")
    retire.add_argument("kid", help="the key, or how its name begins")
    retire.add_argument("--now", action="store_true", help="verify no more either: the key was stolen")
    retire.set_defaults(run=run_retire)


def run_list(arguments: Namespace) -> None:
    """Print a line for each key that is not gone."""
    now = datetime.now(UTC)
    rows = [
        {
            "kid": key.kid,
            "algorithm": key.algorithm,
            "state": key.state(now),
            "signs_from": key.signs_from,
            "signs_until": key.retired_at,
            "verifies_until": key.verifies_until,
        }
        for key in list_keys(_load().key_directory)
        if key.state(now) != "gone"
    ]
    print_rows(rows, as_json=arguments.json)


def run_rotate(arguments: Namespace) -> None:
    """Rotate the key of each algorithm, and print what happens to the old and the new one.

    Raises Refusal in the end for those that could not be.
    """
    settings, now = _load(), datetime.now(UTC)
    faults = []
    for algorithm in [arguments.algorithm] if arguments.algorithm else settings.signing_algorithms:
        try:
            rotation = rotate_key(
                settings.key_directory,
                algorithm,
                now=now,
                announce=timedelta(0) if arguments.now else settings.jwks_cache_lifetime,
                longest_lifetime=settings.access_token_lifetime,  # ID tokens last as long
            )
        except KeyStoreError as error:
            faults.append(f"{algorithm}: {error}")
            continue
        print("; ".join(_tell(rotation, now, settings)))
    if faults:
        raise Refusal(*faults)


def run_retire(arguments: Namespace) -> None:
    """Print until when the retired key verifies."""
    settings, now = _load(), datetime.now(UTC)
    key = retire_key(
        settings.key_directory,
        arguments.kid,
        now=now,
        longest_lifetime=settings.access_token_lifetime,
        at_once=arguments.now,
    )
    print(f"{key.kid} signs no more and {_tell_end(key, now)}")


def _tell(rotation: Rotation, now: datetime, settings: Settings) -> Iterator[str]:
    key, predecessor = rotation.key, rotation.predecessor
    if key.signs_from <= now:
        yield f"signing key {key.kid} now signs {key.algorithm}"
    else:
        yield f"signing key {key.kid} is announced and signs {key.algorithm} from {instant(key.signs_from)}"
    if predecessor:
        ends = key.signs_from + settings.access_token_lifetime
        yield f"{predecessor.kid} verifies until {instant(min(ends, predecessor.verifies_until or ends))}"


def _tell_end(key: Key, now: datetime) -> str:
    if key.verifies_until is None or key.verifies_until <= now:
        return "verifies no more"
    return f"verifies until {instant(key.verifies_until)}"


def _load() -> Settings:
    """Return the settings. Raises Refusal if the team keeps its keys elsewhere than in files."""
    settings = load_settings()
    files = FileKeys(settings.key_directory)
    if key_store(settings, files) is not files:
        raise Refusal("policy/keys.py keeps the keys elsewhere than in files: they are managed there")
    return settings
