from ..database.sqlite import *  # noqa: F403
