# The official interop programs of grpc-go and grpc-java, as peers.

OFFICIAL_PEERS := --with go-official --with java-official
OFFICIAL_PAIRS := 'go-official/*' 'java-official/*' '*/go-official' '*/java-official'

.PHONY: official-go
official-go: ## Build the official interop programs of grpc-go (does nothing when they are current)
	@official/go/setup_env.sh

.PHONY: official-java
official-java: ## Fetch the official interop programs of grpc-java (does nothing when they are there)
	@official/java/setup_env.sh

.PHONY: official
official: python go-if-there java-if-there node-if-there cpp-if-there $(WIRECHECK) ## Run the official interop programs against each other and all peers
	@$(WIRECHECK) run $(OFFICIAL_PEERS) $(OFFICIAL_PAIRS)
