"""How often we let ourselves be sent out, whoever asks."""

from collections import deque
from collections.abc import Callable
from typing import Final

FETCHES: Final = 120
PERIOD: Final = 60.0


class Budget:
    """At most `limit` fetches within any `period` seconds."""

    def __init__(self, clock: Callable[[], float], *, limit: int = FETCHES, period: float = PERIOD) -> None:
        self._clock, self._limit, self._period = clock, limit, period
        self._spent: deque[float] = deque()

    def spend(self, *, urgent: bool = True) -> bool:
        """Spend one and say so, or say that none is left. What is not urgent may use up only half of the budget."""
        now = self._clock()
        while self._spent and self._spent[0] <= now - self._period:
            self._spent.popleft()
        if len(self._spent) >= (self._limit if urgent else self._limit // 2):
            return False
        self._spent.append(now)
        return True
