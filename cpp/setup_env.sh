#!/usr/bin/env bash
# Sets up what the C++ peer needs: the generated stubs and the program, cpp/bin/cpp-grpc.
#
# Run by `make cpp`. With nothing changed it compares a stamp and is done.
#
# Exit status: 0 when all is in place, 3 when it cannot be, with one sentence on stderr and the
# command that mends it.
set -uo pipefail

CPP_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PROTO_DIR=$CPP_DIR/../proto
BUILD=$CPP_DIR/build
PROGRAMS=$CPP_DIR/bin
STAMP=.wirecheck-stamp

# What the peer is built with and against: Debian's own names for them stand in apt-packages.
TOOLS=(cmake make c++ pkg-config protoc grpc_cpp_plugin)
LIBRARIES=(grpc++ protobuf libcrypto)

EXIT_INFRASTRUCTURE=3
EXIT_INTERRUPTED=130
EXIT_TERMINATED=143

# Generous, for a slow machine. They end a set-up that hangs, and are no measure of how long one
# takes (about two minutes of processor time).
CONFIGURE_SECONDS=300
BUILD_SECONDS=1800
LOCK_SECONDS=$((CONFIGURE_SECONDS + BUILD_SECONDS))

main() {
  cd "$CPP_DIR" || exit "$EXIT_INFRASTRUCTURE"
  demand_packages
  trap 'interrupted "$EXIT_INTERRUPTED"' INT
  trap 'interrupted "$EXIT_TERMINATED"' TERM
  trap 'rm -rf "${scratch:-}"' EXIT
  scratch=$(mktemp -d) || fail 'no temporary folder can be made' 'free some space, then: make cpp'
  # First without the lock, so that a call with nothing to do never waits.
  program_current && return
  take_lock
  program_current || build_program
}

# --- packages ---------------------------------------------------------------

demand_packages() {
  local tool library
  for tool in "${TOOLS[@]}"; do
    command -v "$tool" >/dev/null 2>&1 || lacks "$tool"
  done
  package_path=$(pkg-config --variable pc_path pkg-config)
  for library in "${LIBRARIES[@]}"; do
    package_file "$library" >/dev/null || lacks "$library"
  done
}

# The file that says which version of a library is there. pkg-config itself would read those of
# all that it depends on, which takes a second.
package_file() {
  local folder
  local IFS=:
  for folder in ${PKG_CONFIG_PATH:-} $package_path; do
    [ -f "$folder/$1.pc" ] && printf '%s\0' "$folder/$1.pc" && return
  done
  return 1
}

lacks() {
  fail "$1 is not installed" "apt-get install --no-install-recommends $(paste -sd ' ' apt-packages)"
}

# --- stamps -----------------------------------------------------------------

program_current() {
  program_digest=$(digest)
  [ "$(cat "$PROGRAMS/$STAMP" 2>/dev/null)" = "$program_digest" ] && [ -x "$PROGRAMS/cpp-grpc" ]
}

# What the program depends on: the tools, the libraries, the schemas and the sources.
digest() {
  {
    c++ -dumpfullversion
    program_sources | sort -z | xargs -0 sha256sum
  } | sha256sum
}

program_sources() {
  local library
  for library in "${LIBRARIES[@]}"; do package_file "$library"; done
  printf '%s\0' setup_env.sh CMakeLists.txt
  find peers \( -name '*.cc' -o -name '*.h' \) -print0
  find "$PROTO_DIR" -name '*.proto' -print0
}

# --- one at a time ----------------------------------------------------------

# Holds a lock on the folder cpp/, which leaves no lock file behind.
take_lock() {
  exec 9<"$CPP_DIR"
  flock --nonblock 9 && return
  say 'waiting for another set-up of this checkout'
  flock --timeout "$LOCK_SECONDS" 9 || fail \
    "another set-up of this checkout has held the lock for $LOCK_SECONDS s" \
    "end it, then: make cpp (see: fuser -v $CPP_DIR)"
}

# --- the program ------------------------------------------------------------

build_program() {
  say 'building cpp-grpc'
  run "$CONFIGURE_SECONDS" cmake -S . -B "$BUILD" -DCMAKE_BUILD_TYPE=Release ||
    fail "the build of cpp-grpc cannot be prepared$(quoted)" \
      "mend what it says, then: rm -rf $BUILD && make cpp"
  run "$BUILD_SECONDS" cmake --build "$BUILD" --parallel "$(nproc)" --target cpp-grpc ||
    fail "cpp-grpc cannot be built$(quoted)" 'mend what it says, then: make cpp'
  # Moved over the old one in one step, for whoever runs it.
  {
    mkdir -p "$PROGRAMS" && rm -f "$PROGRAMS/$STAMP" &&
      cp "$BUILD/cpp-grpc" "$PROGRAMS/cpp-grpc.new" &&
      mv "$PROGRAMS/cpp-grpc.new" "$PROGRAMS/cpp-grpc" &&
      printf '%s\n' "$program_digest" >"$PROGRAMS/$STAMP"
  } || fail "$PROGRAMS cannot be written" 'make it writable and free some space, then: make cpp'
}

# --- children ---------------------------------------------------------------

# Runs a command for at most so many seconds, in a process group of its own which does not outlive
# it. Its output goes into a file.
run() {
  local seconds=$1
  shift
  timeout --kill-after=5 "$seconds" "$@" >"$scratch/output" 2>&1 9<&- &
  child=$!
  wait "$child"
  local status=$?
  child=
  [ "$status" = 124 ] && printf 'no end after %s s\n' "$seconds" >>"$scratch/output"
  return "$status"
}

interrupted() {
  trap - INT TERM
  # `timeout` passes it on to the whole group of its command.
  [ -n "${child:-}" ] && kill -TERM "$child" && wait "$child"
  exit "$1"
}

# The first errors of a command's output, or else its last lines, to stand behind a sentence.
quoted() {
  { grep -m 3 'error' "$scratch/output" || grep -v '^[[:space:]]*$' "$scratch/output" | tail -n 3; } |
    while IFS= read -r line; do printf '\n    %s' "${line:0:300}"; done
}

fail() {
  printf 'error: %s\n\nhint: %s\n' "$1" "$2" >&2
  exit "$EXIT_INFRASTRUCTURE"
}

say() { printf 'cpp: %s\n' "$1" >&2; }

main
