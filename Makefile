# `make demo` and `make test` are all a newcomer needs; both install what is missing.
CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
SHEAF := $(TARGET)/release/sheaf

.PHONY: demo test build samples bench fuzz

demo: build
	@scripts/setup ocr
	@rm -rf demo/.work
	@echo; echo "== sheaf batch demo/documents --template demo/invoice.json --out demo/results.csv --out demo/results.json"
	@# Exit code 2 says that a document failed: one of the samples is broken on purpose.
	@$(SHEAF) batch demo/documents --template demo/invoice.json --data demo/.work \
		--out demo/results.csv --out demo/results.json --show || [ $$? -eq 2 ]

test:
	@scripts/setup test
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy -p sheaf-extract --features ablation --example predict --locked -- -D warnings
	$(CARGO) test --workspace --locked

build:
	@scripts/setup
	$(CARGO) build --release --locked -p sheaf

# Makes the sample documents again, byte for byte the same.
samples:
	$(CARGO) run --release --locked -p sheaf-extract --example samples -- demo/documents

# Mutated documents of every format for so many seconds, from a seed; what is found is kept in target/tmp/fuzz.
SECONDS ?= 600
SEED ?= 1
fuzz:
	FUZZ_SECONDS=$(SECONDS) FUZZ_SEED=$(SEED) $(CARGO) test --release --locked -p sheaf-extract --test fuzz
