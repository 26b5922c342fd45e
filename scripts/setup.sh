# shellcheck shell=bash
# What the set-up scripts of the languages share; each of them sources it. Before that it has set
#   LANGUAGE   what `make` calls it, such as `go`
#   FOLDER     its folder, as an absolute path
#
# Exit status of such a script: 0 when all is in place, 3 when it cannot be, with one sentence on
# stderr and the command that mends it.

readonly EXIT_INFRASTRUCTURE=3
readonly EXIT_INTERRUPTED=130
readonly EXIT_TERMINATED=143
readonly STAMP=.wirecheck-stamp

# Whatever happens, nothing temporary and no child is left.
begin() {
  cd "$FOLDER" || exit "$EXIT_INFRASTRUCTURE"
  trap 'interrupted "$EXIT_INTERRUPTED"' INT
  trap 'interrupted "$EXIT_TERMINATED"' TERM
  trap 'rm -rf "${scratch:-}"' EXIT
  scratch=$(mktemp -d) || fail 'no temporary folder can be made' \
    "free some space, then: make $LANGUAGE"
}

# --- stamps -----------------------------------------------------------------

# A digest of the files whose names `$1` prints, each ended by a zero byte, and of the words behind.
digest() {
  local sources=$1
  shift
  { printf '%s\n' "$@"; "$sources" | sort -z | xargs -0 sha256sum; } | sha256sum
}

# A stamp is a file with a digest of what something was made of.
write_stamp() { printf '%s\n' "$2" >"$1"; }

is_stamped() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

# Puts a file at its place with a stamp: over the old one in one step, for whoever runs it.
put_in_place() {
  local made=$1 place=$2 stamp=$3 digest=$4
  {
    mkdir -p "${place%/*}" && rm -f "$stamp" && cp "$made" "$place.new" &&
      mv "$place.new" "$place" && write_stamp "$stamp" "$digest"
  } || cannot_write "$place"
}

# --- one at a time ----------------------------------------------------------

# Holds a lock on the folder, which leaves no lock file behind; waits for it so many seconds.
take_lock() {
  exec 9<"$FOLDER"
  flock --nonblock 9 && return
  say 'waiting for another set-up of this checkout'
  flock --timeout "$1" 9 || fail \
    "another set-up of this checkout has held the lock for $1 s" \
    "end it, then: make $LANGUAGE (see: fuser -v $FOLDER)"
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
  fail "$1 cannot be written" "make it writable and free some space, then: make $LANGUAGE"
}

say() { printf '%s: %s\n' "$LANGUAGE" "$1" >&2; }
