"""The server's own tables. The team's are in `policy/tables.py`; no foreign key crosses between the two."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from .types import NAMING_CONVENTION


class ServerTable(SQLModel):
    """What every row of the server's own descends from. Names are `<TABLE_PREFIX><room>_<thing>`."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
