#!/usr/bin/env bash
# Builds the images of the container tests: the article's programs, in Rust and in Python.
#
#   scripts/images.sh
#
# No image registry is needed. The Rust programs are those of `make article`, with the shared
# libraries that they load here (linking them statically would build every dependency a second
# time). The base of the Python image is made from this machine's CPython, or is
# WIRECHECK_PYTHON_BASE (such as python:3-slim).
set -euo pipefail
cd "$(dirname "$0")/.."

readonly recipes=interop-tests/containers
readonly out=target/images
readonly python=.venv/bin/python

# Seconds. Each ends what hangs; none measures how long a step takes.
readonly cargo_limit=1500
readonly pip_limit=600
readonly docker_limit=300
readonly lock_limit=2400

main() {
  [[ -x $python ]] || fail "there is no .venv" "make python"
  local engine
  engine=$(scripts/engine.sh env)
  export "${engine?}"
  mkdir -p "$out"
  exec 9>"$out/lock"
  flock -w "$lock_limit" 9 || fail "another scripts/images.sh has held $out/lock for too long" "rm $out/lock"
  build_rust
  build_python
  remove_replaced
}

build_rust() {
  local programs=(target/debug/article-server target/debug/article-client)
  # By --bin and not by -p, which would choose other features of the dependencies and build
  # them once more.
  timeout "$cargo_limit" cargo build --quiet --locked --bin article-server --bin article-client 9>&-
  fresh "$out/rust"
  cp "${programs[@]}" "$out/rust"
  host_files libraries "${programs[@]}" >"$out/rust/libraries.tar"
  build_image article-rust "$out/rust"
}

build_python() {
  local base version packages
  base=${WIRECHECK_PYTHON_BASE:-}
  if [[ -n $base ]]; then
    version=$(timeout "$docker_limit" docker run --rm --label wirecheck.image=probe "$base" python3 -c "$print_version")
  else
    version=$("$python" -c "$print_version")
  fi
  packages=$out/packages-$version-$(sha256 python/requirements.txt)
  install_packages "$packages" "$version"
  [[ -n $base ]] || make_base "$packages"
  fresh "$out/python/article/proto"
  cp python/article/server.py python/article/client.py "$out/python/article"
  cp python/article/proto/*.py "$out/python/article/proto"
  cp -r "$packages" "$out/python/packages"
  build_image article-python "$out/python" --build-arg "BASE=${base:-$host_base}"
}

readonly print_version='import sys; print("%d.%d" % sys.version_info[:2])'

# For the Python of the base, which need not be the one that runs pip.
install_packages() {
  [[ ! -d $1 ]] || return 0
  rm -rf "$1.part"
  timeout "$pip_limit" "$python" -m pip install --quiet --no-input --disable-pip-version-check \
    --require-hashes --only-binary :all: --python-version "$2" --target "$1.part" \
    -r python/requirements.txt 9>&-
  mv "$1.part" "$1" # only a whole one has the name
}

# Sets host_base; made again when this Python, its C library or the script is another one.
make_base() {
  local key
  key=$("$python" -c 'import os, sys; print(sys.version, sys.base_prefix, os.confstr("CS_GNU_LIBC_VERSION"))')
  host_base=wirecheck-python-base:$(sha256 "$recipes/host_files.py" - <<<"$key")
  if timeout "$docker_limit" docker image inspect "$host_base" >/dev/null 2>&1; then
    return
  fi
  host_files python "$1" |
    timeout "$docker_limit" docker import --change "LABEL wirecheck.image=python-base" - "$host_base" >/dev/null
}

host_files() {
  timeout "$docker_limit" "$python" "$recipes/host_files.py" "$@"
}

# build_image NAME FOLDER [OPTION...]: builds FOLDER by NAME's recipe as wirecheck-NAME:test.
build_image() {
  local name=$1 folder=$2
  shift 2
  timeout "$docker_limit" docker build "$@" --tag "wirecheck-$name:test" \
    --file "$recipes/${name#article-}.Dockerfile" "$folder" >"$out/$name.log" 2>&1 || {
    tail -n 20 "$out/$name.log" >&2
    fail "the image wirecheck-$name:test could not be built" "less $out/$name.log"
  }
  echo "built wirecheck-$name:test" >&2
}

# An image that was built again leaves its last build behind without a name.
remove_replaced() {
  timeout "$docker_limit" docker image prune --force --filter label=wirecheck.image >/dev/null
}

fresh() {
  rm -rf "${out:?}/$(cut -d/ -f3 <<<"$1")"
  mkdir -p "$1"
}

sha256() {
  cat "$@" | sha256sum | cut -c1-12
}

fail() {
  echo "error: $1" >&2
  echo "hint: $2" >&2
  exit 1
}

main "$@"
