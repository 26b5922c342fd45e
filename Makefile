# Wirecheck's commands. Each sets up what it needs and does nothing twice.
# `make help` lists them.

.DEFAULT_GOAL := help
SHELL := /bin/bash

include mk/*.mk

WIRECHECK := target/debug/wirecheck

.PHONY: help
help: ## List the commands
	@printf 'make COMMAND, where COMMAND is one of\n\n'
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 16
	@printf '\nmake exits 2 when a command fails, and prints its own exit code.\n'

.PHONY: interop
interop: python $(WIRECHECK) ## Run every client against every server and print the matrix (ARGS='...' for wirecheck run)
	@$(WIRECHECK) run $(ARGS)

# Cargo knows best what is current.
.PHONY: $(WIRECHECK)
$(WIRECHECK): rust-toolchain
	@cargo build --locked --bin wirecheck

.PHONY: rust-toolchain
rust-toolchain:
	@command -v cargo >/dev/null 2>&1 || { \
	  printf 'error: cargo is not installed\n\nhint: install Rust with rustup, see https://rustup.rs\n' >&2; exit 3; }

.PHONY: test
test: python go-if-there java-if-there node-if-there cpp-if-there rust-toolchain ## Run every test of the project
	@WIRECHECK_BIN=$(CURDIR)/$(WIRECHECK) scripts/cargo-test.sh --locked --no-fail-fast
	@$(VENV_PYTHON) -m unittest discover -s python/tests
	@! command -v go >/dev/null 2>&1 || $(MAKE) --no-print-directory go-test
	@! command -v npm >/dev/null 2>&1 || $(MAKE) --no-print-directory node-lint node-test
	@! { command -v java && command -v mvn; } >/dev/null 2>&1 || $(MAKE) --no-print-directory java-test
	@! { $(CPP_IS_THERE); } || $(MAKE) --no-print-directory cpp-test

.PHONY: mutants
mutants: rust-toolchain ## Break real exchanges in every way that a rule forbids, and print what the rules see of it
	@cargo test --locked --quiet --package wirecheck-core --test mutants -- --nocapture --test-threads=1

.PHONY: lint
lint: python rust-toolchain python-lint ## Check formatting and lints of all code
	@cargo fmt --all --check
	@cargo clippy --locked --workspace --all-targets --quiet -- -D warnings

.PHONY: bench
bench: python bench-claim ## Measure: the article's claim about speed, the tap, decoding, a warm run, memory, the official way
	@cargo bench --locked --quiet --bench tap
	@cargo bench --locked --quiet --package wirecheck-core --bench decode
	@$(VENV_PYTHON) bench/runs.py
	@if command -v go >/dev/null 2>&1; then $(VENV_PYTHON) bench/official.py; \
	else printf 'not run: the official way beside ours: go not found\n' >&2; fi

.PHONY: bench-growth
bench-growth: python ## Measure how the time of a run grows with peers and cases (needs all toolchains)
	@$(VENV_PYTHON) bench/growth.py
