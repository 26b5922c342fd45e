#!/usr/bin/env bash
# Sets up what the C++ peer needs: the generated stubs and the program, cpp/bin/cpp-grpc.
#
# Run by `make cpp`. With nothing changed it compares a stamp and is done.
set -uo pipefail

LANGUAGE=cpp
FOLDER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$FOLDER/../scripts/setup.sh"

PROTO_DIR=$FOLDER/../proto
BUILD=$FOLDER/build
PROGRAM=$FOLDER/bin/cpp-grpc

# What the peer is built with and against: Debian's own names for them stand in apt-packages.
TOOLS=(cmake make c++ pkg-config protoc grpc_cpp_plugin)
LIBRARIES=(grpc++ protobuf libcrypto)

# Generous, for a slow machine. They end a set-up that hangs, and are no measure of how long one
# takes (about two minutes of processor time).
CONFIGURE_SECONDS=300
BUILD_SECONDS=1800
LOCK_SECONDS=$((CONFIGURE_SECONDS + BUILD_SECONDS))

main() {
  begin
  demand_packages
  # First without the lock, so that a call with nothing to do never waits.
  program_current && return
  take_lock "$LOCK_SECONDS"
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
  program_digest=$(digest program_sources "$(c++ -dumpfullversion)")
  is_stamped "${PROGRAM%/*}/$STAMP" "$program_digest" && [ -x "$PROGRAM" ]
}

# What the program depends on: the libraries, the schemas and the sources.
program_sources() {
  local library
  for library in "${LIBRARIES[@]}"; do package_file "$library"; done
  printf '%s\0' setup_env.sh ../scripts/setup.sh CMakeLists.txt
  find peers \( -name '*.cc' -o -name '*.h' \) -print0
  find "$PROTO_DIR" -name '*.proto' -print0
}

# --- the program ------------------------------------------------------------

build_program() {
  say 'building cpp-grpc'
  run "$CONFIGURE_SECONDS" cmake -S . -B "$BUILD" -DCMAKE_BUILD_TYPE=Release ||
    fail "the build of cpp-grpc cannot be prepared$(quoted)" \
      "mend what it says, then: rm -rf $BUILD && make cpp"
  run "$BUILD_SECONDS" cmake --build "$BUILD" --parallel "$(nproc)" --target cpp-grpc ||
    fail "cpp-grpc cannot be built$(quoted)" 'mend what it says, then: make cpp'
  put_in_place "$BUILD/cpp-grpc" "$PROGRAM" "${PROGRAM%/*}/$STAMP" "$program_digest"
}

# The first errors of a command's output, or else its last lines, to stand behind a sentence.
quoted() {
  { grep -m 3 'error' "$scratch/output" || grep -v '^[[:space:]]*$' "$scratch/output" | tail -n 3; } |
    while IFS= read -r line; do printf '\n    %s' "${line:0:300}"; done
}

main
