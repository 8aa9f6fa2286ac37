# `make up` turns this machine into the platform; `make test` runs every check. `make help` lists the rest.
# Settings: inventory/group_vars/all/settings.yml, or once: make up ARGS='-e minikube_memory=6144'

PYTHON ?= python3
ARGS ?=
NAMES ?=
VENV := .venv
LINK := $(VENV)/collections/ansible_collections/fortytwo/ft_services
PLAYBOOK := PATH="$(CURDIR)/$(VENV)/bin:$$PATH" ANSIBLE_CONFIG="$(CURDIR)/ansible.cfg" ansible-playbook
PLAYS := $(sort $(filter-out site dashboard,$(basename $(notdir $(wildcard playbooks/*.yml)))))
EXTENDED := stress changes recovery kills remote existing
STEPS := lint sanity unit coverage integration build docs fetch molecule $(EXTENDED)

# Ansible refuses to run where the locale is not installed or is none of UTF-8. An ssh client may have sent such a one.
CHARSET := $(shell $(PYTHON) -c "import locale; locale.setlocale(locale.LC_ALL, ''); print(locale.getlocale()[1])" 2>/dev/null)
ifneq ($(CHARSET),UTF-8)
override LC_ALL := C.UTF-8
export LC_ALL
endif

.DEFAULT_GOAL := help
.PHONY: help up abuse dashboard test extended ready bench clean $(PLAYS) $(STEPS)

# A line "##@ NAME" begins a group; "#: NAME what it does" tells of a target that is a playbook.
help: ## Show this
	@echo "Usage: make TARGET [ARGS='options of ansible-playbook']"
	@awk '/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^#: / { name = $$2; sub(/^#: [^ ]+ +/, ""); printf "  %-14s %s\n", name, $$0 } \
		/^[a-z]+:.*## / { split($$0, part, ":.*## "); printf "  %-14s %s\n", part[1], part[2] }' $(MAKEFILE_LIST)

##@ Try it
#: check          See whether this host can run it; changes nothing
up: ready ## Bring up the platform, or repair it; all that is in place already is left alone
	@$(PLAYBOOK) site.yml $(ARGS)

#: status         Services, health, use of resources, certificates, last backup
#: verify         Try every requirement against the running platform, and write a report

##@ Live with it
#: credentials    Where the credentials are; shows them after a question
#: rotate         Make credentials anew: make rotate NAMES=mysql_admin
#: renew          Issue certificates that end soon anew
#: backup         Back up all data and credentials
#: collect        Copy the backups that the cluster makes each night to this host
#: rehearse       Restore the newest backup aside, and see that all is there
#: restore        Put a backup back, after a question
# The proxy is no task of the playbook: so it ends with Ctrl-C, and with the terminal.
dashboard: ready ## Open the dashboard of the cluster, for this machine only and until Ctrl-C
	@script=$$(mktemp) && trap 'rm -f "$$script"' EXIT \
		&& $(PLAYBOOK) playbooks/dashboard.yml -e dashboard_script="$$script" $(ARGS) \
		&& command=$$(cat "$$script") && rm -f "$$script" && exec sh -c "$$command"

##@ Leave it
#: stop           Stop the cluster and keep everything; make up starts it again
#: down           Take the services away and keep their data; make up brings them back
#: purge          Remove the cluster and its data, after a question

# On a terminal a line for each stage is enough, and at the end what was changed; elsewhere every task is told.
ifdef MAKE_TERMOUT
up $(PLAYS): export ANSIBLE_DISPLAY_OK_HOSTS ?= false
up $(PLAYS): export ANSIBLE_DISPLAY_SKIPPED_HOSTS ?= false
up $(PLAYS): export FT_SERVICES_DISPLAY_CHANGED_HOSTS ?= false
endif

# What they are asked for stands at the end; what each task did would only push it off the screen.
dashboard status credentials: export ANSIBLE_DISPLAY_OK_HOSTS = false
dashboard status credentials: export ANSIBLE_DISPLAY_SKIPPED_HOSTS = false

# A list in ARGS would need quotes within quotes: make rotate NAMES=mysql_admin,ftps_user
rotate: override ARGS += $(if $(NAMES),-e "rotate_names='$(NAMES)'")

# stop, status, verify, purge ...: whatever playbooks/ has.
$(PLAYS): ready
	@$(PLAYBOOK) playbooks/$@.yml $(ARGS)

##@ Change it
#: bundle         Gather every file that the platform needs
#: refresh        Bring newer packages into the bundle, with security updates
#: test-grafana   Try the dashboards with a real Grafana
# Not among the playbooks: it belongs to the tests.
abuse: ready ## Abuse the running platform from one client, and measure how long others wait; needs root
	@$(PLAYBOOK) molecule/resources/playbooks/abuse.yml $(ARGS)

test: ## Run every check but extended; the last line is "N passed, N failed"
	@$(PYTHON) tests/gate

extended: ## Run what takes longer on a cluster: stress, changes, recovery, kills, remote, existing, each a step too
	@$(PYTHON) tests/gate $(EXTENDED)

#: lint           One step of the tests; so are sanity unit coverage integration build docs fetch molecule
# With ARGS the step is the tool itself, in this terminal: make unit ARGS='-k name -x --pdb'
$(STEPS):
	@$(PYTHON) tests/gate $@ $(if $(ARGS),--interactive $(ARGS))

bench: ready ## Measure beside the peers on the running platform, and write docs/benchmarks.md
	@for program in $(filter-out benchmarks/paired.py,$(wildcard benchmarks/*.py)); do $(VENV)/bin/python "$$program" $(ARGS) || exit 1; done

clean: ## Remove what make and the tests left in this folder; the platform stays
	rm -rf $(VENV) .ansible artifacts

ready: $(VENV)/requirements.stamp $(LINK)

# Installed anew only when the requirements change.
$(VENV)/requirements.stamp: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is missing or older than Python 3.11. Install a newer one, then: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@echo "Preparing the Python packages of requirements.lock in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@

# Ansible finds a collection only below ansible_collections/NAMESPACE/NAME.
$(LINK):
	@mkdir -p $(dir $(LINK))
	@ln -sfn ../../../.. $(LINK)
