/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"

static int check_snapshot(json_object *o, struct via_err *err)
{
	struct via_ledger_state s = {0};
	int r = via_ledger_snapshot_parse(o, &s, err);

	via_ledger_state_finish(&s);
	return r;
}

static int load_snapshot(const struct via_store_place *p, const char *name,
	struct via_ledger_state *ret, struct via_err *err)
{
	const struct via_store_file f = {.name = name, .check = check_snapshot};
	via_autojson *o = NULL;
	int r = via_store_file_read(p, &f, &o, err);

	if (r == 0 && !o)
		return via_err_set(err, -EUCLEAN,
			"%s/%s: it is missing, which never means that nothing is claimed", p->dir,
			name);
	return r ? r : via_ledger_snapshot_parse(o, ret, err);
}

/* Up to its end; that of a log before is torn only if it was in use when the host died. */
static int replay_log(const struct via_store_place *p, const char *name, struct via_ledger_state *s,
	struct via_err *err)
{
	struct via_ledger_replay replay = {.state = s};
	via_autofree char *text = NULL, *path = NULL;
	struct via_err what = {0};
	size_t len, good;
	int r = via_file_read(p->dirfd, name, VIA_LEDGER_MAX, &text, &len, &what);

	if (r < 0)
		return via_err_set(err, r == -ENOENT ? -EUCLEAN : r, "%s/%s", p->dir, what.msg);
	if (asprintf(&path, "%s/%s", p->dir, name) < 0) {
		path = NULL;
		return via_err_set(err, -ENOMEM, "out of memory");
	}
	return via_lines_read(path, text, len, false, via_ledger_replay, &replay, &good, NULL, err);
}

/* Where the log begins; -ENODATA for what has no such line (the reading of it will tell). */
static int log_begin(const struct via_store_place *p, uint64_t *ret)
{
	via_autofree char *text = NULL;
	via_autojson *o = NULL;
	json_object *begin;
	const char *end;
	size_t len;

	if (via_file_read(p->dirfd, VIA_LEDGER_FILE, VIA_LEDGER_MAX, &text, &len, NULL) < 0)
		return -ENODATA;
	end = memchr(text, '\n', len);
	if (!end || via_json_parse(text, (size_t)(end - text), false, &o, NULL) ||
		!json_object_object_get_ex(o, "begin", &begin))
		return -ENODATA;
	*ret = json_object_get_uint64(begin);
	return 0;
}

/* The snapshot of this name, and what stands between it and the log. */
static int load_up_to_log(const struct via_store_place *p, const char *name,
	struct via_ledger_state *ret, struct via_err *err)
{
	uint64_t begin = 0;
	int r = load_snapshot(p, name, ret, err);

	if (r || log_begin(p, &begin) < 0 || begin <= ret->seq)
		return r;
	r = replay_log(p, VIA_LEDGER_FILE ".bak", ret, err);
	if (r)
		via_ledger_state_finish(ret);
	return r;
}

bool via_ledger_none(const struct via_store_place *p)
{
	struct via_ledger_state s = {0};
	int r;

	if (faccessat(p->dirfd, VIA_LEDGER_SNAPSHOT, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
		faccessat(p->dirfd, VIA_LEDGER_SNAPSHOT ".bak", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return false;
	if (faccessat(p->dirfd, VIA_LEDGER_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	r = replay_log(p, VIA_LEDGER_FILE, &s, NULL);
	via_ledger_state_finish(&s);
	return !r && !s.seq;
}

/* Does the start go through with the snapshot before, and lose nothing? */
static bool copy_helps(const struct via_store_place *p)
{
	struct via_ledger_state s = {0};
	int r = load_up_to_log(p, VIA_LEDGER_SNAPSHOT ".bak", &s, NULL);

	if (!r) {
		r = replay_log(p, VIA_LEDGER_FILE, &s, NULL);
		via_ledger_state_finish(&s);
	}
	return !r;
}

int via_ledger_load(const struct via_store_place *p, bool fresh, struct via_ledger_state *ret,
	struct via_err *err)
{
	struct via_err what = {0};
	int r = load_up_to_log(p, VIA_LEDGER_SNAPSHOT, ret, &what);

	if (r != -EUCLEAN)
		return r ? via_err_set(err, r, "%s", what.msg) : 0;
	if (copy_helps(p))
		return via_err_set(err, r,
			"%.500s; the copy before and the log since then are whole: \"mv %s/%s.bak "
			"%s/%s\" puts it back, and nothing is lost",
			what.msg, p->dir, VIA_LEDGER_SNAPSHOT, p->dir, VIA_LEDGER_SNAPSHOT);
	return via_err_set(err, r,
		"%.400s; there is no whole copy beside it: \"mkdir -p %s/damaged && mv %s/claims.* "
		"%s%s"
		"%s/damaged/\" starts without any claim: those of running VMs are found again, "
		"those "
		"by request, drains and quarantines are lost, so look first at what VFs are in use",
		what.msg, p->dir, p->dir, fresh ? "" : p->dir, fresh ? "" : "/state.json ", p->dir);
}

int via_ledger_log_damaged(const struct via_store_place *p, const struct via_ledger_state *s,
	const struct via_lines_place *where, struct via_err *err)
{
	char what[VIA_ERR_MSG_MAX];

	snprintf(what, sizeof(what), "%.400s", err ? err->msg : "");
	if (where->line > 1)
		return via_err_set(err, -EUCLEAN,
			"%s; \"sed -i.damaged '%u,$d' %s/%s\" goes on from what stands before it "
			"(the "
			"whole is kept as %s.damaged): %u of its changes, from there on, are lost, "
			"so "
			"look first at what VFs are in use",
			what, where->line, p->dir, VIA_LEDGER_FILE, VIA_LEDGER_FILE,
			where->lines - where->line + 1);
	return via_err_set(err, -EUCLEAN,
		"%s; \"cp %s/%s %s/%s.damaged; echo '{\"begin\":%llu}' > %s/%s\" goes on from "
		"the "
		"snapshot%s%s: every change after it is lost, so look first at what VFs are in use",
		what, p->dir, VIA_LEDGER_FILE, p->dir, VIA_LEDGER_FILE, (unsigned long long)s->seq,
		p->dir, VIA_LEDGER_FILE, s->time[0] ? " of " : "", s->time);
}
