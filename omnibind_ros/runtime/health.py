"""What is wrong with a sensor, and when a failed encoder is tried again."""

from __future__ import annotations

import math

BACK_OFF = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds until a failed encoder is tried again, by the number of failures in a row."""


class Health:
    """Counts a sensor's rejected messages and encoder failures. The engine's lock guards it.

    Attributes:
        problem: Why the sensor cannot be used at all; empty if it can.
        reason: What is wrong at present, one sentence; empty if nothing is.
        rejected: Messages that could not be decoded or encoded.
        retry_at: Monotonic time from which the encoder may be tried again, seconds.
    """

    def __init__(self, problem: str = "") -> None:
        """Create the health of a sensor that has received nothing.

        Args:
            problem: Why the sensor cannot be used at all; empty if it can.
        """
        self.problem = problem
        self.reason = problem
        self.rejected = 0
        self.retry_at = -math.inf
        self._rejected_last = False
        self._failures = 0

    def set_problem(self, problem: str) -> None:
        """Note why the sensor cannot be used at all; an earlier problem stays, as the cause."""
        self.problem = self.problem or problem
        self.reason = self.problem

    def succeed(self, reason: str = "") -> None:
        """Note that a sample was encoded.

        Args:
            reason: Why some messages of its window are not in it; empty if all are.
        """
        self.reason = reason
        self.retry_at = -math.inf
        self._rejected_last = False
        self._failures = 0

    def not_ready(self, reason: str) -> None:
        """Note why valid messages give no sample; this is no fault."""
        self.reason = reason
        self._rejected_last = False

    def reject(self, reason: str) -> None:
        """Count a message that could not become a sample; the reason is one sentence."""
        self.rejected += 1
        self.reason = reason
        self._rejected_last = True

    def fail(self, reason: str, now: float) -> float:
        """Count a failure of the encoder.

        Args:
            reason: What failed, one sentence.
            now: Monotonic time, seconds.

        Returns:
            Seconds until the encoder is tried again; they grow with the failures in a row.
        """
        pause = BACK_OFF[min(self._failures, len(BACK_OFF) - 1)]
        self.rejected += 1
        self.reason = reason
        self.retry_at = now + pause
        self._failures += 1
        return pause

    def faulty(self, fresh: bool) -> bool:
        """Return whether the sensor's samples cannot be used.

        Args:
            fresh: Whether the sensor has a fresh embedding: then one rejected message is no fault.
        """
        return bool(self.problem) or self._failures > 0 or (self._rejected_last and not fresh)
