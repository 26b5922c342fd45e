# Fuzzing: see docs/fuzzing.md.

CARGO_FUZZ_VERSION := 0.13.1
CARGO_FUZZ := target/tools/cargo-fuzz-$(CARGO_FUZZ_VERSION)/bin/cargo-fuzz

.PHONY: fuzz
fuzz: $(CARGO_FUZZ) ## Fuzz every target for SECONDS=600 each, and print what was found (TARGETS='...' for some)
	@CARGO_FUZZ=$(CURDIR)/$(CARGO_FUZZ) SECONDS_EACH=$(or $(SECONDS),600) scripts/fuzz.sh $(TARGETS)

.PHONY: fuzz-build
fuzz-build: $(CARGO_FUZZ)
	@CARGO_FUZZ=$(CURDIR)/$(CARGO_FUZZ) scripts/fuzz.sh --build

$(CARGO_FUZZ): | rust-toolchain
	@cargo install --locked --quiet cargo-fuzz --version $(CARGO_FUZZ_VERSION) --root target/tools/cargo-fuzz-$(CARGO_FUZZ_VERSION)
