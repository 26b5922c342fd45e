# The Node peer: node/node_modules, from the versions that node/package-lock.json names.

NODE ?= node
NPM ?= npm

.PHONY: node
node: ## Set up the packages of the Node peer (does nothing when they are current)
	@node/setup_env.sh

# The peer is optional outside CI: its row and its column are then not run.
.PHONY: node-if-there
node-if-there:
	@if command -v $(NODE) >/dev/null 2>&1 && command -v $(NPM) >/dev/null 2>&1; then node/setup_env.sh; \
	else printf 'not run: the Node peer and its tests: node or npm not found\n' >&2; fi

.PHONY: node-test
node-test: node ## Run the unit tests of the Node peer
	@cd node && timeout 600 $(NODE) --test test/*.test.js

.PHONY: node-lint
node-lint: ## Check formatting and types of the Node peer
	@node/setup_env.sh --dev
	@cd node && node_modules/.bin/prettier --log-level warn --check .
	@cd node && node_modules/.bin/tsc

.PHONY: node-lock
node-lock: ## Lock the Node packages again after a change of node/package.json
	@cd node && $(NPM) install --package-lock-only --ignore-scripts --loglevel=error
