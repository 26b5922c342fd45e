#!/usr/bin/env bash
# Fuzzes the targets of `fuzz/` one after the other, and prints what came of it.
#
#   scripts/fuzz.sh [TARGET...]   all targets, if none is named
#   scripts/fuzz.sh --build       builds them only
#
# SECONDS_EACH is how long each runs, CARGO_FUZZ the program. What is found on
# the way stays in `fuzz/target/corpus`, a failing input in `fuzz/artifacts`.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

# The compiler may be the stable one. There is no unsafe code to sanitize.
export RUSTC_BOOTSTRAP=1
"$CARGO_FUZZ" fuzz build --fuzz-dir . --sanitizer none
if [[ ${1-} == --build ]]; then exit; fi

folder=target/$(rustc -vV | sed -n 's/^host: //p')/release
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
printf '%-14s %12s %8s %8s %8s  %s\n' target executions seconds corpus 'MiB' findings
for target in ${*:-$(basename -s .rs fuzz_targets/*.rs)}; do
  mkdir -p "target/corpus/$target" "artifacts/$target"
  # The first folder takes what is new; 512 MiB is for the fuzzer's own tables too.
  "$folder/$target" -max_total_time="$SECONDS_EACH" -rss_limit_mb=512 -timeout=10 -max_len=16384 \
    -print_final_stats=1 -artifact_prefix="artifacts/$target/" \
    "target/corpus/$target" "corpus/$target" >"$log" 2>&1 && found=none || found=$?
  count() { sed -n "s/^stat::$1: *//p" "$log" | tail -1; }
  inputs=$(find "target/corpus/$target" -type f | wc -l)
  if [[ $found != none ]]; then
    failed=1
    found=$(sed -n 's/.*Test unit written to //p; s/^thread .* panicked at //p' "$log" | tr '\n' ' ')
  fi
  printf '%-14s %12s %8s %8s %8s  %s\n' "$target" "$(count number_of_executed_units)" \
    "$SECONDS_EACH" "$inputs" "$(count peak_rss_mb)" "$found"
done
exit "$failed"
