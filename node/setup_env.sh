#!/usr/bin/env bash
# Sets up what the Node peer needs: node/node_modules, from the versions that package-lock.json
# names. No script of a package is run.
#
# Run by `make node`. With nothing changed it compares a stamp and is done. With `--dev` it installs
# what checks the peer besides.
set -uo pipefail

LANGUAGE=node
FOLDER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$FOLDER/../scripts/setup.sh"

NODE=${NODE:-node}
NPM=${NPM:-npm}
PACKAGES=$FOLDER/node_modules
DEV=$PACKAGES/.wirecheck-dev # The packages that check the peer are there too.

# Generous, for a slow line and a cold cache: the packages are about 10 MB. It ends a set-up that
# hangs, and is no measure of how long one takes (about 5 s).
INSTALL_SECONDS=600

main() {
  is_dev=${1:+yes}
  demand "$NODE"
  demand "$NPM"
  begin
  packages_digest=$(digest package_sources)
  # First without the lock, so that a call with nothing to do never waits.
  is_current && return
  take_lock "$INSTALL_SECONDS"
  is_current || install_packages
}

is_current() {
  is_stamped "$PACKAGES/$STAMP" "$packages_digest" && { [ -z "$is_dev" ] || [ -e "$DEV" ]; }
}

demand() {
  command -v "$1" >/dev/null 2>&1 || fail "$1 is not installed" \
    'install Node.js 20 or newer, see https://nodejs.org'
}

package_sources() { printf '%s\0' setup_env.sh ../scripts/setup.sh package.json package-lock.json .npmrc; }

# npm begins with an empty folder, so what was installed before is gone with its stamp.
install_packages() {
  local omitted=(--omit=dev)
  [ -n "$is_dev" ] && omitted=()
  say 'installing the locked packages'
  run "$INSTALL_SECONDS" "$NPM" ci --ignore-scripts "${omitted[@]}" --loglevel=error || fail \
    "the packages of node/package-lock.json cannot be installed$(quoted)" \
    'check the network or name a registry that can be reached: npm_config_registry=<its address> make node'
  [ -z "$is_dev" ] || touch "$DEV" || cannot_write "$PACKAGES"
  write_stamp "$PACKAGES/$STAMP" "$packages_digest" || cannot_write "$PACKAGES"
}

main "$@"
