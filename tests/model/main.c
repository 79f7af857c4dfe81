/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model [--steps N] [--seed S] [--jobs J] [--patience MS] [--break NAME] [--verbose]
 *
 * J processes do N steps together, each with a seed of its own (S, S+1, …). A violation is told
 * with the seed of its process and its last steps: --jobs 1 with that seed goes the same way, as
 * far as threads allow. patience: an answer or a state that takes longer does not come. break:
 * something is made wrong on purpose, to see it found (owner, clean, generation, lost). The last
 * line is model: steps=N seed=S violations=V.
 */
#include <getopt.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "log.h"
#include "model.h"

static const char config[] =
	"{\"provision\":\"auto\",\"drift\":{\"interval_s\":0,\"debounce_ms\":1,\"heal\":[\"mac\","
	"\"vlan\",\"spoofchk\"]},"
	"\"networks\":[{\"name\":\"blue\",\"vlan\":100,\"uplinks\":[\"a\"]},"
	"{\"name\":\"red\",\"vlan\":200,\"uplinks\":[\"b\",\"a\"]}],"
	"\"pfs\":[{\"label\":\"a\",\"match\":{\"address\":\"0000:01:00.0\"},\"num_vfs\":5,"
	"\"vf\":{\"driver\":\"vfio\"}},"
	"{\"label\":\"b\",\"match\":{\"address\":\"0000:02:00.0\"},\"num_vfs\":5,"
	"\"vf\":{\"driver\":\"vfio\",\"mac\":\"derived\"}},"
	"{\"label\":\"c\",\"match\":{\"address\":\"0000:03:00.0\"}}]}";

static const char *const breaks[] = {"nothing", "owner", "clean", "generation", "lost", NULL};

/* What the processes hand back. */
struct result {
	uint64_t steps, violations, crashes, reboots, granted, refused, settled;
};

/* splitmix64: a seed says it all. */
uint64_t model_random(struct model *m, uint64_t below)
{
	uint64_t z = m->rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (z ^ (z >> 31)) % below;
}

void model_note(struct model *m, const char *fmt, ...)
{
	char *line = m->kept[m->n_kept++ % N_KEPT];
	int n = snprintf(line, sizeof(m->kept[0]), "%llu: ", (unsigned long long)m->step);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(m->kept[0]) - (size_t)n, fmt, ap);
	va_end(ap);
	if (m->verbose)
		fprintf(stderr, "%s\n", line);
}

static void tell_state(const struct model *m)
{
	for (size_t i = 0; m->d && i < m->d->claims.n; i++) {
		const struct via_claim *c = &m->d->claims.list[i];

		printf("  %s: %s, generation %llu, %s, by %s%s%s\n", via_addr_fmt(c->fn.addr),
			c->name, (unsigned long long)c->generation, via_claim_state_name(c->state),
			via_claim_origin_name(c->origin), c->reason[0] ? "; " : "", c->reason);
	}
	for (size_t v = 0; v < N_VMS; v++)
		if (m->vms[v].state != VM_OFF)
			printf("  %s %s with %s%s%s\n", m->vms[v].name,
				m->vms[v].state == VM_RUNNING	 ? "runs"
				: m->vms[v].state == VM_STARTING ? "starts"
								 : "ends",
				via_addr_fmt(m->vms[v].devs[0].addr), m->vms[v].n > 1 ? ", " : "",
				m->vms[v].n > 1 ? via_addr_fmt(m->vms[v].devs[1].addr) : "");
}

void model_violation(struct model *m, const char *fmt, ...)
{
	va_list ap;

	if (m->violated)
		return;
	m->violated = true;
	printf("violation: seed=%llu step=%llu: ", (unsigned long long)m->seed,
		(unsigned long long)m->step);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\nwhat the daemon said: %s/log\nclaims and VMs:\n", m->dir);
	tell_state(m);
	printf("the last steps:\n");
	for (size_t i = m->n_kept > N_KEPT ? m->n_kept - N_KEPT : 0; i < m->n_kept; i++)
		printf("  %s\n", m->kept[i % N_KEPT]);
	fflush(stdout);
}

static void make_dir(struct model *m)
{
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	char path[96];
	FILE *f;

	snprintf(m->dir, sizeof(m->dir), "%s/viaduct-model.XXXXXX", base);
	if (!mkdtemp(m->dir))
		abort();
	snprintf(path, sizeof(path), "%s/viaduct.json", m->dir);
	f = fopen(path, "we");
	if (!f)
		abort();
	fputs(config, f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/state", m->dir);
	if (mkdir(path, 0700) < 0)
		abort();
	snprintf(path, sizeof(path), "%s/log", m->dir);
	if (!m->verbose && !freopen(path, "we", stderr))
		abort();
}

static void remove_dir(const struct model *m)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", m->dir);
	if (system(command) != 0)
		fprintf(stderr, "%s is left\n", m->dir);
}

static void set_up(struct model *m)
{

	static const struct model_pf pfs[N_PFS] = {
		{"0000:01:00.0", "ens1", "52:54:00:76:00:01", false},
		{"0000:02:00.0", "ens2", "52:54:00:76:00:02", false},
		{"0000:03:00.0", "ens3", "52:54:00:76:00:03", false},
	};

	m->rng = m->seed * 0x2545f4914f6cdd1dull + 1;
	m->next_pid = 1000;
	memcpy(m->pfs, pfs, sizeof(pfs));
	for (size_t v = 0; v < N_VMS; v++) {
		snprintf(m->vms[v].name, sizeof(m->vms[v].name), "vm%zu", v);
		snprintf(m->vms[v].uuid, sizeof(m->vms[v].uuid), "00000000-0000-4000-8000-%012zu",
			v + 1);
	}
	make_dir(m);
	model_host_wrap(m);
	model_host_build(m);
}

static void run(struct model *m, struct result *ret)
{
	set_up(m);
	model_start(m);
	if (!m->violated)
		model_settle(m);
	while (m->step < m->steps && !m->violated) {
		m->step++;
		model_step(m);
	}
	if (!m->violated) {
		m->virt_away = false;
		via_fake_virt_connect(m->virt);
		via_fake_clear_faults(m->fake);
		m->failing = false;
		model_settle(m);
	}
	*ret = (struct result){m->step, m->violated, m->n_crashes, m->n_reboots, m->n_granted,
		m->n_refused, m->n_settled};
	if (m->d)
		while (m->calls)
			model_hang_up(m->calls);
	if (m->d && via_daemon_destroy(m->d))
		via_fake_disk_destroy(m->disk);
	via_kernel_destroy(via_fake_kernel(m->fake));
	if (!m->violated || m->breaks)
		remove_dir(m);
}

static void add(struct result *to, const struct result *r)
{
	to->steps += r->steps;
	to->violations += r->violations;
	to->crashes += r->crashes;
	to->reboots += r->reboots;
	to->granted += r->granted;
	to->refused += r->refused;
	to->settled += r->settled;
}

static int run_all(const struct model *opt, unsigned int jobs)
{
	struct result *shared = mmap(NULL, jobs * sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		      sum = {0};

	via_autofree pid_t *pids = calloc(jobs, sizeof(*pids));

	if (shared == MAP_FAILED || !pids)
		return 2;
	for (unsigned int j = 0; j < jobs; j++) {
		static struct model m;

		m = *opt;
		m.seed = opt->seed + j;
		m.steps = opt->steps / jobs + (j < opt->steps % jobs);
		pids[j] = fork();
		if (pids[j])
			continue;
		run(&m, &shared[j]);
		fflush(NULL);
		_exit(0);
	}
	for (unsigned int j = 0; j < jobs; j++) {
		int status;

		if (waitpid(pids[j], &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
			printf("violation: seed=%llu: the process ended with status %d\n",
				(unsigned long long)opt->seed + j, status);
			sum.violations++;
		}
	}
	for (unsigned int j = 0; j < jobs; j++)
		add(&sum, &shared[j]);
	printf("%llu granted, %llu refused, %llu crashes, %llu of them reboots, settled %llu "
	       "times\n",
		(unsigned long long)sum.granted, (unsigned long long)sum.refused,
		(unsigned long long)sum.crashes, (unsigned long long)sum.reboots,
		(unsigned long long)sum.settled);
	printf("model: steps=%llu seed=%llu violations=%llu\n", (unsigned long long)sum.steps,
		(unsigned long long)opt->seed, (unsigned long long)sum.violations);
	return sum.violations != 0;
}

static enum model_break break_of(const char *name)
{
	for (int i = 0; breaks[i]; i++)
		if (!strcmp(breaks[i], name))
			return (enum model_break)i;
	fprintf(stderr, "model: nothing is called %s\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"steps", required_argument, NULL, 'n'},
		{"seed", required_argument, NULL, 's'},
		{"jobs", required_argument, NULL, 'j'},
		{"break", required_argument, NULL, 'b'},
		{"patience", required_argument, NULL, 'p'},
		{"verbose", no_argument, NULL, 'v'},
		{0},
	};
	static struct model m = {.steps = 100000, .patience_ms = 20000};
	unsigned int jobs = 4;
	int c;

	m.seed = (uint64_t)time(NULL);
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'n')
			m.steps = strtoull(optarg, NULL, 10);
		else if (c == 's')
			m.seed = strtoull(optarg, NULL, 10);
		else if (c == 'j')
			jobs = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'b')
			m.breaks = break_of(optarg);
		else if (c == 'p')
			m.patience_ms = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'v')
			m.verbose = true;
		else
			return 2;
	}
	if (!jobs || !m.steps)
		return 2;
	mallopt(M_ARENA_MAX, 2);
	return run_all(&m, jobs);
}
