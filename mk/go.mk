# The Go peer, go/bin/go-grpc, the article's programs in Go, and the Go stubs of every schema.

.PHONY: go
go: ## Build the Go peer, the article in Go and the generated stubs (does nothing when they are current)
	@go/setup_env.sh

# Go is optional outside CI: what is made of it is then not run.
.PHONY: go-if-there
go-if-there:
	@if command -v go >/dev/null 2>&1; then go/setup_env.sh; \
	else printf 'not run: the Go peer and its tests: go not found\n' >&2; fi

.PHONY: go-test
go-test: go ## Check the style of the Go code and test it
	@unformatted=$$(cd go && gofmt -l article generate peers); test -z "$$unformatted" || { \
	  printf 'error: not formatted:\n%s\n\nhint: gofmt -w go/article go/generate go/peers\n' "$$unformatted" >&2; exit 1; }
	@cd go && timeout 600 go vet ./... && timeout 600 go test -timeout 120s ./article/... ./generate/... ./peers/...
