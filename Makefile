# The verbs of this repository, for people and CI alike. `make run` and `make test` are all a newcomer needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
DATA ?= ./gridtally-data

.PHONY: help build run test check e2e load bench fuzz up down up-local smoke docs tools

help: ## list the verbs
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

build: ## the release programs, in target/release
	cargo build --release -p gridtally -p gridtally-simulator

run: build ## a fleet, a month of readings, bills; then serves until Ctrl-C
	./target/release/gridtally demo --data $(DATA)

up: build ## the platform without a fleet, until Ctrl-C
	./target/release/gridtally up --data $(DATA)

up-local: build ## the same in the background, once it is ready
	scripts/up-local $(DATA)

down: ## ends what runs on the folder, after it has drained
	scripts/down $(DATA)

smoke: ## checks a running platform: health, metrics, one reading to its query
	scripts/smoke $(DATA)

test: tools ## every test, with the tools it needs
	scripts/test

check: tools ## formatting, lints, licences and bans, the tree's rules
	scripts/check

e2e: tools ## only the end-to-end journeys
	cargo build -p gridtally -p gridtally-simulator
	cargo test -p e2e

load: build ## readings as fast as they go, against a running `make up`
	./target/release/gridtally-simulator load --token-file <(./target/release/gridtally token issue --role device --subject 'load-*' --data $(DATA))

bench: build ## the table of the README, measured here and now
	scripts/bench

fuzz: ## tariffs, cases and loads for FUZZ_SECONDS (60) each; random inputs against every decoder, CASES (20000) each
	scripts/fuzz
	PROPTEST_CASES=$${CASES:-20000} cargo test -p model -p proto -p api-gateway -p billing-service --lib -- exact energy columns wire batch receipts block

docs: ## docs/metrics.md from a running platform, and the crates' own pages
	cargo build -p gridtally
	UPDATE_DOCS=1 cargo test -p e2e --test it metrics_doc
	cargo doc --workspace --no-deps

tools: ## installs what the tests need into target/test-tools
	scripts/test-tools
