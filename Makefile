# The two commands of the README, and what they are made of. Each installs what is missing.
PRESET ?= release
JOBS ?= $(shell nproc)

.PHONY: run test test-full all build deps check bench clean

# Builds, starts flatkvd, commits the real sample blocks through gRPC, prints versions and roots, keeps serving.
run: deps
	@cmake --preset $(PRESET) >/dev/null || { cmake --preset $(PRESET); exit 1; }
	@cmake --build --preset $(PRESET) -j $(JOBS) --target flatkvd flatkv
	@scripts/demo.sh

# Builds, runs every fast test and the checks on layers and sources.
test: all
	@python3 scripts/check_layers.py
	@ctest --preset $(PRESET) -j $$(($(JOBS) + 1))  # many wait for processes of their own

# Every test, those of label `full` too, which take minutes.
test-full: deps
	@cmake --preset $(PRESET) -DFLATKV_FULL_TESTS=ON >/dev/null
	@cmake --build --preset $(PRESET) -j $(JOBS)
	@python3 scripts/check_layers.py
	@ctest --preset full -j $(JOBS)

build: all
	@cmake --build --preset $(PRESET) -j $(JOBS) --target flatkv-bench

# All but the bench tool.
all: deps
	@cmake --preset $(PRESET) >/dev/null || { cmake --preset $(PRESET); exit 1; }
	@cmake --build --preset $(PRESET) -j $(JOBS)

deps:
	@scripts/install-deps.sh

# The whole gate: format, tidy, layers, and the tests under every preset. Takes an hour on two cores.
check: deps
	@scripts/check.sh full

bench: build
	@cmake --build --preset $(PRESET) -j $(JOBS) --target lthash_bench wal_bench engine_write_bench
	@scripts/bench.py

clean:
	rm -rf build
