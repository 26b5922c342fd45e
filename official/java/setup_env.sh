#!/usr/bin/env bash
# Fetches the official interop programs of grpc-java, with all that they need, into
# target/programs. java/bin/client and java/bin/server run them.
#
# Run by `make official-java`. With nothing changed it compares a stamp and is done.
set -uo pipefail

LANGUAGE=official-java
FOLDER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$FOLDER/../../scripts/setup.sh"

PROGRAMS=$FOLDER/target/programs

# Generous, for a slow line and a cold cache: what Maven fetches is about 70 MB. It ends a set-up
# that hangs, and is no measure of how long one takes (about 20 s).
FETCH_SECONDS=1200

main() {
  command -v "${JAVA_HOME:+$JAVA_HOME/bin/}java" >/dev/null 2>&1 || fail 'Java is not installed' \
    'install a JDK, 17 or newer, see https://adoptium.net'
  begin
  # First without the lock, so that a call with nothing to do never waits.
  is_current && return
  command -v mvn >/dev/null 2>&1 || fail 'Maven is not installed' \
    'install Maven 3.8 or newer, see https://maven.apache.org/install.html'
  take_lock "$FETCH_SECONDS"
  is_current || fetch_programs
}

is_current() {
  programs_digest=$(digest sources)
  is_stamped "$PROGRAMS/$STAMP" "$programs_digest"
}

sources() { printf '%s\0' setup_env.sh ../../scripts/setup.sh pom.xml; }

fetch_programs() {
  say 'fetching the official programs of grpc-java'
  # A file that was fetched and is not what its checksum says is an error. Maven 3.8 does not know
  # MAVEN_ARGS by itself.
  # shellcheck disable=SC2086
  run "$FETCH_SECONDS" mvn --quiet --batch-mode --strict-checksums ${MAVEN_ARGS:-} \
      -Dprograms.directory="$scratch/programs" package ||
    fail "what official/java/pom.xml names cannot be fetched$(quoted)" \
      'check the network or name a mirror in ~/.m2/settings.xml, then: make official-java'
  {
    rm -rf "$PROGRAMS" && mkdir -p target && mv "$scratch/programs" "$PROGRAMS" &&
      write_stamp "$PROGRAMS/$STAMP" "$programs_digest"
  } || cannot_write "$PROGRAMS"
}

# The lines of Maven's output that say most, to stand behind a sentence.
quoted() {
  grep -E 'ERROR|no end after' "$scratch/output" | head -n 3 | while IFS= read -r line; do
    printf '\n    %s' "${line:0:300}"
  done
}

main
