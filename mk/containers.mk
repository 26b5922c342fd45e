# What the tests of the features `py` and `containers` need.

# The embedded Python has to be the one whose packages it imports.
export PYO3_PYTHON := $(CURDIR)/.venv/bin/python

.PHONY: engine
engine: ## Start a private container engine, if none answers (needs root)
	@scripts/engine.sh start

.PHONY: engine-stop
engine-stop: ## Stop the private container engine
	@scripts/engine.sh stop

.PHONY: images
images: python ## Build the images of the container tests
	@scripts/images.sh
