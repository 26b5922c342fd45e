# The article's claim about speed, measured.

.PHONY: bench-claim
bench-claim: python ## Measure protobuf against JSON and XML, in Python and in Rust
	@$(VENV_PYTHON) bench/claim.py
