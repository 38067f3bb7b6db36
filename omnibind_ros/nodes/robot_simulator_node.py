"""Process of the robot simulator: `ros2 run omnibind_ros robot_simulator_node`."""

from __future__ import annotations

import sys

from omnibind_ros.runtime.threads import limit_blas_threads


def main(args: list[str] | None = None) -> int:
    """Run the node until it is stopped, and return the exit status."""
    limit_blas_threads()
    try:
        from .robot_simulator import run  # noqa: PLC0415 - it imports NumPy
    except ModuleNotFoundError as error:
        print(
            f"robot_simulator: {error.name} is not installed: install omnibind_ros[sim], such as "
            "with `python3 tools/setup_workspace.py demo dev sim`.",
            file=sys.stderr,
        )
        return 1
    return run(args)


if __name__ == "__main__":
    sys.exit(main())
