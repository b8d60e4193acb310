"""Parameters are read once, strictly, and mean one thing only (RFC 6749 §3.1, §3.2, appendix B)."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...core.errors import InvalidRequest
from ...core.parameters import MAX_PARAMETERS, MAX_VALUE_LENGTH, Parameters, parse_parameters

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@given(st.dictionaries(TEXT, TEXT.filter(bool), max_size=MAX_PARAMETERS))
def test_what_a_form_writes_is_what_is_read(values: dict[str, str]) -> None:
    """RFC 6749 appendix B: UTF-8, percent-encoded, plus for space."""
    assert dict(parse_parameters(urlencode(values).encode())) == values


@given(st.binary(max_size=200) | st.text("ab&=%+ 012fé\x00", max_size=40).map(str.encode))
def test_whatever_is_sent_is_read_as_every_strict_reader_reads_it_or_refused(sent: bytes) -> None:
    """P1, P3: no input makes a fault, and none is read otherwise than by the standard library."""
    try:
        parameters = parse_parameters(sent)
    except InvalidRequest:
        return

    pairs = parse_qsl(sent.decode("ascii"), keep_blank_values=True, errors="strict")
    assert len(pairs) == len(dict(pairs))
    assert dict(parameters) == {name: value for name, value in pairs if value}
    assert "\x00" not in "".join(name + value for name, value in pairs)


@pytest.mark.parametrize("body", ["a=1&a=2", "a=1&a=1", "a=&a=1", "a=1&a=", "a&a", "a=1&%61=2", "b=0&a=1&c=3&a=1"])
def test_a_parameter_that_is_given_twice_is_refused(body: str) -> None:
    """P1, RFC 6749 §3.1, CVE-2026-9689: also when the values agree, are empty, or the name is written differently."""
    with pytest.raises(InvalidRequest, match="twice"):
        parse_parameters(body.encode())


@pytest.mark.parametrize("body", ["a=", "a", "=", "", "&", "&&a=&"])
def test_an_empty_value_counts_as_absent(body: str) -> None:
    """P5, RFC 6749 §3.1."""
    assert dict(parse_parameters(body.encode())) == {}


@pytest.mark.parametrize("body", ["a=%00", "%00=a", "a=x%00y", "a=\x00"])
def test_a_nul_is_refused(body: str) -> None:
    """P3, DOT #1006: a database would choke on it."""
    with pytest.raises(InvalidRequest, match="NUL"):
        parse_parameters(body.encode())


@pytest.mark.parametrize("body", ["a=%", "a=%1", "a=%zz", "%g0=1", "a=100%&b=1", "a=%+1"])
def test_a_stray_percent_sign_is_refused(body: str) -> None:
    """P4: readers disagree on what it would mean."""
    with pytest.raises(InvalidRequest, match="percent-encoded"):
        parse_parameters(body.encode())


@pytest.mark.parametrize("body", [b"a=%ff", b"a=%c3", b"a=%ed%a0%80", b"a=%c0%af", b"a=\xc3\xa9", b"\xff=1"])
def test_what_is_not_utf_8_in_percent_encoding_is_refused(body: bytes) -> None:
    """P4: neither raw bytes, nor surrogates, nor overlong forms."""
    with pytest.raises(InvalidRequest, match="UTF-8"):
        parse_parameters(body)


def test_there_is_a_limit_to_how_much_is_read() -> None:
    """P6: to the number of parameters and to the length of each name and value."""
    many = "&".join(f"p{number}=1" for number in range(MAX_PARAMETERS))
    assert len(parse_parameters(many.encode())) == MAX_PARAMETERS
    assert len(parse_parameters(b"a=" + b"x" * MAX_VALUE_LENGTH)["a"]) == MAX_VALUE_LENGTH

    for too_much in (f"{many}&more=1", "a=" + "x" * (MAX_VALUE_LENGTH + 1), "x" * (MAX_VALUE_LENGTH + 1)):
        with pytest.raises(InvalidRequest, match="too"):
            parse_parameters(too_much.encode())


def test_a_required_parameter_is_there_or_refused() -> None:
    """RFC 6749 §5.2: the refusal names it; an empty one is not there (P5)."""
    parameters = Parameters({"code": "c", "state": ""})

    assert parameters.require("code") == "c"
    for absent in ("state", "nonce"):
        with pytest.raises(InvalidRequest, match=f"{absent} is missing"):
            parameters.require(absent)


@given(TEXT.filter(bool))
def test_a_visible_parameter_is_printable_ascii_or_refused(text: str) -> None:
    """P4, RFC 6749 appendix A: VSCHAR and space, nothing else."""
    parameters = Parameters({"state": text})

    if all(" " <= character <= "~" for character in text):
        assert parameters.visible("state") == text
    else:
        with pytest.raises(InvalidRequest, match="state holds characters"):
            parameters.visible("state")


@pytest.mark.parametrize("state", ["a\n", "a\r\nSet-Cookie: x=1", "\x7f", "\t", "é", "\u202e", "\x1b[31m"])
def test_a_control_character_is_not_visible(state: str) -> None:
    """P4, NOP 9.11.4: neither at the end nor in the middle."""
    with pytest.raises(InvalidRequest):
        Parameters({"state": state}).visible("state")


def test_an_absent_parameter_is_visibly_absent() -> None:
    """RFC 6749 §4.1.1: state and most others are optional."""
    assert Parameters({}).visible("state") is None
