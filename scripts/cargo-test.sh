#!/usr/bin/env bash
# `cargo test` of the workspace with every optional test that this machine can run.
#
#   scripts/cargo-test.sh [ARGUMENT...]   the arguments go to `cargo test`
#
# What cannot run is named on stderr, and counted as ignored by the test itself.
set -euo pipefail
cd "$(dirname "$0")/.."

# The embedded Python has to be the one whose packages it imports.
export PYO3_PYTHON=$PWD/.venv/bin/python

features=$(scripts/test-features.sh)
if [[ $features == */containers* ]]; then
  engine=$(scripts/engine.sh env)
  export "${engine?}"
  scripts/images.sh
fi
# The examples' programs too, which `cargo test` alone leaves out; with the tests, so that the
# dependencies have the features that they have in the next line.
cargo build --locked --workspace --features "$features" --bins --tests
exec cargo test --workspace --features "$features" "$@"
