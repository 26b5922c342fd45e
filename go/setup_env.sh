#!/usr/bin/env bash
# Sets up what is made of Go: the generated stubs, the peer go/bin/go-grpc, and the article's
# programs, go/bin/article.
#
# Run by `make go`. With nothing changed it compares three stamps and is done.
set -uo pipefail

LANGUAGE=go
FOLDER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$FOLDER/../scripts/setup.sh"

PROTO_DIR=$FOLDER/../proto
STUBS=$FOLDER/generated
PROGRAM=$FOLDER/bin/go-grpc
ARTICLE=$FOLDER/bin/article

# Generous, for a slow line and a cold cache: the modules are about 20 MB. They end a set-up that
# hangs, and are no measure of how long one takes (about 20 s).
LOOK_SECONDS=120 # A newer Go may have to be fetched for it.
FETCH_SECONDS=600
GENERATE_SECONDS=300
BUILD_SECONDS=900
LOCK_SECONDS=$((FETCH_SECONDS + GENERATE_SECONDS + BUILD_SECONDS))

main() {
  command -v go >/dev/null 2>&1 || fail 'go is not installed' \
    'install Go 1.26 or newer, see https://go.dev/doc/install'
  begin
  find_version
  # First without the lock, so that a call with nothing to do never waits.
  is_current && return
  take_lock "$LOCK_SECONDS"
  stubs_current || generate_stubs
  program_current || build_program
  article_current || build_article
}

# --- stamps -----------------------------------------------------------------

find_version() {
  run "$LOOK_SECONDS" go version || fail "go cannot be run$(quoted)" \
    'install Go 1.26 or newer, see https://go.dev/doc/install'
  version=$(<"$scratch/output")
}

is_current() { stubs_current && program_current && article_current; }

stubs_current() {
  stubs_digest=$(digest stub_sources "$version")
  is_stamped "$STUBS/$STAMP" "$stubs_digest"
}

program_current() {
  program_digest=$(digest program_sources "$version")
  is_stamped "${PROGRAM%/*}/$STAMP" "$program_digest" && [ -x "$PROGRAM" ]
}

article_current() {
  # A copy for another version of grpc-go is made of the peer alone.
  [ -d article ] || return 0
  article_digest=$(digest article_sources "$version")
  is_stamped "$ARTICLE/$STAMP" "$article_digest"
}

# What the stubs depend on: the generator, what it is made of, and every schema.
stub_sources() {
  printf '%s\0' setup_env.sh ../scripts/setup.sh go.mod go.sum
  find generate -name '*.go' -print0
  find "$PROTO_DIR" -name '*.proto' -print0
}

# What the program depends on besides.
program_sources() {
  stub_sources
  find peers -name '*.go' ! -name '*_test.go' -print0
}

article_sources() {
  stub_sources
  find article -name '*.go' ! -name '*_test.go' -print0
}

# --- stubs ------------------------------------------------------------------

generate_stubs() {
  fetch_modules
  say 'generating the stubs'
  run "$GENERATE_SECONDS" go run ./generate "$PROTO_DIR" "$scratch/stubs" || fail \
    "the stubs cannot be generated$(quoted)" 'mend the schema or go/generate, then: make go'
  # Anew as a whole, so that no stub stays whose schema is gone.
  { rm -rf "$STUBS" && mv "$scratch/stubs" "$STUBS" && write_stamp "$STUBS/$STAMP" "$stubs_digest"; } ||
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

# --- the programs -----------------------------------------------------------

build_program() {
  say 'building go-grpc'
  # Nothing of this machine and of its checkout gets into the program.
  run "$BUILD_SECONDS" go build -trimpath -buildvcs=false -o "$scratch/go-grpc" ./peers/grpc_go ||
    fail "go-grpc cannot be built$(quoted)" 'mend what it says, then: make go'
  put_in_place "$scratch/go-grpc" "$PROGRAM" "${PROGRAM%/*}/$STAMP" "$program_digest"
}

build_article() {
  say "building the article's programs"
  run "$BUILD_SECONDS" go build -trimpath -buildvcs=false -o "$scratch/article/" ./article/... ||
    fail "the article's programs cannot be built$(quoted)" 'mend what it says, then: make go'
  # Anew as a whole, so that no program stays whose source is gone.
  {
    rm -rf "$ARTICLE" && mv "$scratch/article" "$ARTICLE" &&
      write_stamp "$ARTICLE/$STAMP" "$article_digest"
  } || cannot_write "$ARTICLE"
}

main
