"""How old a sample is when it arrives, from a header that may be wrong."""

from __future__ import annotations

FUTURE_TOLERANCE = 0.1
"""Seconds that a header may be ahead of the node's clock; synchronised hosts differ by less."""


def delay_on_arrival(
    stamp_ns: int, now_ns: int, max_age: float, policy: str
) -> tuple[float, int, str]:
    """Return a sample's age at its arrival.

    From then on a monotonic clock counts, so that a jump of the node's clock changes no age.

    Args:
        stamp_ns: header.stamp in nanoseconds; 0 for none.
        now_ns: The node's clock on arrival, nanoseconds.
        max_age: Seconds after which a sample is stale.
        policy: 'auto', 'header' or 'arrival' (see `SensorConfig.stamp`).

    Returns:
        The delay in seconds (>= 0), the stamp to publish (ns), and a sentence if the header is
        not plausible, else ''.
    """
    if stamp_ns == 0 or policy == "arrival":
        return 0.0, now_ns, ""
    delay = (now_ns - stamp_ns) * 1e-9
    if policy == "header" or -FUTURE_TOLERANCE <= delay <= max_age:
        return max(delay, 0.0), stamp_ns, ""
    where = "behind" if delay > 0 else "ahead of"
    return (
        0.0,
        now_ns,
        f"header.stamp is more than {max_age if delay > 0 else FUTURE_TOLERANCE:g} s {where} the "
        "node's clock, so the time of arrival is used; synchronise the clocks or set use_sim_time",
    )
