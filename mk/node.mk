# The Node environment: node/node_modules, from the versions that node/package-lock.json names.

NODE ?= node
NPM ?= npm
NODE_LOCK := node/package.json node/package-lock.json node/.npmrc
# What was installed: `peer` is what the peer needs, `dev` is that and what checks it.
NODE_PEER := node/node_modules/.peer
NODE_DEV := node/node_modules/.dev

.PHONY: node
node: node-toolchain $(NODE_PEER) ## Set up the packages of the Node peer (does nothing when they are current)

.PHONY: node-toolchain
node-toolchain:
	@for tool in $(NODE) $(NPM); do command -v $$tool >/dev/null 2>&1 || { \
	  printf 'error: %s is not installed\n\nhint: install Node.js 20 or later, see https://nodejs.org\n' $$tool >&2; exit 3; }; done

# npm begins with an empty folder, so what was installed before is gone with its stamp. No script
# of a package is run.
$(NODE_PEER): $(NODE_LOCK) | node-toolchain
	@printf 'node: installing the locked packages\n'
	@cd node && $(NPM) ci --ignore-scripts --omit=dev --loglevel=error
	@touch $@

$(NODE_DEV): $(NODE_LOCK) | node-toolchain
	@printf 'node: installing the locked packages and the tools that check the peer\n'
	@cd node && $(NPM) ci --ignore-scripts --loglevel=error
	@touch $(NODE_PEER) $@

.PHONY: node-test
node-test: node ## Run the unit tests of the Node peer
	@cd node && $(NODE) --test test/*.test.js

.PHONY: node-lint
node-lint: $(NODE_DEV) ## Check formatting and types of the Node peer
	@cd node && node_modules/.bin/prettier --log-level warn --check .
	@cd node && node_modules/.bin/tsc

.PHONY: node-lock
node-lock: node-toolchain ## Lock the Node packages again after a change of node/package.json
	@cd node && $(NPM) install --package-lock-only --ignore-scripts --loglevel=error
