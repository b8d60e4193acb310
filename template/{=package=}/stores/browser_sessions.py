"""Browser sessions: one row a browser, found by the digest of its cookie."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, or_, select, update
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
        col(Row.digest),
        col(Row.subject),
        col(Row.auth_time),
        col(Row.acr),
        col(Row.amr),
        col(Row.sid),
        col(Row.expires_at),
    )
    .where(or_(col(Row.digest) == bindparam("digest_"), col(Row.previous_digest) == bindparam("digest_")))
    .where(col(Row.expires_at) > bindparam("now"))
)
_sign_in = Statement(
    update(Row)
    .where(col(Row.id) == bindparam("browser_id"))
    .values(
        digest=bindparam("next_digest"),
        previous_digest=bindparam("presented"),
        subject=bindparam("subject_"),
        auth_time=bindparam("auth_time_"),
        acr=bindparam("acr_"),
        amr=bindparam("amr_"),
        sid=bindparam("sid_"),
        expires_at=bindparam("expires"),
    )
)
_forget = Statement(delete(Row).where(col(Row.subject) == bindparam("subject_")))
delete_expired = Statement(delete(Row).where(col(Row.expires_at) < bindparam("now")))


class BrowserSessions:
    """The browsers that hold a cookie of ours."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def find(self, secret: str, now: datetime) -> Browser | None:
        """Return the browser whose cookie this is, unless its session has expired.

        With the cookie of before the last sign-in it is the same browser, and nobody is signed in: so a click that
        crossed the answer of the first one ends well, and whoever planted that cookie gains nothing (U6).
        """
        presented = digest(secret)
        row = await self._transaction.first(_find, digest_=presented, now=now)
        if row is None:
            return None
        authentication = None
        if row.subject is not None and row.digest == presented:
            authentication = Authentication(
                subject=row.subject, auth_time=row.auth_time, acr=row.acr, amr=row.amr or (), sid=row.sid
            )
        return Browser(id=row.id, secret=secret, authentication=authentication, expires_at=row.expires_at)

    async def begin(self, now: datetime, expires_at: datetime) -> Browser:
        """Return a new browser, nobody signed in."""
        browser = Browser(id=mint_secret(), secret=mint_secret(), authentication=None, expires_at=expires_at)
        await self._transaction.run(
            _insert,
            id=browser.id,
            digest=digest(browser.secret),
            previous_digest=None,
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
            presented=digest(browser.secret),
            subject_=authentication.subject,
            auth_time_=authentication.auth_time,
            acr_=authentication.acr,
            amr_=authentication.amr,
            sid_=authentication.sid,
            expires=expires_at,
        )
        return Browser(id=browser.id, secret=secret, authentication=authentication, expires_at=expires_at)

    async def forget(self, subject: str) -> int:
        """End every session of this person; return how many browsers that were."""
        return await self._transaction.run(_forget, subject_=subject)
