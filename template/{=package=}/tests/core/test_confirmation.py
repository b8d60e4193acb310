"""What binds a token to its sender, and what it means to come without it (G4)."""

import pytest

from ...core.confirmation import Confirmation, check_confirmation
from ...core.errors import InvalidGrant, InvalidRequest

KEY = Confirmation(method="seal", value="k1", token_type="Sealed")


def test_what_is_bound_is_good_with_its_key_and_what_is_not_with_any() -> None:
    """RFC 7800 §3.1."""
    check_confirmation({"seal": "k1"}, KEY)
    check_confirmation(None, KEY)
    check_confirmation(None, None)
    check_confirmation({}, None)


def test_no_proof_is_another_fault_than_a_proof_of_another_key() -> None:
    """G4: an omitted proof can be mended by the client, another key cannot."""
    with pytest.raises(InvalidRequest, match="proof of the key is missing"):
        check_confirmation({"seal": "k1"}, None)
    with pytest.raises(InvalidGrant, match="another key"):
        check_confirmation({"seal": "k2"}, KEY)


def test_the_same_value_in_another_way_is_another_key() -> None:
    """D4: a certificate never stands for a key of another kind, nor the reverse."""
    with pytest.raises(InvalidGrant):
        check_confirmation({"other": "k1"}, KEY)
    with pytest.raises(InvalidGrant):
        check_confirmation({"seal": "k1", "other": "k1"}, KEY)
