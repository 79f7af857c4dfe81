/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_load.h"
#include "drift.h"
#include "pf.h"
#include "session.h"
#include "watch.h"

static void config_event(
	struct via_daemon *d, enum via_event_type type, const char *cause, const char *message)
{
	struct via_event ev = {.type = type, .cause = cause, .message = message};

	via_events_emit(d->events, &ev);
}

static void refused(struct via_daemon *d, const char *cause, const struct via_err *err)
{
	free(d->config_error);
	d->config_error = strdup(err->msg);
	config_event(d, VIA_EVENT_CONFIG_REFUSED, cause, err->msg);
	via_status_touch(d);
}

static int no_match(const struct via_pf_config *pf, const struct via_device *dev, void *user)
{
	(void)pf;
	(void)dev;
	(void)user;
	return 0;
}

static int load(struct via_daemon *d, struct via_config **ret, struct via_config_problems *problems,
	struct via_err *err)
{
	const struct via_inventory *inv = via_daemon_inv(d);
	int r = via_config_load(d->opt.config, ret, problems, err);

	if (r || !inv)
		return r;
	r = via_config_match(*ret, inv, no_match, NULL, err);
	if (r) {
		via_config_destroy(*ret);
		*ret = NULL;
	}
	return r;
}

static int replace(struct via_daemon *d, struct via_config *c, struct via_err *err)
{
	struct via_config_ref *ref = via_config_ref_create(c);

	if (!ref)
		return via_err_set(err, -ENOMEM, "out of memory");
	via_config_unref(d->config);
	d->config = ref;
	free(d->config_error);
	d->config_error = NULL;
	return 0;
}

static void looked(struct via_look *l)
{
	if (!l->r)
		via_session_provision(l->d, NULL, "reload");
}

int via_reload(struct via_daemon *d, const char *cause, struct via_config_problems *problems,
	struct via_err *err)
{
	struct via_config *c = NULL;
	int r = load(d, &c, problems, err);

	if (!r)
		r = replace(d, c, err);
	if (r) {
		refused(d, cause, err);
		return r;
	}
	via_groups_lookup(&d->groups);
	free(d->refusals);
	d->refusals = NULL;
	d->n_refusals = 0;
	via_pf_reset(d);
	via_watch_reset(d);
	via_status_touch(d);
	config_event(d, VIA_EVENT_CONFIG_LOADED, cause, "the configuration was loaded");
	via_watch_look(d, looked);
	return 0;
}

int via_reload_first(struct via_daemon *d, struct via_err *err)
{
	struct via_config *c = NULL;
	struct via_err why = {0};
	int r = via_config_load(d->opt.config, &c, NULL, &why);

	if (r) {
		refused(d, "start", &why);
		c = via_config_create();
		if (!c)
			return via_err_set(err, -ENOMEM, "out of memory");
	}
	d->config = via_config_ref_create(c);
	if (!d->config)
		return via_err_set(err, -ENOMEM, "out of memory");
	if (!r)
		config_event(d, VIA_EVENT_CONFIG_LOADED, "start", "the configuration was loaded");
	return 0;
}
