"""The pages: what others wrote stays text, and everyone can use the forms."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from starlette.responses import Response

from ...endpoints import pages
from ...endpoints.pages.untrusted import untrusted

HOSTILE = "\"><script>alert(1)</script><img src=//evil.example onerror='x'>&lt;"
SHEET = "/pages/style.css?v=1"

CONTEXTS: dict[str, dict[str, Any]] = {
    "login": {
        "action": "/interaction/1/login",
        "csrf": "token",
        "client_name": "Field Notes",
        "username": "",
        "error": None,
        "cancel_action": "/interaction/1/cancel",
    },
    "consent": {
        "action": "/interaction/1/consent",
        "csrf": "token",
        "client_name": "Field Notes",
        "client_uri": "https://notes.example/about",
        "redirect_host": "notes.example",
        "scopes": [("calendar:read", "See your calendar"), ("notes:read", "Read your notes")],
        "offline_access": True,
        "account": "Ada Lovelace",
        "switch_action": "/interaction/1/switch",
        "loopback_only": True,
        "resources": ["https://api.example/notes"],
    },
    "select_account": {
        "action": "/interaction/1/account",
        "csrf": "token",
        "account": "Ada Lovelace",
        "client_name": "Field Notes",
    },
    "error": {"title": "It failed", "message": "Go back to the app.", "incident": "7f3a-91bc"},
    "finished": {"title": "Finished", "message": "Go back to the app."},
}
PAGES = [*CONTEXTS, "form_post"]


class Document(HTMLParser):
    """The elements of a page, each with its attributes and the text directly in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._text = []
        self.elements.append((tag, dict(attrs), self._text))

    def handle_endtag(self, tag: str) -> None:
        self._text = []  # what follows an element is not in it

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes, _ in self.elements if name == tag]

    def texts(self, tag: str) -> list[str]:
        return ["".join(data).strip() for name, _, data in self.elements if name == tag]


def render(name: str, **changes: Any) -> Response:
    if name == "form_post":
        return pages.render_form_post("https://notes.example/cb", [("code", "c"), ("state", "s")], stylesheet=SHEET)
    return pages.render_page(name, stylesheet=SHEET, **{**CONTEXTS[name], **changes})


def read(response: Response) -> Document:
    return Document(bytes(response.body).decode())


@given(name=st.text(st.characters()))
@pytest.mark.parametrize("page", ["login", "consent", "select_account"])
def test_the_name_of_an_app_is_only_ever_text(page: str, name: str) -> None:
    """U4: whatever a client calls itself, the page keeps its elements, the name stands in one <bdi>."""
    usual = read(render(page))

    document = read(render(page, client_name=name))

    assert [tag for tag, *_ in document.elements] == [tag for tag, *_ in usual.elements]
    shown = untrusted(name).encode("utf-8", "replace").decode() or "An app without a name"
    assert shown in document.texts("bdi")


@pytest.mark.parametrize(
    ("page", "field"),
    [(page, field) for page, context in CONTEXTS.items() for field, value in context.items() if isinstance(value, str)]
    + [("login", "error")],
)
def test_every_value_on_a_page_is_escaped(page: str, field: str) -> None:
    """U4: markup in any value is shown as it is written, and adds nothing to the page."""
    harmless = read(render(page, **{field: "harmless"}))

    document = read(render(page, **{field: HOSTILE}))

    assert [(tag, sorted(found)) for tag, found, _ in document.elements] == [
        (tag, sorted(found)) for tag, found, _ in harmless.elements
    ]


def test_scopes_and_resources_on_a_page_are_escaped() -> None:
    """U4: lists are no way around it."""
    document = read(render("consent", scopes=[(HOSTILE, HOSTILE)], resources=[HOSTILE]))

    assert not document.attributes("script")
    assert not document.attributes("img")
    assert document.texts("code") == [HOSTILE]


def test_the_posted_response_is_escaped() -> None:
    """U4: form_post writes a client's `state` and our answer into attributes."""
    parameters = [("state", HOSTILE), (HOSTILE, "value")]

    document = read(pages.render_form_post("https://a.example/cb?x=1&y=2", parameters, stylesheet=SHEET))

    assert [(field["name"], field["value"]) for field in document.attributes("input")] == parameters
    assert document.attributes("form")[0]["action"] == "https://a.example/cb?x=1&y=2"
    assert len(document.attributes("script")) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Field Notes", "Field Notes"),
        ("دفتر الملاحظات", "دفتر الملاحظات"),
        ("\u2069\u202egnp.exe\u2066", "gnp.exe"),
        ("two\r\nlines\u2028and\x00more", "two lines and more"),
        ("n" * 121, "n" * 119 + "…"),
        ("\u200f \u061c", ""),
    ],
)
def test_text_of_others_cannot_steer_the_text_around_it(text: str, shown: str) -> None:
    """U4: a direction control in an app's name could turn our sentence round."""
    assert untrusted(text) == shown


@pytest.mark.parametrize("page", PAGES)
def test_no_page_loads_or_links_to_anything_elsewhere(page: str) -> None:
    """U4: an app's website is shown as text, and the answer of form_post is the one address outside."""
    document = read(render(page))

    addresses = [
        value or ""
        for tag, found, _ in document.elements
        for name, value in found.items()
        if name in {"href", "src", "action", "formaction", "srcset", "poster", "data"} and tag != "svg"
    ]
    outside = [address for address in addresses if not re.match(r"/(?!/)|data:,$", address)]
    assert outside == (["https://notes.example/cb"] if page == "form_post" else [])
    assert not [found for _, found, _ in document.elements if "style" in found or "http-equiv" in found]


@pytest.mark.parametrize("page", PAGES)
def test_every_field_has_a_label_and_every_button_words(page: str) -> None:
    """WCAG 2.2, 1.3.1 and 4.1.2: a screen reader can name each control, and each page."""
    document = read(render(page))

    labelled = {label["for"] for label in document.attributes("label")}
    fields = [field for field in document.attributes("input") if field.get("type") != "hidden"]
    ids = [found["id"] for _, found, _ in document.elements if "id" in found]
    described = [found.get("aria-describedby") for _, found, _ in document.elements]
    assert all(field["id"] in labelled for field in fields)
    assert all(button["type"] == "submit" for button in document.attributes("button"))
    assert len(ids) == len(set(ids))
    assert set(described) <= {None, *ids}
    assert document.attributes("html") == [{"lang": "en"}]
    assert len(document.attributes("main")) == len(document.attributes("h1")) == 1
    assert all(document.texts("title"))


def test_every_form_of_ours_is_posted_with_the_token() -> None:
    """U1: no button on our pages works without the CSRF token."""
    for page in ("login", "consent", "select_account"):
        document = read(render(page, csrf="the-token"))

        tokens = [field["value"] for field in document.attributes("input") if field["name"] == "csrf"]
        assert all(form["method"] == "post" for form in document.attributes("form"))
        assert tokens == ["the-token"] * len(document.attributes("form"))


def test_a_failed_login_says_so_and_waits_for_the_password() -> None:
    """WCAG 2.2, 3.3.1: the error is announced, belongs to both fields, and the name is kept."""
    document = read(render("login", username="ada", error="That did not work."))

    username, password = (field for field in document.attributes("input") if field.get("type") != "hidden")
    assert ("That did not work.", "alert") in [
        ("".join(data).strip(), found.get("role")) for _, found, data in document.elements
    ]
    assert username["aria-describedby"] == password["aria-describedby"] == "login-error"
    assert (username["value"], username["autocomplete"]) == ("ada", "username")
    assert password["autocomplete"] == "current-password"
    assert "autofocus" in password
    assert "autofocus" not in username


def test_consent_shows_the_host_and_warns_of_apps_on_this_computer() -> None:
    """U3, D5: where the answer goes is always shown, the warning only where it is true."""
    warned, calm = read(render("consent")), read(render("consent", loopback_only=False))

    assert "notes.example" in warned.texts("strong")
    assert "This app runs on this computer." in warned.texts("strong")
    assert "This app runs on this computer." not in calm.texts("strong")


def test_no_answer_to_consent_is_chosen_beforehand() -> None:
    """U1: a key held down on the page before must not allow anything."""
    document = read(render("consent"))

    answers = [(button.get("name"), button.get("value")) for button in document.attributes("button")]
    assert answers == [(None, None), ("decision", "deny"), ("decision", "allow")]
    assert not [found for _, found, _ in document.elements if "autofocus" in found]


def test_a_page_that_lacks_something_fails_loudly() -> None:
    """A template that asks for what nobody gave it is a fault of ours, not an empty place."""
    with pytest.raises(UndefinedError, match="incident"):
        pages.render_page("error", stylesheet=SHEET, title="t", message="m")
