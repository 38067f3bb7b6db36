"""A hard limit of processor time, as a token bucket."""

from __future__ import annotations

import math


class Budget:
    """Limits the processor seconds per second; unused ones are kept for a short burst.

    In any interval of t seconds at most `rate * (t + burst)` processor seconds are spent, plus one
    encode for each worker, which is under way when the bucket runs empty.
    """

    def __init__(self, rate: float = math.inf, burst: float = 0.1) -> None:
        """Create a full bucket.

        Args:
            rate: Processor seconds per second; infinite for no limit.
            burst: Seconds of unused budget that are kept.
        """
        self._rate = rate
        self._capacity = rate * burst
        self._tokens = self._capacity
        self._filled_at = -math.inf

    def wait(self, now: float) -> float:
        """Return the seconds until processor time may be spent; 0 if it may now.

        Args:
            now: Monotonic time, seconds.
        """
        if math.isinf(self._rate):
            return 0.0
        self._fill(now)
        if self._tokens > 0.0:
            return 0.0
        # Slightly more than 0, so that rounding does not wake a worker too early.
        return (1e-4 - self._tokens) / self._rate if self._rate > 0.0 else math.inf

    def spend(self, seconds: float) -> None:
        """Take processor seconds out, even more than there are; negative ones are put back."""
        if not math.isinf(self._rate):
            self._tokens -= seconds

    def _fill(self, now: float) -> None:
        if self._filled_at > -math.inf:
            earned = max(now - self._filled_at, 0.0) * self._rate
            self._tokens = min(self._tokens + earned, self._capacity)
        self._filled_at = now
