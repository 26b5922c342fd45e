#!/usr/bin/env bash
# Sets up what the Go peer needs: the generated stubs and the program, go/bin/go-grpc.
#
# Run by `make go`. With nothing changed it compares two stamps and is done.
#
# Exit status: 0 when all is in place, 3 when it cannot be, with one sentence on stderr and the
# command that mends it.
set -uo pipefail

GO_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PROTO_DIR=$GO_DIR/../proto
STUBS=$GO_DIR/generated
PROGRAMS=$GO_DIR/bin
STAMP=.wirecheck-stamp

EXIT_INFRASTRUCTURE=3
EXIT_INTERRUPTED=130
EXIT_TERMINATED=143

# Generous, for a slow line and a cold cache: the modules are about 20 MB. They end a set-up that
# hangs, and are no measure of how long one takes (about 20 s).
LOOK_SECONDS=120 # A newer Go may have to be fetched for it.
FETCH_SECONDS=600
GENERATE_SECONDS=300
BUILD_SECONDS=900
LOCK_SECONDS=$((FETCH_SECONDS + GENERATE_SECONDS + BUILD_SECONDS))

main() {
  cd "$GO_DIR" || exit "$EXIT_INFRASTRUCTURE"
  command -v go >/dev/null 2>&1 || fail 'go is not installed' \
    'install Go 1.26 or newer, see https://go.dev/doc/install'
  trap 'interrupted "$EXIT_INTERRUPTED"' INT
  trap 'interrupted "$EXIT_TERMINATED"' TERM
  trap 'rm -rf "${scratch:-}"' EXIT
  scratch=$(mktemp -d) || fail 'no temporary folder can be made' 'free some space, then: make go'
  find_version
  # First without the lock, so that a call with nothing to do never waits.
  is_current && return
  take_lock
  stubs_current || generate_stubs
  program_current || build_program
}

# --- stamps -----------------------------------------------------------------

find_version() {
  run "$LOOK_SECONDS" go version || fail "go cannot be run$(quoted)" \
    'install Go 1.26 or newer, see https://go.dev/doc/install'
  version=$(<"$scratch/output")
}

is_current() { stubs_current && program_current; }

stubs_current() {
  stubs_digest=$(digest stub_sources)
  is_stamped "$STUBS" "$stubs_digest"
}

program_current() {
  program_digest=$(digest program_sources)
  is_stamped "$PROGRAMS" "$program_digest" && [ -x "$PROGRAMS/go-grpc" ]
}

# What the stubs depend on: the generator, what it is made of, and every schema.
stub_sources() {
  printf '%s\0' setup_env.sh go.mod go.sum
  find generate -name '*.go' -print0
  find "$PROTO_DIR" -name '*.proto' -print0
}

# What the program depends on besides.
program_sources() {
  stub_sources
  find peers -name '*.go' ! -name '*_test.go' -print0
}

digest() {
  { printf '%s\n' "$version"; "$1" | sort -z | xargs -0 sha256sum; } | sha256sum
}

write_stamp() { printf '%s\n' "$2" >"$1/$STAMP"; }

is_stamped() { [ "$(cat "$1/$STAMP" 2>/dev/null)" = "$2" ]; }

# --- one at a time ----------------------------------------------------------

# Holds a lock on the folder go/, which leaves no lock file behind.
take_lock() {
  exec 9<"$GO_DIR"
  flock --nonblock 9 && return
  say 'waiting for another set-up of this checkout'
  flock --timeout "$LOCK_SECONDS" 9 || fail \
    "another set-up of this checkout has held the lock for $LOCK_SECONDS s" \
    "end it, then: make go (see: fuser -v $GO_DIR)"
}

# --- stubs ------------------------------------------------------------------

generate_stubs() {
  fetch_modules
  say 'generating the stubs'
  run "$GENERATE_SECONDS" go run ./generate "$PROTO_DIR" "$scratch/stubs" || fail \
    "the stubs cannot be generated$(quoted)" 'mend the schema or go/generate, then: make go'
  # Anew as a whole, so that no stub stays whose schema is gone.
  { rm -rf "$STUBS" && mv "$scratch/stubs" "$STUBS" && write_stamp "$STUBS" "$stubs_digest"; } ||
    cannot_write "$STUBS"
}

fetch_modules() {
  say 'fetching the locked modules'
  run "$FETCH_SECONDS" go mod download && return
  if grep -q 'checksum mismatch' "$scratch/output"; then
    fail "a module is not the one that was locked$(quoted)" \
      'go clean -modcache (a broken download), or after a change on purpose: go mod tidy'
  fi
  fail "the modules of go/go.mod cannot be fetched$(quoted)" \
    'check the network or name a proxy that can be reached: GOPROXY=<its address> make go'
}

# --- the program ------------------------------------------------------------

build_program() {
  say 'building go-grpc'
  # Nothing of this machine and of its checkout gets into the program.
  run "$BUILD_SECONDS" go build -trimpath -buildvcs=false -o "$scratch/go-grpc" ./peers/grpc_go ||
    fail "go-grpc cannot be built$(quoted)" 'mend what it says, then: make go'
  # Moved over the old one in one step, for whoever runs it.
  {
    mkdir -p "$PROGRAMS" && rm -f "$PROGRAMS/$STAMP" &&
      cp "$scratch/go-grpc" "$PROGRAMS/go-grpc.new" &&
      mv "$PROGRAMS/go-grpc.new" "$PROGRAMS/go-grpc" &&
      write_stamp "$PROGRAMS" "$program_digest"
  } || cannot_write "$PROGRAMS"
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

# The last lines of a command's output, to stand behind a sentence.
quoted() {
  grep -v '^[[:space:]]*$' "$scratch/output" | tail -n 3 | while IFS= read -r line; do
    printf '\n    %s' "${line:0:300}"
  done
}

fail() {
  printf 'error: %s\n\nhint: %s\n' "$1" "$2" >&2
  exit "$EXIT_INFRASTRUCTURE"
}

cannot_write() {
  fail "$1 cannot be written" 'make it writable and free some space, then: make go'
}

say() { printf 'go: %s\n' "$1" >&2; }

main
