#!/usr/bin/env bash
# A container engine for the tests, when the machine has none running.
#
#   scripts/engine.sh start    use the engine that answers, or start a private one
#   scripts/engine.sh stop     stop the private one; an engine that was there before stays
#   scripts/engine.sh status   say which engine answers; exit 1 if none does
#   scripts/engine.sh env      print DOCKER_HOST=… for that engine; exit 1 if none answers
#
# `start` and `env` print only the assignment on stdout: export "$(scripts/engine.sh start)".
# The private engine needs root and a Linux kernel with network namespaces. It listens on a
# socket of its own, keeps everything in one folder and publishes ports on 127.0.0.1 only.
set -euo pipefail

# Short, since a socket's path has to stay under 108 bytes, and the same for every checkout
# of a user, since one engine is enough for all of them.
readonly folder=${WIRECHECK_ENGINE_DIR:-/tmp/wirecheck-engine-$(id -u)}
readonly socket=$folder/docker.sock
readonly pid_file=$folder/docker.pid
readonly log=$folder/docker.log

readonly ping_limit=5     # seconds; an engine that answers does so in milliseconds
readonly install_limit=300 # seconds; 264 MB of packages took 17 s on a fast line
readonly start_limit=60   # seconds; a cold start took 1.2 s on 2 cores
readonly stop_limit=30    # seconds; dockerd itself gives its containers 15 s

main() {
  case ${1:-} in
    start) chosen_engine_answers && start ;;
    stop) locked stop_private ;;
    status) chosen_engine_answers && status ;;
    env) chosen_engine_answers && env_of_engine ;;
    *) usage ;;
  esac
}

usage() {
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2
  exit 2
}

start() {
  if ! running_engine >/dev/null; then
    locked start_private
  fi
  env_of_engine
}

status() {
  local host
  host=$(running_engine) || fail "no container engine answers" "scripts/engine.sh start"
  echo "a container engine answers at $host"
}

env_of_engine() {
  local host
  host=$(running_engine) || fail "no container engine answers" "scripts/engine.sh start"
  echo "DOCKER_HOST=$host"
}

# A DOCKER_HOST that the user set is a decision: if that engine is down, none is silently put
# in its place. One that names the private engine was printed by this script.
chosen_engine_answers() {
  [[ -z ${DOCKER_HOST:-} || $DOCKER_HOST == "unix://$socket" ]] || answers "$DOCKER_HOST" ||
    fail "no container engine answers at DOCKER_HOST ($DOCKER_HOST)" "unset DOCKER_HOST"
}

# Prints the address of the engine to use; fails if none answers.
running_engine() {
  if [[ -n ${DOCKER_HOST:-} ]] && answers "$DOCKER_HOST"; then
    echo "$DOCKER_HOST"
    return
  fi
  local candidate
  for candidate in /var/run/docker.sock "${XDG_RUNTIME_DIR:-/nonexistent}/docker.sock" \
    "${HOME:-/nonexistent}/.docker/run/docker.sock" "$socket"; do
    if [[ -S $candidate ]] && answers "unix://$candidate"; then
      echo "unix://$candidate"
      return
    fi
  done
  return 1
}

answers() {
  command -v docker >/dev/null &&
    timeout "$ping_limit" docker --host "$1" version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# Two runs that start at the same moment must not both start a daemon.
locked() {
  make_folder
  exec 9>"$folder/lock"
  flock -w $((install_limit + start_limit)) 9 ||
    fail "another scripts/engine.sh has held $folder/lock for too long" "rm -r $folder"
  "$@"
}

# The folder's name can be guessed and /tmp is shared: never use one that somebody else made.
make_folder() {
  # shellcheck disable=SC2174  # the parents are the system's
  mkdir -p -m 700 "$folder"
  [[ -O $folder && ! -L $folder ]] || fail "$folder belongs to another user" "WIRECHECK_ENGINE_DIR=/some/short/path scripts/engine.sh start"
}

start_private() {
  if running_engine >/dev/null; then
    return # it was started while this one waited for the lock
  fi
  [[ $(uname -s) == Linux ]] || fail "no container engine answers" "start Docker Desktop or another engine"
  [[ $(id -u) == 0 ]] || fail "no container engine answers, and starting one needs root" "sudo systemctl start docker"
  install_engine
  remove_stale_files
  # 9>&- keeps the lock with this script; setsid keeps a Ctrl-C meant for make from the daemon.
  setsid dockerd --host "unix://$socket" --data-root "$folder/data" --exec-root "$folder/exec" \
    --pidfile "$pid_file" --ip 127.0.0.1 >"$log" 2>&1 </dev/null 9>&- &
  await_answer $!
  echo "started a private container engine in $folder" >&2
}

install_engine() {
  if command -v dockerd >/dev/null && command -v docker >/dev/null && command -v iptables >/dev/null; then
    return
  fi
  command -v apt-get >/dev/null || fail "dockerd is not installed" "install docker and iptables with the system's package manager"
  echo "installing docker.io and iptables" >&2
  {
    timeout "$install_limit" apt-get update
    DEBIAN_FRONTEND=noninteractive timeout "$install_limit" \
      apt-get install -y --no-install-recommends docker.io iptables
  } </dev/null >"$folder/install.log" 2>&1 9>&- || {
    tail -n 5 "$folder/install.log" >&2
    fail "docker.io and iptables could not be installed" "apt-get install docker.io iptables"
  }
}

# What a daemon that was killed leaves behind stops the next one: it takes any process that
# now has the old number for itself.
remove_stale_files() {
  if private_daemon_lives; then
    fail "the private engine (process $(<"$pid_file")) runs but does not answer" "scripts/engine.sh stop"
  fi
  rm -f "$pid_file" "$socket" "$folder/exec/containerd/containerd.pid"
}

await_answer() {
  local daemon=$1 deadline=$((SECONDS + start_limit))
  until [[ -S $socket ]] && answers "unix://$socket"; do
    if ! kill -0 "$daemon" 2>/dev/null || ((SECONDS >= deadline)); then
      kill "$daemon" 2>/dev/null || true
      tail -n 5 "$log" >&2
      fail "the private container engine did not start" "less $log"
    fi
    sleep 0.1 # between two questions; the answer is what is waited for
  done
}

stop_private() {
  if ! private_daemon_lives; then
    remove_stale_files
    return
  fi
  local daemon deadline=$((SECONDS + stop_limit))
  daemon=$(<"$pid_file")
  kill "$daemon"
  while kill -0 "$daemon" 2>/dev/null; do
    if ((SECONDS >= deadline)); then
      kill -9 "$daemon" 2>/dev/null || true
      fail "the private engine (process $daemon) did not stop within $stop_limit s and was killed" "scripts/engine.sh stop"
    fi
    sleep 0.1
  done
  remove_stale_files
  echo "stopped the private container engine; its images stay in $folder" >&2
}

# A pid file may be older than the last boot: the number counts only if it is our daemon's.
private_daemon_lives() {
  [[ -s $pid_file ]] || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$(<"$pid_file")/cmdline" | grep -qF -- "--data-root $folder/data"
}

fail() {
  echo "error: $1" >&2
  echo "hint: $2" >&2
  exit 1
}

main "$@"
