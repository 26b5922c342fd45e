#!/usr/bin/env bash
# Builds the official interop programs of grpc-go: bin/client and bin/server.
#
# Run by `make official-go`. With nothing changed it compares a stamp and is done.
set -uo pipefail

LANGUAGE=official-go
FOLDER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$FOLDER/../../scripts/setup.sh"

PROGRAMS=$FOLDER/bin

# Generous, for a slow line and a cold cache: the modules are about 40 MB. They end a set-up that
# hangs, and are no measure of how long one takes (about 30 s).
LOOK_SECONDS=120 # A newer Go may have to be fetched for it.
FETCH_SECONDS=600
BUILD_SECONDS=900
LOCK_SECONDS=$((FETCH_SECONDS + BUILD_SECONDS))

main() {
  command -v go >/dev/null 2>&1 || fail 'go is not installed' \
    'install Go 1.26 or newer, see https://go.dev/doc/install'
  begin
  run "$LOOK_SECONDS" go version || fail "go cannot be run$(quoted)" \
    'install Go 1.26 or newer, see https://go.dev/doc/install'
  version=$(<"$scratch/output")
  # First without the lock, so that a call with nothing to do never waits.
  is_current && return
  take_lock "$LOCK_SECONDS"
  is_current || build_programs
}

is_current() {
  programs_digest=$(digest sources "$version")
  is_stamped "$PROGRAMS/$STAMP" "$programs_digest"
}

sources() { printf '%s\0' setup_env.sh ../../scripts/setup.sh go.mod go.sum; }

build_programs() {
  fetch_modules
  say 'building the official programs of grpc-go'
  local interop=google.golang.org/grpc/interop
  # Nothing of this machine and of its checkout gets into the programs.
  run "$BUILD_SECONDS" go build -mod=readonly -trimpath -buildvcs=false -o "$scratch/bin/" \
    "$interop/client" "$interop/server" ||
    fail "the official programs of grpc-go cannot be built$(quoted)" \
      'mend what it says, then: make official-go'
  {
    rm -rf "$PROGRAMS" && mv "$scratch/bin" "$PROGRAMS" &&
      write_stamp "$PROGRAMS/$STAMP" "$programs_digest"
  } || cannot_write "$PROGRAMS"
}

fetch_modules() {
  say 'fetching the locked modules'
  run "$FETCH_SECONDS" go mod download && return
  fail "the modules of official/go/go.mod cannot be fetched$(quoted)" \
    'check the network or name a proxy that can be reached: GOPROXY=<its address> make official-go'
}

main
