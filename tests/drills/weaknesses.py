"""Weaknesses that are planted into what is rendered, and the notes of the releases that mend them.

What is shipped is the fix: to plant a weakness is to take a check away again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """A piece of a fix: `fixed` stands in the file as it is shipped, `weak` stood there before."""

    path: str
    fixed: str
    weak: str


@dataclass(frozen=True)
class Weakness:
    """`code` is how its advisory recognises the fix; `names` are the functions that hold it."""

    name: str
    parts: tuple[Part, ...]
    names: tuple[str, ...]
    code: str
    room: str = ""

    @property
    def paths(self) -> list[str]:
        """Where it is, each file once."""
        return list(dict.fromkeys(part.path for part in self.parts))

    def entry(self, number: int) -> str:
        """Its advisory in a note."""
        return f"""
[[security]]
id = "CHY-2027-{number:02}"
severity = "high"
title = "{self.name}"
what = "Somebody could do what nobody may."
mend = "Do as the release does."
{self.code}"""

    def plant(self, package: Path, parts: Iterable[Part] | None = None) -> None:
        """Make `package` weak again, in all parts or some. Raises AssertionError if the code is not as shipped."""
        for part in self.parts if parts is None else parts:
            file = package / part.path
            text = file.read_text()
            assert text.count(part.fixed) == 1, (self.name, part.path, part.fixed)
            file.write_text(text.replace(part.fixed, part.weak))


REDIRECT = """    if redirect_uri != code.redirect_uri:
        raise InvalidGrant("redirect_uri is not the one of the authorization request")
"""
ATH = """    if access_token is not None and claims.get("ath") != hash_access_token(access_token):
        raise InvalidDPoPProof("ath of the DPoP proof is not the hash of the access token")
"""
NOBODY = (
    "    nobodys = _nobodys_hash(_hasher)  # for known people too, or the first who is not would take twice as long\n"
)

WEAKNESSES = (
    Weakness(
        name="a check that was missing in the core",
        parts=(Part("core/authorization_code.py", REDIRECT, ""),),
        names=("check_exchange",),
        code=f"""
[[security.code]]
path = "core/authorization_code.py"
definition = "check_exchange"
known_by = "check_verifier(code.code_challenge, code_verifier)"
present = '''
{REDIRECT}'''
""",
    ),
    Weakness(
        name="a comparison that was not in constant time, in two files",
        parts=(
            Part(
                "core/pkce.py",
                "if not compare_digest(compute_challenge(verifier), challenge):",
                "if compute_challenge(verifier) != challenge:",
            ),
            Part("core/secrets.py", "return compare_digest(digest(secret), stored)", "return digest(secret) == stored"),
        ),
        names=("check_verifier", "is_digest_of"),
        code="""
[[security.code]]
path = "core/pkce.py"
definition = "check_verifier"
present = "compare_digest(compute_challenge(verifier), challenge)"
gone = "compute_challenge(verifier) != challenge"

[[security.code]]
path = "core/secrets.py"
definition = "is_digest_of"
present = "compare_digest(digest(secret), stored)"
gone = "digest(secret) == stored"
""",
    ),
    Weakness(
        name="two checks that were missing in a feature",
        parts=(
            Part("features/dpop/proof.py", ATH, ""),
            Part(
                "features/dpop/proof.py",
                """    if not _REFUSED_HEADERS.isdisjoint(jws.header):
        raise JoseError("the header has a member that is refused")
""",
                "",
            ),
        ),
        names=("verify_proof", "_verify"),
        room="dpop",
        code=f"""
[[security.code]]
path = "features/dpop/proof.py"
definition = "verify_proof"
known_by = "_read_instant(claims, now, window)"
present = '''
{ATH}'''

[[security.code]]
path = "features/dpop/proof.py"
definition = "_verify"
known_by = "key.is_signed(jws.signing_input, jws.signature)"
present = '''
if not _REFUSED_HEADERS.isdisjoint(jws.header):
    raise JoseError("the header has a member that is refused")
'''
""",
    ),
    Weakness(
        name="an end that a feature did not see",
        parts=(
            Part(
                "features/openid/userinfo.py",
                "if not (context.grant_id and await Grants(transaction).is_live(context.grant_id, context.subject)):",
                "if not context.grant_id:",
            ),
        ),
        names=("userinfo",),
        room="openid",
        code="""
[[security.code]]
path = "features/openid/userinfo.py"
definition = "UserInfoEndpoint.userinfo"
known_by = "self.claims.for_userinfo(context.subject, context.scope, transaction)"
present = "if not (context.grant_id and await Grants(transaction).is_live(context.grant_id, context.subject)): ..."
""",
    ),
    Weakness(
        name="a policy that granted too much",
        parts=(
            Part(
                "policy/scopes.py",
                "allowed = requested & client.scope & self._supported.keys()",
                "allowed = requested & self._supported.keys()",
            ),
        ),
        names=("allow",),
        code="""
[[security.code]]
path = "policy/scopes.py"
definition = "Scopes.allow"
present = "requested & client.scope & self._supported.keys()"
gone = "requested & self._supported.keys()"
""",
    ),
    Weakness(
        name="a policy that told who is known, and how many tries are free",
        parts=(
            Part(
                "policy/principals.py",
                NOBODY,
                "    if stored is None:\n        return False\n    nobodys = stored\n",
            ),
            Part("policy/principals.py", "        if not (row and is_right):\n", "        if not row:\n"),
        ),
        names=("_is_password", "authenticate"),
        code="""
[[security.code]]
path = "policy/principals.py"
definition = "_is_password"
present = ["nobodys = _nobodys_hash(_hasher)", '''
try:
    return _hasher.verify(stored or nobodys, password)
except (VerificationError, InvalidHashError):
    return False
''']
known_by = "_hasher.verify(stored or nobodys, password)"

[[security.code]]
path = "policy/principals.py"
definition = "Principals.authenticate"
known_by = "Authentication(subject=self.kind.prefix + row.id, auth_time=now, amr=PASSWORD)"
present = '''
if not (row and is_right):
    return None
'''
""",
    ),
    Weakness(
        name="a cookie that scripts could read",
        parts=(Part("endpoints/session_cookie.py", 'httponly=True, samesite="lax"', 'samesite="none"'),),
        names=("set",),
        code="""
[[security.code]]
path = "endpoints/session_cookie.py"
definition = "SessionCookie.set"
present = '''
response.set_cookie(
    self.name, secret, max_age=max_age, path="/", secure=self.is_secure, httponly=True, samesite="lax"
)
'''
gone = '''
response.set_cookie(self.name, secret, max_age=max_age, path="/", secure=self.is_secure, samesite="none")
'''
""",
    ),
    Weakness(
        name="a page whose form could be forged",
        parts=(
            Part(
                "endpoints/pages/templates/login.html",
                """id="login">
        {{ csrf_field(csrf) }}
""",
                """id="login">
""",
            ),
        ),
        names=(),
        code="""
[[security.code]]
path = "endpoints/pages/templates/login.html"
known_by = '<input id="password" name="password" type="password"'
present = '''
<form method="post" action="{{ action }}" id="login">
{{ csrf_field(csrf) }}
'''
""",
    ),
    Weakness(
        name="a workflow that everybody could write to",
        parts=(Part("../.github/workflows/ci.yml", "permissions:\n  contents: read\n", "permissions: write-all\n"),),
        names=(),
        code="""
[[security.code]]
path = "../.github/workflows/ci.yml"
known_by = "lint-imports"
present = "permissions:\\n  contents: read"
gone = "permissions: write-all"
""",
    ),
)


def note(*weaknesses: Weakness, version: str) -> str:
    """The note of a release that mends these."""
    entries = "".join(each.entry(WEAKNESSES.index(each) + 1) for each in weaknesses)
    return f'version = "{version}"\ndate = 2027-01-01\nsummary = "Mends."\n{entries}'
