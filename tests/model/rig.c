/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon: started, let work, stopped in the middle of anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "stop.h"

/* Called by whatever thread writes: from here on nothing that the daemon does has any effect. */
static void power_off(struct model *m, uint64_t dice)
{
	struct via_fake_power_cut how = {
		.tail = dice & 1 ? (size_t)(dice >> 8 & 255) : 0,
		.zeroes = dice & 2,
		.cuts = dice & 4,
		.entries = dice & 8,
	};

	if (atomic_exchange(&m->frozen, true))
		return;
	via_fake_disk_power_cut(m->disk, &how);
}

static void on_record(unsigned int n, enum via_journal_point at, void *user)
{
	struct model *m = user;
	unsigned int when = atomic_load(&m->crash_at);

	/* Even numbers before it is written, odd ones after. */
	if (!when || n < when / 2 || (at == VIA_JOURNAL_AFTER) != (when & 1))
		return;
	power_off(m, when * 0x9e3779b97f4a7c15ull >> 20);
	atomic_store(&m->crashed, true);
}

static void options(struct model *m, struct via_daemon_options *o)
{
	static char config[96], state[96], socket[96];

	snprintf(config, sizeof(config), "%s/viaduct.json", m->dir);
	snprintf(state, sizeof(state), "%s/state", m->dir);
	snprintf(socket, sizeof(socket), "%s/sock", m->dir);
	via_daemon_options_init(o);
	o->kernel = &m->gate;
	o->config = config;
	o->state_dir = state;
	o->socket = socket;
	o->virt = via_fake_virt_door(m->virt);
	o->virt_uri = "fake:///system";
	o->disk = via_fake_disk_door(m->disk);
	o->heal_backoff_ms = 1;
	o->clean_backoff_ms = 1;
	o->vm_gone_ms = 1;
	o->reconcile_interval_s = 1;
	o->journal_hook.fn = on_record;
	o->journal_hook.user = m;
	o->journal_hook.count = &m->records;
}

void model_start(struct model *m)
{
	struct via_daemon_options o;
	struct via_err err = {0};

	atomic_store(&m->frozen, false);
	atomic_store(&m->crashed, false);
	atomic_store(&m->crash_at, 0);
	atomic_store(&m->records, 0);
	m->disk = via_fake_disk_create();
	m->virt = via_fake_virt_create();
	for (size_t i = 0; i < N_VMS; i++)
		model_tell_libvirt(m, &m->vms[i], m->vms[i].state == VM_RUNNING);
	if (m->virt_away)
		via_fake_virt_disconnect(m->virt, "libvirtd is away");
	options(m, &o);
	if (via_daemon_create(&o, &m->d, &err)) {
		model_violation(m, "the daemon does not start: %s", err.msg);
		return;
	}
	via_first_look(m->d);
	model_check(m);
}

static void hang_up_all(struct model *m)
{
	while (m->calls)
		model_hang_up(m->calls);
}

/* What libvirt does meanwhile: a start whose hook has no answer fails. */
static void end_daemon(struct model *m)
{
	power_off(m, model_random(m, UINT64_MAX));
	hang_up_all(m);
	if (!via_daemon_destroy(m->d))
		model_violation(m, "a thread of the daemon does not end");
	m->d = NULL;
	via_fake_disk_destroy(m->disk);
	m->disk = NULL;
	m->n_crashes++;
}

void model_crash(struct model *m)
{
	end_daemon(m);
	if (!m->violated)
		model_start(m);
	if (!m->violated)
		model_resync(m);
}

void model_reboot(struct model *m)
{
	end_daemon(m);
	m->n_reboots++;
	for (size_t i = 0; i < N_VMS; i++) {
		m->vms[i].state = VM_OFF;
		m->vms[i].stranger = false;
	}
	model_host_build(m);
	if (!m->violated)
		model_start(m);
	if (!m->violated)
		model_resync(m);
}

void model_turn(struct model *m, unsigned int us)
{
	int64_t until = via_now_ms() * 1000 + us;

	do {
		if (sd_event_run(m->d->event, us ? us : 0) < 0)
			abort();
		if (atomic_load(&m->crashed)) {
			model_note(m, "(stopped at record %u)", atomic_load(&m->crash_at) / 2);
			model_crash(m);
		}
	} while (!m->violated && us && via_now_ms() * 1000 < until);
}

void model_settle(struct model *m)
{
	int64_t until = via_now_ms() + m->patience_ms;
	const char *why = "";

	atomic_store(&m->crash_at, 0);
	while (!m->violated && (why = model_unsettled(m))) {
		if (sd_event_run(m->d->event, 10000) < 0)
			abort();
		if (atomic_load(&m->crashed))
			model_crash(m);
		if (via_now_ms() > until)
			model_violation(m, "it does not settle: %s", why);
	}
	m->n_settled++;
	if (!m->violated)
		model_check(m);
}
