"""Moved to `database/`; this file goes within the hour."""

from ..database import *  # noqa: F403
