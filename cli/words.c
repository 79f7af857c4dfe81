/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const words_attr_names[] = {
	"mac", "vlan", "rate", "spoofchk", "link_state", "rss_query", "trust", NULL};

static bool attr_vlan(struct via_strbuf *b, json_object *attrs)
{
	const char *proto = doc_text(attrs, "vlan_proto");
	int64_t vlan = doc_number(attrs, "vlan", -1), qos = doc_number(attrs, "qos", 0);

	if (vlan < 0)
		return false;
	if (!vlan && !qos)
		via_strbuf_adds(b, "none");
	else
		via_strbuf_addf(b, "%" PRId64, vlan);
	if (qos)
		via_strbuf_addf(b, " (priority %" PRId64 ")", qos);
	if (proto && vlan && strcasecmp(proto, "802.1q"))
		via_strbuf_addf(b, " %s", proto);
	return true;
}

static bool attr_rate(struct via_strbuf *b, json_object *attrs)
{
	int64_t min = doc_number(attrs, "min_tx_mbps", 0),
		max = doc_number(attrs, "max_tx_mbps", 0);

	if (!doc_is_number(attrs, "min_tx_mbps") && !doc_is_number(attrs, "max_tx_mbps"))
		return false;
	if (!min && !max)
		via_strbuf_adds(b, "no limit");
	else if (!max)
		via_strbuf_addf(b, "at least %" PRId64 " Mbit/s", min);
	else if (!min)
		via_strbuf_addf(b, "up to %" PRId64 " Mbit/s", max);
	else
		via_strbuf_addf(b, "%" PRId64 " to %" PRId64 " Mbit/s", min, max);
	return true;
}

bool words_attr(struct via_strbuf *b, json_object *attrs, const char *name)
{
	const char *text;

	if (!strcmp(name, "vlan"))
		return attr_vlan(b, attrs);
	if (!strcmp(name, "rate"))
		return attr_rate(b, attrs);
	text = doc_text(attrs, name);
	if (!text && doc_is_bool(attrs, name))
		text = doc_true(attrs, name) ? "on" : "off";
	if (!text)
		return false;
	via_strbuf_adds(b, strcmp(text, "00:00:00:00:00:00") ? text : "none");
	return true;
}

static void cell_vlan(struct via_strbuf *b, json_object *attrs)
{
	const char *proto = doc_text(attrs, "vlan_proto");
	int64_t vlan = doc_number(attrs, "vlan", -1), qos = doc_number(attrs, "qos", 0);

	if (vlan < 0)
		return;
	if (!vlan && !qos) {
		via_strbuf_adds(b, "none");
		return;
	}
	via_strbuf_addf(b, "%" PRId64, vlan);
	if (qos)
		via_strbuf_addf(b, "/%" PRId64, qos);
	if (proto && strcasecmp(proto, "802.1q"))
		via_strbuf_addf(b, ",%s", proto);
}

static void cell_rate(struct via_strbuf *b, json_object *attrs)
{
	int64_t min = doc_number(attrs, "min_tx_mbps", 0),
		max = doc_number(attrs, "max_tx_mbps", 0);

	if (!doc_is_number(attrs, "min_tx_mbps") && !doc_is_number(attrs, "max_tx_mbps"))
		return;
	if (!min && !max) {
		via_strbuf_adds(b, "none");
		return;
	}
	if (min)
		via_strbuf_addf(b, "%" PRId64, min);
	via_strbuf_adds(b, "..");
	if (max)
		via_strbuf_addf(b, "%" PRId64, max);
}

void words_attr_cell(struct via_strbuf *b, json_object *attrs, const char *name)
{
	if (!strcmp(name, "vlan"))
		cell_vlan(b, attrs);
	else if (!strcmp(name, "rate"))
		cell_rate(b, attrs);
	else
		words_attr(b, attrs, name);
}

void words_holder(struct via_strbuf *b, json_object *holder)
{
	const char *kind = doc_text(holder, "kind"), *name = doc_text(holder, "name");
	const char *detail = doc_text(holder, "detail");
	int64_t pid = doc_number(holder, "pid", 0);

	if (kind && !strcmp(kind, "netns"))
		kind = "network namespace";
	else if (kind && !strcmp(kind, "host"))
		kind = name ? "the host through" : "the host";
	via_strbuf_adds(b, kind ? kind : "somebody");
	if (name)
		via_strbuf_addf(b, " %s", name);
	if (pid > 0)
		via_strbuf_addf(b, " (pid %" PRId64 ")", pid);
	if (detail && *detail)
		via_strbuf_addf(b, ": %s", detail);
}

void words_holders(struct via_strbuf *b, json_object *holders)
{
	for (size_t i = 0; i < doc_length(holders); i++) {
		if (i)
			via_strbuf_adds(b, ", ");
		words_holder(b, doc_at(holders, i));
	}
}

void words_target(struct via_strbuf *b, json_object *o)
{
	const char *target = doc_word(o, "target"), *pf = doc_text(o, "pf");
	int64_t vf = doc_number(o, "vf_index", -1);

	via_strbuf_adds(b, target);
	if (vf >= 0 && pf && strcmp(pf, target))
		via_strbuf_addf(b, " (VF %" PRId64 " of %s)", vf, pf);
	else if (vf >= 0)
		via_strbuf_addf(b, " (VF %" PRId64 ")", vf);
}

void words_link(struct via_strbuf *b, json_object *link)
{
	struct {
		const char *speed, *width;
	} const names[] = {{"speed_gts", "width"}, {"max_speed_gts", "max_width"}};
	char text[2][48] = {"", ""};

	for (int i = 0; i < 2; i++) {
		json_object *speed;

		if (!doc_is_number(link, names[i].speed) || !doc_is_number(link, names[i].width))
			continue;
		json_object_object_get_ex(link, names[i].speed, &speed);
		snprintf(text[i], sizeof(text[i]), "%g GT/s x%" PRId64,
			json_object_get_double(speed), doc_number(link, names[i].width, 0));
	}
	if (!*text[0] && !*text[1])
		return;
	via_strbuf_adds(b, *text[0] ? text[0] : "unknown");
	if (*text[1] && strcmp(text[0], text[1]))
		via_strbuf_addf(b, " (could be %s)", text[1]);
}

void words_time(struct via_strbuf *b, const char *time)
{
	if (!time)
		time = "-";
	if (strlen(time) < 20 || time[10] != 'T') {
		via_strbuf_adds(b, time);
		return;
	}
	via_strbuf_add(b, time, 10);
	via_strbuf_addf(b, " %.8s UTC", time + 11);
}

void words_count(struct via_strbuf *b, size_t n, const char *one, const char *many)
{
	via_strbuf_addf(b, "%zu %s", n, n == 1 ? one : many);
}

void words_drift(struct via_strbuf *b, json_object *drift)
{
	via_strbuf_addf(b, "%s is %s, wanted %s", doc_word(drift, "what"), doc_word(drift, "found"),
		doc_word(drift, "wanted"));
	if (doc_true(drift, "heal"))
		via_strbuf_adds(b, ": will be healed");
}
