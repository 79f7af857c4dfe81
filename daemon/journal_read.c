/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "model/codec.h"

void via_unfinished_destroy(struct via_unfinished *list)
{
	while (list) {
		struct via_unfinished *u = list;

		list = u->next;
		json_object_put(u->intent);
		free(u->steps);
		free(u->states);
		free(u);
	}
}

static struct via_unfinished *find(struct via_journal_contents *c, uint64_t session)
{
	struct via_unfinished *u = c->unfinished;

	while (u && u->session != session)
		u = u->next;
	return u;
}

static int read_steps(json_object *list, struct via_unfinished *u, struct via_err *err)
{
	size_t n;

	if (!json_object_is_type(list, json_type_array))
		return via_err_set(err, -EUCLEAN, "the intent has no steps");
	n = json_object_array_length(list);
	u->steps = calloc(n ? n : 1, sizeof(*u->steps));
	u->states = calloc(n ? n : 1, sizeof(*u->states));
	if (!u->steps || !u->states)
		return via_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		int r = via_codec_step_parse(json_object_array_get_idx(list, i), &u->steps[i], err);

		if (r)
			return r < 0 ? r : -EUCLEAN;
		/* Ids are places in the list: act and result records refer to them. */
		if (u->steps[i].id != i + 1)
			return via_err_set(
				err, -EUCLEAN, "step %zu has id %u", i + 1, u->steps[i].id);
	}
	u->n_steps = n;
	return 0;
}

static int on_intent(
	struct via_journal_contents *c, uint64_t session, json_object *o, struct via_err *err)
{
	struct via_unfinished *u, **last = &c->unfinished;
	int r;

	if (find(c, session))
		return via_err_set(
			err, -EUCLEAN, "session %llu begins twice", (unsigned long long)session);
	u = calloc(1, sizeof(*u));
	if (!u)
		return via_err_set(err, -ENOMEM, "out of memory");
	u->session = session;
	u->intent = json_object_get(o);
	r = read_steps(json_object_object_get(o, "steps"), u, err);
	if (r) {
		via_unfinished_destroy(u);
		return r;
	}
	while (*last)
		last = &(*last)->next;
	*last = u;
	return 0;
}

static int set_state(
	struct via_unfinished *u, int64_t id, enum via_step_state state, struct via_err *err)
{
	if (id < 1 || (uint64_t)id > u->n_steps)
		return via_err_set(err, -EUCLEAN, "there is no step %lld", (long long)id);
	u->states[id - 1] = state;
	return 0;
}

static int on_act(struct via_unfinished *u, json_object *o, struct via_err *err)
{
	json_object *ids = json_object_object_get(o, "steps");
	int r = 0;

	/* A step that was begun stays begun while it is undone, until the undoing has a result. */
	if (!json_object_is_type(ids, json_type_array))
		return via_err_set(err, -EUCLEAN, "the act has no steps");
	for (size_t i = 0; !r && i < json_object_array_length(ids); i++)
		r = set_state(u, json_object_get_int64(json_object_array_get_idx(ids, i)),
			VIA_STEP_RUNNING, err);
	return r;
}

static enum via_step_state state_of(const char *name)
{
	for (int s = VIA_STEP_PENDING; s <= VIA_STEP_SKIPPED; s++)
		if (name && !strcmp(via_step_state_name((enum via_step_state)s), name))
			return (enum via_step_state)s;
	return VIA_STEP_RUNNING;
}

static int on_result(struct via_unfinished *u, json_object *o, struct via_err *err)
{
	json_object *list = json_object_object_get(o, "results");
	int r = 0;

	if (!json_object_is_type(list, json_type_array))
		return via_err_set(err, -EUCLEAN, "the result has no results");
	for (size_t i = 0; !r && i < json_object_array_length(list); i++) {
		json_object *res = json_object_array_get_idx(list, i);

		r = set_state(u, json_object_get_int64(json_object_object_get(res, "id")),
			state_of(json_object_get_string(json_object_object_get(res, "state"))),
			err);
	}
	return r;
}

static void on_done(struct via_journal_contents *c, struct via_unfinished *u)
{
	struct via_unfinished **p = &c->unfinished;

	while (*p != u)
		p = &(*p)->next;
	*p = u->next;
	u->next = NULL;
	via_unfinished_destroy(u);
}

int via_journal_record(json_object *o, void *contents, struct via_err *err)
{
	struct via_journal_contents *c = contents;
	const char *rec = json_object_get_string(json_object_object_get(o, "rec"));
	uint64_t session = json_object_get_uint64(json_object_object_get(o, "session"));
	struct via_unfinished *u;

	if (!rec || !session)
		return via_err_set(err, -EUCLEAN, "no record of viaductd");
	if (session > c->last_session)
		c->last_session = session;
	if (!strcmp(rec, "intent"))
		return on_intent(c, session, o, err);
	u = find(c, session);
	if (!u)
		return via_err_set(
			err, -EUCLEAN, "session %llu has no intent", (unsigned long long)session);
	if (!strcmp(rec, "act"))
		return on_act(u, o, err);
	if (!strcmp(rec, "result"))
		return on_result(u, o, err);
	if (strcmp(rec, "done"))
		return via_err_set(err, -EUCLEAN, "unknown record \"%.32s\"", rec);
	on_done(c, u);
	return 0;
}

int via_journal_damaged(const char *dir, struct via_err *err)
{
	char what[VIA_ERR_MSG_MAX];

	snprintf(what, sizeof(what), "%.600s", err ? err->msg : "");
	return via_err_set(err, -EUCLEAN,
		"%s; \"mv %s/%s %s/%s.damaged\" starts without it: what it says was begun and not "
		"finished is then neither undone nor gone on with (viaductd(8), STATE)",
		what, dir, VIA_JOURNAL_FILE, dir, VIA_JOURNAL_FILE);
}
