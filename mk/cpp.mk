# The C++ peer, cpp/bin/cpp-grpc.

.PHONY: cpp
cpp: ## Build the C++ peer and its generated stubs (does nothing when they are current)
	@cpp/setup_env.sh

# The peer is optional outside CI: its row and its column are then not run.
CPP_IS_THERE := command -v cmake >/dev/null 2>&1 && pkg-config --exists grpc++ 2>/dev/null

.PHONY: cpp-if-there
cpp-if-there:
	@if $(CPP_IS_THERE); then cpp/setup_env.sh; \
	else printf 'not run: the C++ peer and its tests: cmake or grpc++ not found\n' >&2; fi

# The style check is the compiler's: every warning of -Wall and -Wextra is an error.
.PHONY: cpp-test
cpp-test: cpp ## Test the C++ peer, with every warning of the compiler an error
	@timeout 1800 cmake --build cpp/build --parallel $$(nproc) --target peer_tests >cpp/build/tests.log 2>&1 || { \
	  cat cpp/build/tests.log >&2; exit 1; }
	@timeout 600 ctest --test-dir cpp/build --output-on-failure --timeout 120 --parallel 2
