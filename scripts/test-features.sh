#!/usr/bin/env bash
# Which of the test driver's optional tests this machine can run.
#
#   scripts/test-features.sh               print the cargo features to pass, comma-separated;
#                                          say on stderr what is missing and what mends it
#   scripts/test-features.sh why FEATURE   print why FEATURE (py, containers) cannot be on and
#                                          the mending command, a line each; nothing if it can
set -euo pipefail
cd "$(dirname "$0")/.."

readonly package=wirecheck-interop-tests
readonly python=.venv/bin/python
readonly probe_limit=30 # seconds; a probe takes well under one

main() {
  case ${1:-} in
    '') print_features ;;
    why) "missing_${2:?a feature is needed}" ;;
    *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2 ;;
  esac
}

print_features() {
  local feature missing features=()
  for feature in py containers; do
    missing=$("missing_$feature")
    if [[ -z $missing ]]; then
      features+=("$package/$feature")
    else
      printf 'ignored: the tests of feature %s: %s\nhint: %s\n' "$feature" "${missing%%$'\n'*}" "${missing#*$'\n'}" >&2
    fi
  done
  (IFS=, && echo "${features[*]}")
}

missing_py() {
  if [[ ! -x $python ]]; then
    say "there is no .venv" "make python"
  elif ! links_libpython; then
    say "no libpython to link with belongs to the Python of .venv ($(version))" \
      "apt-get install libpython3-dev, or with pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install $(version)"
  fi
}

# Asks the linker, since where it looks is its own affair. A static libpython would not do:
# the extension modules of grpcio and protobuf look their symbols up in a shared one.
links_libpython() {
  local folder library
  { read -r folder && read -r library; } < <(timeout "$probe_limit" "$python" -c '
import sysconfig
shared = sysconfig.get_config_var("Py_ENABLE_SHARED") or sysconfig.get_config_var("PYTHONFRAMEWORK")
if shared:
    print(sysconfig.get_config_var("LIBDIR"))
    print("python" + sysconfig.get_config_var("LDVERSION"))
') || return 1
  timeout "$probe_limit" cc -shared -o /dev/null -L"$folder" "-l$library" 2>/dev/null
}

version() {
  timeout "$probe_limit" "$python" -c 'import platform; print(platform.python_version())'
}

missing_containers() {
  if [[ $(uname -s) != Linux ]]; then
    say "the images of the tests hold programs that are built on Linux" "run the tests on Linux"
  else
    # It says "error: …" and "hint: …" itself.
    { scripts/engine.sh status 2>&1 >/dev/null || true; } | sed "s/^[a-z]*: //"
  fi
}

say() {
  printf '%s\n%s\n' "$1" "$2"
}

main "$@"
