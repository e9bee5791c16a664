# Verbs of this repository. Each is a thin call; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
OUTLAST := $(BIN)/outlast
RUN := $(BIN)/python -m
# Tests wait a fifth of their time, for processes and for clocks: one more than the processors of a small machine.
WORKERS ?= 3
.DEFAULT_GOAL := help
# Set in many images of containers. Then each of the hundreds of processes of a test run, and each replica of the sandbox,
# would compile its sources anew.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help doctor up page watch preview status predict drill chaos drain undrain shell down clean fault heal speed parity metrics dist image docs test test-slow coverage mutants test-pythons lint check check-quick model lock reference bench soak

# What each target takes. Anything else on the command line is refused: passed over, it would do something else.
TAKES_up := SPEED DNS_PORT STACKS EVENTUAL PROBLEM CSV TARGET ACCEPT_DRAFT
TAKES_doctor := STACKS
TAKES_predict := MODEL
TAKES_drill := LOSE MODEL LEVEL KIND
TAKES_chaos := FAULTS SITES WRITE
TAKES_fault := SITE KIND FOR
TAKES_parity := MODEL
TAKES_drain := SITE LAST
TAKES_undrain := SITE
TAKES_heal := SITE
TAKES_speed := SPEED
TAKES_model := PROBLEM CSV TARGET ACCEPT_DRAFT
TAKES_bench := ARGS
TAKES_image := ARGS
TAKES_soak := MINUTES
TAKES_test := TESTS
TAKES_test-slow := TESTS
TAKES_check-quick := TESTS
TAKES_mutants := MODULE
TAKEN := PYTHON WORKERS $(foreach goal,$(MAKECMDGOALS),$(TAKES_$(goal)))
GIVEN := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
REFUSED := $(filter-out $(TAKEN),$(GIVEN))
OPTIONS := $(filter-out PYTHON WORKERS,$(TAKEN))
define NEWLINE


endef
REFUSAL := error: `$(strip make $(MAKECMDGOALS))` takes no $(REFUSED); nothing was done
WAY_OUT := hint: $(if $(OPTIONS),it takes $(OPTIONS); )`make help` lists what each target takes, `outlast --help` every option
ifneq ($(REFUSED),)
$(error $(NEWLINE)$(REFUSAL)$(NEWLINE)$(WAY_OUT))
endif

# What is trained, of `up` and `model`: a problem, or a table of one's own.
TABLE = $(if $(PROBLEM),--problem "$(PROBLEM)") $(if $(CSV),--csv "$(CSV)") $(if $(TARGET),--target "$(TARGET)") $(if $(ACCEPT_DRAFT),--accept-draft)

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-28s %s\n", $$1, $$2}'

# Made anew whenever what it holds changes; a stamp says that it is whole.
.venv/complete: requirements.lock pyproject.toml tools/uv/requirements.lock
	@$(PYTHON) -m tools.environment

# The first one obtains Pulumi's CLI while it makes the environment.
up: $(wildcard .venv/complete) ## three clouds on this machine, all stacks, one prediction through DNS [SPEED=10] [EVENTUAL=60] [STACKS=prod] [CSV=my.csv TARGET=y | PROBLEM=spam]
	@$(if $(wildcard .venv/complete),,$(PYTHON) -m tools.environment )$(OUTLAST) up $(if $(STACKS),--stacks "$(STACKS)") $(if $(SPEED),--speed $(SPEED)) $(if $(DNS_PORT),--dns-port $(DNS_PORT)) $(if $(EVENTUAL),--eventual $(EVENTUAL)) $(TABLE)

# With the system's own Python while there is no environment: it says what the environment would lack.
doctor: ## what is missing on this machine, or in the accounts of your stack files, and how to get it [STACKS=prod]
	@$(if $(wildcard .venv/complete),$(OUTLAST) doctor $(if $(STACKS),--stacks "$(STACKS)"),$(PYTHON) -m outlast.doctor)

preview: .venv/complete ## what `make up` would change, what it costs, and what the policy pack finds
	@$(OUTLAST) preview

status: .venv/complete ## what runs, where, and how it is
	@$(OUTLAST) status

page: .venv/complete ## the link of the page on which the three clouds are seen and one is lost
	@$(OUTLAST) page

watch: .venv/complete ## the same in this terminal, until Ctrl-C
	@$(OUTLAST) watch --plain

predict: .venv/complete ## one real row through DNS and TLS to whichever cloud answers [MODEL=digits]
	@$(OUTLAST) predict $(if $(MODEL),--model "$(MODEL)")

drill: .venv/complete ## take one site out of DNS, measure, put it back: LOSE=azure [LEVEL=2] [KIND=wrong-answers] [MODEL=digits]
	@$(OUTLAST) exec -- $(OUTLAST) drill now --lose "$(LOSE)" $(if $(LEVEL),--level "$(LEVEL)") $(if $(KIND),--kind "$(KIND)") $(if $(MODEL),--model "$(MODEL)")

drain: .venv/complete ## take one site out of DNS until undrain: SITE=aws [LAST=aws]
	@$(OUTLAST) exec -- $(OUTLAST) drain "$(SITE)" $(if $(LAST),--last "$(LAST)")

undrain: .venv/complete ## put a drained site back: SITE=aws
	@$(OUTLAST) exec -- $(OUTLAST) undrain "$(SITE)"

chaos: .venv/complete ## every fault at every site, measured; WRITE=1 puts all into docs/reference/faults.md [FAULTS=dark] [SITES=aws]
	@$(OUTLAST) exec -- $(OUTLAST) chaos $(if $(FAULTS),--faults "$(FAULTS)") $(if $(SITES),--sites "$(SITES)") $(if $(WRITE),--write docs/reference/faults.md)

metrics: .venv/complete ## every replica's metrics in one Prometheus text
	@$(OUTLAST) exec -- $(OUTLAST) metrics

parity: .venv/complete ## ask every site the same, and tell in what their answers differ [MODEL=digits]
	@$(OUTLAST) exec -- $(OUTLAST) parity $(if $(MODEL),--model "$(MODEL)")

shell: .venv/complete ## a shell in which plain `pulumi up -s aws` works on the sandbox
	@$(OUTLAST) shell

fault: .venv/complete ## break something for a while: SITE=azure KIND=kill FOR=60
	@$(OUTLAST) fault --site "$(SITE)" --kind "$(KIND)" --for $(or $(FOR),60)

heal: .venv/complete ## end every fault [SITE=azure]
	@$(OUTLAST) heal $(if $(SITE),--site "$(SITE)")

speed: .venv/complete ## run the sandbox's clock faster: SPEED=1|2|3|5|10|15
	@$(OUTLAST) speed "$(SPEED)"

down: .venv/complete ## stop the sandbox; it finds everything again at the next `make up`
	@$(OUTLAST) down

clean: .venv/complete ## stop the sandbox and forget its clouds and their Pulumi state
	@$(OUTLAST) clean

test: .venv/complete ## the tests, offline but for loopback
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not slow" $(TESTS)

test-slow: .venv/complete ## the tests that `make test` leaves out for their length; CI runs both
	@$(BIN)/python -m pytest -m slow $(TESTS)

# Tests are judged by `test`: what is late only because it is measured (code 1) does not count against the figure.
COVERED := service failover infra jobs
coverage: .venv/complete ## the branches of service, failover, infra and jobs that their tests take; fails under 95 %
	@rm -rf .coverage && mkdir .coverage
	@COVERAGE_FILE=$(CURDIR)/.coverage/data $(BIN)/coverage run -m pytest -q -n $(WORKERS) --dist loadgroup -m "not slow" $(COVERED:%=tests/%) || test $$? = 1
	@COVERAGE_FILE=$(CURDIR)/.coverage/data $(BIN)/coverage combine -q
	@for package in $(COVERED); do \
		COVERAGE_FILE=$(CURDIR)/.coverage/data $(BIN)/coverage report --include="$$package/*" --fail-under=95 || exit 1; done

mutants: .venv/complete ## change a module here and there, see what its tests do not notice: MODULE=failover/routing/answers.py
	@$(RUN) tools.mutants "$(MODULE)"

test-pythons: .venv/complete ## what depends on the interpreter, on the oldest and the newest Python that is here
	@$(RUN) tools.interpreters --workers $(WORKERS)

check-quick: lint test ## before each commit: formatting, types and the tests but for the slow

check: lint test test-slow coverage test-pythons image ## what CI runs

lint: .venv/complete ## formatting, imports, types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

reference: .venv/complete ## write the reference pages that are made from the code
	@$(RUN) sandbox.clouds.reference
	@$(RUN) tools.architecture
	@$(RUN) infra.cost.guide
	@$(RUN) infra.permissions.reference
	@$(RUN) infra.policy.reference
	@$(RUN) jobs.reference
	@$(RUN) outlast.reference
	@$(RUN) outlast.api_reference
	@$(RUN) tools.error_page

model: .venv/complete ## train, evaluate and release a model: PROBLEM=tumour|digits, or CSV=file TARGET=column
	@$(OUTLAST) model train $(TABLE)

bench: .venv/complete ## endpoint, abuse, listeners, metrics, models, sandbox, programs, client, band: every ratio beside its target: ARGS="--part metrics"
	@$(OUTLAST) bench $(ARGS)

soak: .venv/complete ## one server for long: every answer is in its audit log, memory stays flat: MINUTES=10
	@$(RUN) bench.soak $(if $(MINUTES),--minutes "$(MINUTES)")

dist: .venv/complete ## the wheel outlast-failover in dist/, tried alone on every Python that is here
	@$(RUN) tools.wheel

image: .venv/complete ## the serving image built by Buildah, run without rights, looked into: ARGS=--write
	@$(RUN) tools.image_proof $(ARGS)

# The variable silences what mkdocs-material says about a successor of mkdocs.
docs: .venv/complete ## the documentation as a site in .site/, to be read and searched offline
	@NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict --quiet && echo "open .site/index.html"

COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header
TESTED := boosting catboost skops parquet dask stores chaos clouds acme
lock: .venv/complete ## resolve the pinned requirements again
	@$(COMPILE) tools/uv/requirements.in -o tools/uv/requirements.lock
	@$(COMPILE) pyproject.toml --group dev $(TESTED:%=--extra %) -o requirements.lock
	@$(COMPILE) -c requirements.lock service/requirements.in -o service/requirements.lock
	@$(COMPILE) -c requirements.lock service/requirements-train.in -o service/requirements-train.lock
