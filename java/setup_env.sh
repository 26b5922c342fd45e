#!/usr/bin/env bash
# Sets up what the Java peer needs: the program in target/peer, and the archive of loaded classes
# with which it starts in less than half the time. java/bin/java-grpc runs it.
#
# Run by `make java`. With nothing changed it compares two stamps and is done.
set -uo pipefail

LANGUAGE=java
FOLDER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$FOLDER/../scripts/setup.sh"

PROTO_DIR=$FOLDER/../proto
PEER=$FOLDER/target/peer
ARCHIVE=$PEER/java-grpc.jsa
PROGRAM_STAMP=$PEER/$STAMP
ARCHIVE_STAMP=$PEER/.wirecheck-archive-stamp
JAVA=${JAVA_HOME:+$JAVA_HOME/bin/}java
OLDEST_JAVA=17

# Generous, for a slow line and a cold cache: what Maven fetches is about 80 MB. They end a set-up
# that hangs, and are no measure of how long one takes (about 60 s).
LOOK_SECONDS=60
BUILD_SECONDS=1200
TRAINING_SECONDS=120
LOCK_SECONDS=$((BUILD_SECONDS + TRAINING_SECONDS))

main() {
  command -v "$JAVA" >/dev/null 2>&1 || fail 'Java is not installed' \
    "install a JDK, $OLDEST_JAVA or newer, see https://adoptium.net"
  begin
  # First without the lock, so that a call with nothing to do never waits.
  is_current && return
  command -v mvn >/dev/null 2>&1 || fail 'Maven is not installed' \
    'install Maven 3.8 or newer, see https://maven.apache.org/install.html'
  check_version
  take_lock "$LOCK_SECONDS"
  program_current || build_program
  archive_current || make_archive
}

# --- stamps -----------------------------------------------------------------

is_current() { program_current && archive_current; }

program_current() {
  program_digest=$(digest program_sources)
  is_stamped "$PROGRAM_STAMP" "$program_digest" && [ -f "$PEER/java-grpc.jar" ]
}

# An archive is of one program and one Java. A Java that is asked for its version takes longer than
# all the rest, so what stands for it is its own description of itself.
archive_current() {
  archive_digest=$(printf '%s\n' "$program_digest" "$(java_release)" | sha256sum)
  is_stamped "$ARCHIVE_STAMP" "$archive_digest" && [ -f "$ARCHIVE" ]
}

program_sources() {
  printf '%s\0' setup_env.sh ../scripts/setup.sh pom.xml bin/jvm.options
  find src/main -type f -print0
  find "$PROTO_DIR" -name '*.proto' -print0
}

java_release() {
  local program
  program=$(readlink -f "$(command -v "$JAVA")")
  printf '%s\n' "$program"
  cat "${program%/bin/java}/release" 2>/dev/null
}

check_version() {
  run "$LOOK_SECONDS" "$JAVA" -XshowSettings:properties -version ||
    fail "Java cannot be run$(quoted)" "install a JDK, $OLDEST_JAVA or newer, see https://adoptium.net"
  local version
  version=$(sed -n 's/^ *java\.specification\.version = //p' "$scratch/output")
  [ "${version%%.*}" -ge "$OLDEST_JAVA" ] 2>/dev/null ||
    fail "Java ${version:-of an unknown version} is too old" \
      "install a JDK, $OLDEST_JAVA or newer, see https://adoptium.net"
}

# --- the program ------------------------------------------------------------

build_program() {
  say 'building java-grpc'
  # Anew as a whole, so that no class stays whose source is gone. A file that was fetched and is not
  # what its checksum says is an error. Maven 3.8 does not know MAVEN_ARGS by itself.
  { mkdir -p target && find target -mindepth 1 -maxdepth 1 ! -name peer -exec rm -rf {} +; } ||
    cannot_write target
  # shellcheck disable=SC2086
  run "$BUILD_SECONDS" mvn --quiet --batch-mode --strict-checksums ${MAVEN_ARGS:-} \
      -Dmaven.test.skip=true -Dpeer.directory="$scratch/peer" package || build_failed
  # In place of the old one at once, for whoever runs it.
  {
    write_stamp "$scratch/peer/${PROGRAM_STAMP##*/}" "$program_digest" &&
      rm -rf "$PEER" && mv "$scratch/peer" "$PEER"
  } || cannot_write "$PEER"
}

build_failed() {
  if grep -qiE 'could not (transfer|find artifact)|resolution failed|cannot access .* offline' \
    "$scratch/output"; then
    fail "what java/pom.xml names cannot be fetched$(quoted)" \
      'check the network or name a mirror in ~/.m2/settings.xml, then: make java'
  fi
  fail "java-grpc cannot be built$(quoted)" 'mend what it says, then: make java'
}

# --- the archive ------------------------------------------------------------

# Made by a run of the peer's own.
make_archive() {
  say 'keeping the loaded classes for a quick start'
  run "$TRAINING_SECONDS" "$JAVA" @bin/jvm.options \
    -XX:ArchiveClassesAtExit="$scratch/java-grpc.jsa" \
    -Djava.library.path="$PEER/META-INF/native" -cp "$PEER/java-grpc.jar" wirecheck.peer.Training ||
    fail "the loaded classes cannot be kept$(quoted)" 'mend what it says, then: make java'
  put_in_place "$scratch/java-grpc.jsa" "$ARCHIVE" "$ARCHIVE_STAMP" "$archive_digest"
}

# The lines of a command's output that say most, to stand behind a sentence.
quoted() {
  grep -E 'ERROR|Exception|no end after' "$scratch/output" | head -n 3 | while IFS= read -r line; do
    printf '\n    %s' "${line:0:300}"
  done
}

main
