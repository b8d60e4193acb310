from ..database.types import *  # noqa: F403
from ..database.types import NAMING_CONVENTION, Instant  # noqa: F401
