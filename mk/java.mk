# The Java peer, java/bin/java-grpc.

.PHONY: java
java: ## Build the Java peer (does nothing when it is current)
	@java/setup_env.sh

# The peer is optional outside CI: its row and its column are then not run.
.PHONY: java-if-there
java-if-there:
	@if command -v java >/dev/null 2>&1 && command -v mvn >/dev/null 2>&1; then java/setup_env.sh; \
	else printf 'not run: the Java peer and its tests: java or mvn not found\n' >&2; fi

.PHONY: java-test
java-test: java ## Check the style of the Java code and test it
	@cd java && timeout 600 mvn --quiet --batch-mode spotless:check || { \
	  printf '\nhint: cd java && mvn spotless:apply\n' >&2; exit 1; }
	@cd java && timeout 600 mvn --quiet --batch-mode test
