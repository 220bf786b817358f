# All targets of this project, for people and for CI. `make` alone lists them.
# Every recipe runs in the same environment, whatever the caller's is: docs/environment.md.
SHELL := scripts/clean-shell
# The shell itself starts in it too, and prints no warning of a locale that is not installed.
override export LC_ALL := C.UTF-8
unexport BASH_ENV ENV CDPATH LANG LANGUAGE GREP_OPTIONS
# One target after another, also with -j in the caller's MAKEFLAGS.
.NOTPARALLEL:
.DEFAULT_GOAL := help
# The variables that a person may set. Make would ignore another name and use the demo: `make converge site=clinic`.
override KNOWN := ARGS BENCH GROUP KIT NAME ONLY PACKAGE PASSWORD PORT SCENARIO SITE UNIT URL WEB
override UNKNOWN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(filter-out $(KNOWN),$(name))))
override MEANT = $(filter $(shell printf %s '$(firstword $(UNKNOWN))' | tr a-z A-Z),$(KNOWN))
# What Ansible calls otherwise. LIMIT in the environment would have been ignored too, and all hosts changed.
override OPTION = $(if $(filter LIMIT,$(1)),--limit $($(1)),$(if $(filter TAGS,$(1)),--tags $($(1)),$(if $(filter CHECK,$(1)),--check,$(if $(filter EXTRA_VARS,$(1)),-e $($(1))))))
override INSTEAD = $(or $(if $(MEANT),use $(MEANT) instead),$(if $(call OPTION,$(1)),write ARGS='$(call OPTION,$(1))' instead,use one of $(KNOWN) instead))
$(if $(strip $(UNKNOWN)),$(error make knows no variable $(firstword $(UNKNOWN)).$(if $(MEANT), Did you mean $(MEANT)?) Fix: $(call INSTEAD,$(firstword $(UNKNOWN)))))
$(if $(filter environment,$(origin LIMIT)),$(if $(filter check plan converge verify,$(MAKECMDGOALS)),$(error LIMIT is set in the environment, and make would ignore it. Fix: unset LIMIT; to limit the run, write ARGS='--limit $(LIMIT)')))
# A word that is no target: `make converge clinic` would converge the demo first, and then say so.
override TARGETS := $(shell sed -n 's/^\([a-z][a-z-]*\):.*/\1/p' Makefile)
override NOT_A_TARGET := $(firstword $(filter-out $(TARGETS),$(MAKECMDGOALS)))
override NEAR_TARGET := $(if $(wildcard inventories/$(NOT_A_TARGET)/hosts.yml),write SITE=$(NOT_A_TARGET),use one of the targets that `make help` lists)
$(if $(NOT_A_TARGET),$(error make knows no target $(NOT_A_TARGET). Fix: $(NEAR_TARGET)))

# The site of the targets below: a folder of inventories/.
SITE ?= demo
# The folder's path means the same.
override SITE := $(patsubst inventories/%,%,$(patsubst ./%,%,$(patsubst %/,%,$(SITE))))
override SITE_DIR := inventories/$(SITE)
# The vault password file of the site, which the demo always has; else what ARGS or the environment name; else a prompt.
override VAULT_FILE := $(if $(filter demo,$(SITE)),$(SITE_DIR)/.vault_password,$(wildcard $(SITE_DIR)/.vault_password))
override VAULT_GIVEN := $(filter --vault-% --ask-vault-% -J,$(ARGS))$(ANSIBLE_VAULT_PASSWORD_FILE)$(ANSIBLE_VAULT_IDENTITY_LIST)
override VAULT_ASKED := $(if $(VAULT_FILE)$(VAULT_GIVEN),,--ask-vault-pass)
override VAULT := $(if $(VAULT_FILE),--vault-password-file $(VAULT_FILE),$(VAULT_ASKED))
# The demo has a password file of its own: those of other sites are not read, and may be missing.
ifeq ($(SITE),demo)
unexport ANSIBLE_VAULT_PASSWORD_FILE ANSIBLE_VAULT_IDENTITY ANSIBLE_VAULT_IDENTITY_LIST
unexport ANSIBLE_BECOME_PASSWORD_FILE ANSIBLE_CONNECTION_PASSWORD_FILE
endif
# Warns once of output settings that cannot be applied, see scripts/testbed/environment.py.
override IGNORED = test -z "$$VANNAH_CLEAN_WARNINGS" || printf '%s\n' "$$VANNAH_CLEAN_WARNINGS" >&2
# Our own output, unless a person's environment or the checkout's ansible.cfg names another.
override CALLBACK := $(or $(ANSIBLE_STDOUT_CALLBACK),$(if $(shell grep -E '^ *stdout_callback *=' ansible.cfg),,vannah.healthcloud.console))
check plan converge certificates artifacts recovery-kit demo: override export ANSIBLE_STDOUT_CALLBACK := $(CALLBACK)
override PLAY = ansible-playbook -i $(SITE_DIR) $(VAULT) $(ARGS)

override BIN := $(CURDIR)/.venv/bin
# The tools of the virtual environment come first, for everything that is started from here.
override export PATH := $(BIN):$(PATH)
override export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# The set-up runs before the virtual environment exists, with the python3 of the machine.
override TESTBED := PYTHONPATH=scripts:collections PYTHONDONTWRITEBYTECODE=1 python3 -m testbed

.PHONY: help
help: ## list the targets
	@echo 'vannah.healthcloud: bare Debian servers to a running health cloud'
	@awk -F ':.*## ' '/^# ---/ {print ""; print substr($$0, 7)} /^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' Makefile


# --- Demo: servers as containers of this machine (root, Debian 12 or 13)
.PHONY: demo demo-down
demo: ## create the demo's servers, converge and verify them, print what runs where; again: re-converge
	@$(IGNORED)
	@$(TESTBED) demo

demo-down: ## remove the demo: containers, networks, volumes, images, keys, secrets; stop the engine it started
	@$(TESTBED) down

# --- Your own site: SITE=<folder of inventories/> (default demo), ARGS=<more arguments of ansible-playbook>
.PHONY: check plan converge verify certificates artifacts recovery-kit kit-named site-exists site-files new-vault
site-exists:
	@$(IGNORED)
	@test -f $(SITE_DIR)/hosts.yml || { echo '$(SITE_DIR)/hosts.yml does not exist. Fix: set SITE=<folder of inventories/> (there are $(notdir $(patsubst %/hosts.yml,%,$(wildcard inventories/*/hosts.yml))))' >&2; exit 2; }
	@$(if $(and $(filter demo,$(SITE)),$(filter check plan converge verify,$(MAKECMDGOALS))),test ! -d .demo || test -x .demo || { echo 'The demo belongs to another user. Fix: run it as root (sudo make $(firstword $(MAKECMDGOALS)))' >&2; exit 2; })
	@$(if $(and $(filter demo,$(SITE)),$(filter check plan converge verify,$(MAKECMDGOALS))),test -f .demo/ssh_key || { echo 'The demo does not run and SITE names no other site. Fix: run `make demo`; for a site of yours: make $(firstword $(MAKECMDGOALS)) SITE=<folder of inventories/>' >&2; exit 2; })
	@$(if $(and $(filter demo,$(SITE)),$(filter plan converge verify,$(MAKECMDGOALS))),$(TESTBED) runs)
	@$(if $(filter demo,$(SITE)),scripts/demo_password.py > /dev/null)

site-files: site-exists venv
	@$(if $(ANSIBLE_STDOUT_CALLBACK),scripts/callback_loads.py)
	@PYTHONPATH=collections scripts/site_files.py $(SITE_DIR)
	@$(if $(ARGS),PYTHONPATH=collections scripts/playbook_args.py $(SITE_DIR) $(ARGS))
	@scripts/vault_passwords.py $(SITE_DIR) $(VAULT) -- $(ARGS)

# The password that encrypts a new site is asked twice; ansible-playbook asks once.
new-vault: site-exists venv
	@$(if $(filter --check -C,$(ARGS)),,$(if $(VAULT_ASKED),PYTHONPATH=collections scripts/site_passwords.py new $(SITE_DIR)))

check: site-exists venv site-files new-vault ## check the inventory: every error at once, no host is contacted
	$(PLAY) playbooks/preflight.yml

plan: site-exists venv site-files ## show what converge would do, with differences; nothing is changed
	$(PLAY) --check --diff playbooks/site.yml

converge: site-exists venv site-files new-vault ## converge the servers to the inventory
	$(PLAY) playbooks/site.yml

verify: site-exists venv site-files ## test the running site (a row written on one server is read on another, ...)
	VANNAH_SITE_INVENTORY=$(SITE_DIR) PYTHONPATH=collections scripts/site_passwords.py run $(SITE_DIR) $(VAULT) $(ARGS) -- pytest -q -p no:cacheprovider -o 'python_files=verify_*.py' -o console_output_style=classic --progress tests/live

certificates: site-exists venv site-files ## list every certificate of the site with its days left; fails where one expires soon
	$(PLAY) playbooks/pki/certificate_report.yml

artifacts: site-exists venv site-files ## fetch or build artifacts, which Debian does not package, into the cache (docs/artifacts.md)
	$(PLAY) playbooks/artifacts.yml

# As JSON: a path may have spaces.
export KIT
override KIT_PATH := import json, os, sys; print(json.dumps({"recovery_kit_path": os.path.abspath(sys.argv[1])}))
kit-named:
	@$(if $(KIT)$(findstring recovery_kit_path,$(ARGS)),,echo 'KIT is not set. Fix: name the file to write, outside of this folder: make recovery-kit SITE=$(SITE) KIT=/media/usb/$(SITE).kit' >&2; exit 2)

recovery-kit: kit-named site-exists venv site-files ## write secrets, CA and inventory encrypted to KIT=<file outside of this folder>
	$(PLAY) playbooks/recovery_kit.yml $(if $(KIT),-e "$$(python3 -c '$(KIT_PATH)' "$$KIT")")

# --- Tests
.PHONY: test venv lint unit molecule bench soak caprover-contract docs new-role
# ONLY=<service>: lint, the service's unit tests and its scenarios, for a change of one service.
override ONE := $(addprefix --only ,$(ONLY))
test: ## everything that CI runs, or ONLY=<service>; the last line is `N passed, N failed`
	@$(TESTBED) test
	@scripts/run_tests.py $(ONE)

venv: ## the virtual environment .venv with the locked tools
	@$(TESTBED) venv

docs: venv ## write generated documentation: docs/preflight.md, the tables of variables in roles/*/README.md
	@PYTHONPATH=collections scripts/document_preflight.py
	@scripts/document_roles.py

# One word of the shell, whatever signs are in it: new_role.py says what is wrong with it.
override QUOTED = '$(subst ','\'',$(1))'
new-role: venv ## write the skeleton of a new role: NAME=<role> [PACKAGE= UNIT= PORT= GROUP=] (docs/new-service.md)
	@scripts/new_role.py $(if $(value PACKAGE),--package=$(call QUOTED,$(value PACKAGE))) $(if $(value UNIT),--unit=$(call QUOTED,$(value UNIT))) $(if $(value PORT),--port=$(call QUOTED,$(value PORT))) $(if $(value GROUP),--group=$(call QUOTED,$(value GROUP))) \
	    -- $(or $(if $(value NAME),$(call QUOTED,$(value NAME))),$(error NAME is not set. Fix: name the role: make new-role NAME=node_exporter PACKAGE=prometheus-node-exporter PORT=9100))

lint: venv ## ruff, mypy, yamllint, ansible-lint, codespell, ansible-test sanity
	@scripts/run_tests.py lint

unit: venv ## the unit tests, in parallel, and their coverage; ONLY=<service>
	@scripts/run_tests.py unit $(ONE)

molecule: ## the scenarios on test servers; SCENARIO=<name> or ONLY=<service>
	@$(TESTBED) test
	@scripts/run_tests.py molecule $(addprefix --scenario ,$(SCENARIO)) $(ONE)

bench: venv ## the cost of a run without changes, as ratios (the demo has to run)
	@PYTHONPATH=collections python -m tests.benchmarks.bench $(BENCH)

soak: ## the long versions of the tests: 1000 kills of the controller, 5000 objects, every setting changed, 10 kills of the demo
	@$(TESTBED) test
	@VANNAH_SOAK=1 VANNAH_KILLS=$${VANNAH_KILLS:-1000} scripts/run_tests.py molecule --scenario postgresql
	@VANNAH_NEWCOMER_KILLS=$${VANNAH_NEWCOMER_KILLS:-10} scripts/run_tests.py newcomer
	@VANNAH_SOAK=1 VANNAH_OBJECTS=$${VANNAH_OBJECTS:-5000} scripts/run_tests.py molecule --scenario minio
	@VANNAH_SOAK=1 scripts/run_tests.py molecule --scenario apps
	@VANNAH_SOAK=1 scripts/run_tests.py molecule --scenario edge
	@VANNAH_SOAK=1 scripts/run_tests.py molecule --scenario pki
	@VANNAH_SOAK=1 scripts/run_tests.py molecule --scenario backup

# PASSWORD may stand in the environment, where it is on no command line. As it is written: a $ in it means itself.
caprover-contract: override export VANNAH_CAPROVER_URL = $(URL)
caprover-contract: override export VANNAH_CAPROVER_PASSWORD = $(value PASSWORD)
caprover-contract: override export VANNAH_CAPROVER_WEB = $(WEB)
caprover-contract: venv ## the modules of CapRover against a disposable server: URL= PASSWORD= [WEB=] (docs/caprover.md)
	@$(if $(and $(URL),$(value PASSWORD)),,echo 'URL and PASSWORD are not both set. Fix: run make caprover-contract URL=http://192.0.2.10:3000 PASSWORD=...' >&2; exit 2)
	@pytest -q -x -rA --tb=short -p no:cacheprovider -o python_files=contract.py tests/contract/caprover
