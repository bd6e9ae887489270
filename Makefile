# The verbs of this repository, for people and CI alike. `make run` and `make test` are all a newcomer needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
DATA ?= ./gridtally-data
ONE_PROCESS = -p gridtally -p gridtally-simulator
PROGRAMS = $(ONE_PROCESS) -p api-gateway -p ingestion-service -p billing-service -p analytics-service

.PHONY: help build one-process run test check e2e load bench fuzz up down up-local smoke docs tools

help: ## list the verbs
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

build: ## the release programs, in target/release
	cargo build --release $(PROGRAMS)

one-process:
	cargo build --release $(ONE_PROCESS)

run: one-process ## a fleet, a month of readings, bills; then serves until Ctrl-C
	./target/release/gridtally demo --data $(DATA)

up: ## the four services with their servers and monitoring in Docker; prints every address
	scripts/compose up

up-local: build tools ## the four services as programs on private test servers, in the background
	scripts/up-local $(DATA)

down: ## ends what runs on the folder, after it has drained
	scripts/down $(DATA)
	if [ -e deployments/.env ]; then scripts/compose down; fi

smoke: ## checks a running platform: health and metrics of every program, one reading to its bill
	scripts/smoke $(DATA)

test: tools ## every test, with the tools it needs
	scripts/test

check: tools ## formatting, lints, licences and bans, the tree's rules
	scripts/check

e2e: tools ## only the end-to-end journeys
	cargo build $(PROGRAMS)
	scripts/test-servers run cargo test -p e2e

load: one-process ## readings as fast as they go, against a running `gridtally up` or `make up-local`
	./target/release/gridtally-simulator load --token-file <(./target/release/gridtally token issue --role device --subject 'load-*' --data $(DATA))

bench: build ## the table of the README, measured here and now
	scripts/bench

fuzz: ## tariffs, cases and loads for FUZZ_SECONDS (60) each; random inputs against every decoder, CASES (20000) each
	scripts/fuzz
	PROPTEST_CASES=$${CASES:-20000} cargo test -p model -p proto -p api-gateway -p billing-service --lib -- exact energy columns wire batch receipts block

docs: ## docs/metrics.md and docs/configuration.md from the programs, and the crates' own pages
	cargo build $(PROGRAMS)
	UPDATE_DOCS=1 cargo test -p e2e --test it -- metrics_doc configuration_doc
	cargo doc --workspace --no-deps

tools: ## installs what the tests need into target/test-tools
	scripts/test-tools
