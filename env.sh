# shellcheck shell=bash
# Source this file, from bash or zsh and from any folder, to use the workspace:
#   . /path/to/omnibind_ros/env.sh
# With the wheels of another ROS 2 than Jazzy, which `make setup ROS=kilted` installs:
#   OMNIBIND_ROS=kilted . /path/to/omnibind_ros/env.sh

_omnibind_env() {
  local root=$1 shell=$2 options=$- venv=$1/.venv install=$1/install asked=
  case "${OMNIBIND_ROS:-jazzy}" in
    jazzy) ;;
    *)
      asked=$OMNIBIND_ROS
      venv=$venv-$asked
      install=$install-$asked
      ;;
  esac
  if [ ! -e "$install/.omnibind_ros.stamp" ]; then
    echo "env.sh: the workspace is not set up yet: run 'make setup${asked:+ ROS=$asked}' in $root first." >&2
    return 1
  fi

  set +u # the scripts that colcon writes read unset variables
  if [ -e "$venv/share/rclpy" ]; then
    # ROS 2 from wheels.
    if [ -n "${ROS_DISTRO:-}" ]; then
      case ":${AMENT_PREFIX_PATH:-}:" in
        *":$venv:"*) ;;
        *)
          echo "env.sh: ROS 2 $ROS_DISTRO is sourced, but the workspace was set up without it:" \
            "run 'make setup' again or start a new shell." >&2
          case $options in *u*) set -u ;; esac
          return 1
          ;;
      esac
    fi
    # Let the wheels find their libraries for this environment, not for one inherited.
    unset _ROS_WHEELS_BOOTSTRAP_COMPLETE
    _omnibind_prepend AMENT_PREFIX_PATH "$venv"
    _omnibind_prepend CMAKE_PREFIX_PATH "$venv"
    # shellcheck source=/dev/null
    . "$install/local_setup.$shell"
    [ -z "$asked" ] || export ROS_DISTRO=$asked # Jazzy is what is assumed without it
  else
    # This also sources the ROS 2 installation that the workspace was built on.
    # shellcheck source=/dev/null
    . "$install/setup.$shell"
  fi
  export LD_LIBRARY_PATH="${LD_LIBRARY_PATH%:}"
  case $options in *u*) set -u ;; esac

  _omnibind_prepend PATH "$venv/bin"
  # Without the profile, Fast DDS drops most large messages, such as images.
  # Fast DDS 2 reads the first variable, 3 the second, and Kilted warns of the first.
  case "${ROS_DISTRO:-jazzy}" in
    humble | iron | jazzy)
      export FASTRTPS_DEFAULT_PROFILES_FILE="${FASTRTPS_DEFAULT_PROFILES_FILE:-$root/config/fastdds.xml}"
      ;;
  esac
  export FASTDDS_DEFAULT_PROFILES_FILE="${FASTDDS_DEFAULT_PROFILES_FILE:-$root/config/fastdds.xml}"
}

# Puts a folder in front of a search path, unless it is in there.
_omnibind_prepend() {
  local old
  eval "old=\${$1:-}"
  case ":$old:" in
    *":$2:"*) ;;
    *) eval "export $1=\"\$2\${old:+:\$old}\"" ;;
  esac
}

if [ -z "${ZSH_VERSION:-}${BASH_VERSION:-}" ]; then
  echo "env.sh: source it from bash or zsh." >&2
  false
elif [ -n "${ZSH_VERSION:-}" ]; then
  eval '_omnibind_root=${${(%):-%x}:A:h}'
  _omnibind_env "$_omnibind_root" zsh
else
  _omnibind_root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
  _omnibind_env "$_omnibind_root" bash
fi
# The status of the line above is the status of sourcing this file.
_omnibind_status=$?
unset _omnibind_root
unset -f _omnibind_env _omnibind_prepend
eval "unset _omnibind_status; return $_omnibind_status"
