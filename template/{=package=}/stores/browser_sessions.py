"""Browser sessions: one row a browser, found by the digest of its cookie."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlmodel import col

from ..core.grant import Authentication
from ..core.interaction import Browser
from ..core.secrets import digest, mint_secret
from ..database import Statement, Transaction
from .rows import BrowserSessionRow as Row

_insert = Statement(insert(Row))
_find = Statement(
    select(
        col(Row.id),
        col(Row.subject),
        col(Row.auth_time),
        col(Row.acr),
        col(Row.amr),
        col(Row.sid),
        col(Row.expires_at),
    )
    .where(col(Row.digest) == bindparam("digest_"))
    .where(col(Row.expires_at) > bindparam("now"))
)
_sign_in = Statement(
    update(Row)
    .where(col(Row.id) == bindparam("browser_id"))
    .values(
        digest=bindparam("next_digest"),
        subject=bindparam("subject_"),
        auth_time=bindparam("auth_time_"),
        acr=bindparam("acr_"),
        amr=bindparam("amr_"),
        sid=bindparam("sid_"),
        expires_at=bindparam("expires"),
    )
)
_sign_out = Statement(
    update(Row)
    .where(col(Row.id) == bindparam("browser_id"))
    .values(subject=None, auth_time=None, acr=None, amr=None, sid=None)
)
delete_expired = Statement(delete(Row).where(col(Row.expires_at) < bindparam("now")))


class BrowserSessions:
    """The browsers that hold a cookie of ours."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def find(self, secret: str, now: datetime) -> Browser | None:
        """Return the browser whose cookie this is, unless its session has expired."""
        row = await self._transaction.first(_find, digest_=digest(secret), now=now)
        if row is None:
            return None
        signed_in = row.subject is not None and Authentication(
            subject=row.subject, auth_time=row.auth_time, acr=row.acr, amr=row.amr or (), sid=row.sid
        )
        return Browser(id=row.id, secret=secret, authentication=signed_in or None, expires_at=row.expires_at)

    async def begin(self, now: datetime, expires_at: datetime) -> Browser:
        """Return a new browser, nobody signed in."""
        browser = Browser(id=mint_secret(), secret=mint_secret(), authentication=None, expires_at=expires_at)
        await self._transaction.run(
            _insert,
            id=browser.id,
            digest=digest(browser.secret),
            subject=None,
            auth_time=None,
            acr=None,
            amr=None,
            sid=None,
            created_at=now,
            expires_at=expires_at,
        )
        return browser

    async def sign_in(self, browser: Browser, authentication: Authentication, expires_at: datetime) -> Browser:
        """Return the browser with this person signed in and a new secret: a planted cookie gains nothing (U6)."""
        secret = mint_secret()
        await self._transaction.run(
            _sign_in,
            browser_id=browser.id,
            next_digest=digest(secret),
            subject_=authentication.subject,
            auth_time_=authentication.auth_time,
            acr_=authentication.acr,
            amr_=authentication.amr,
            sid_=authentication.sid,
            expires=expires_at,
        )
        return Browser(id=browser.id, secret=secret, authentication=authentication, expires_at=expires_at)

    async def sign_out(self, browser: Browser) -> None:
        """Forget who is signed in; the browser itself stays known, and so do its other tabs."""
        await self._transaction.run(_sign_out, browser_id=browser.id)
