"""Process of the robot simulator: `ros2 run omnibind_ros robot_simulator_node`."""

from __future__ import annotations

import sys

from omnibind_ros.runtime.threads import limit_blas_threads


def main(args: list[str] | None = None) -> int:
    """Run the node until it is stopped, and return the exit status."""
    limit_blas_threads()
    from .robot_simulator import run  # noqa: PLC0415 - it imports NumPy

    return run(args)


if __name__ == "__main__":
    sys.exit(main())
