/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host as a manifest. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "fake/kv.h"

static void save_hex(FILE *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t run = 1;

		while (i + run < len && data[i + run] == data[i])
			run++;
		if (run > 8)
			fprintf(out, " %02x*%zu ", (unsigned char)data[i], run);
		else
			for (size_t j = 0; j < run; j++)
				fprintf(out, "%02x", (unsigned char)data[i]);
		i += run;
	}
}

static bool is_binary(const struct fake_node *n)
{
	size_t odd = 0;

	for (size_t i = 0; i < n->len; i++)
		odd += (unsigned char)n->data[i] < 0x20 && n->data[i] != '\n';
	return odd > n->len / 4;
}

static void save_file(FILE *out, const char *path, const struct fake_node *n)
{
	bool newline = n->len && n->data[n->len - 1] == '\n';
	bool binary = is_binary(n);

	fputs(binary ? "bin " : newline ? "attr " : "file ", out);
	fake_escape(out, path, strlen(path), true);
	fputc(' ', out);
	if (binary)
		save_hex(out, n->data, n->len);
	else
		fake_escape(out, n->data, n->len - newline, false);
	fputc('\n', out);
}

static mode_t usual_mode(const struct fake_node *n)
{
	return n->type == FAKE_DIR    ? 0755
	       : n->type == FAKE_LINK ? 0777
	       : n->type == FAKE_CHR  ? 0600
				      : fake_default_mode(n->name);
}

static void save_record(FILE *out, const char *what, const char *path)
{
	fprintf(out, "%s ", what);
	fake_escape(out, path, strlen(path), true);
}

static void save_meta(FILE *out, const char *path, const struct fake_node *n)
{
	char buf[16];

	if (n->mode != usual_mode(n) || n->uid) {
		save_record(out, "meta", path);
		fprintf(out, " mode=0%o uid=%u\n", (unsigned int)n->mode, n->uid);
	}
	if (n->read_error) {
		save_record(out, "fail", path);
		fprintf(out, " %s\n", fake_errno_name(n->read_error, buf));
	}
}

static void save_node(struct fake_node *n, void *user)
{
	char path[FAKE_PATH_MAX];
	FILE *out = user;

	if (!n->parent || (n->type == FAKE_DIR && n->first && !n->uid && n->mode == 0755))
		return;
	fake_node_path(n, path);
	switch (n->type) {
	case FAKE_DIR:
		save_record(out, "dir", path);
		fputc('\n', out);
		break;
	case FAKE_FILE:
		save_file(out, path, n);
		break;
	case FAKE_LINK:
		save_record(out, "link", path);
		fputc(' ', out);
		fake_escape(out, n->data, n->len, false);
		fputc('\n', out);
		break;
	case FAKE_CHR:
		save_record(out, "node", path);
		fprintf(out, " %u:%u\n", major(n->rdev), minor(n->rdev));
		break;
	}
	save_meta(out, path, n);
}

static void save_netdev(const struct fake_netdev *n, FILE *out)
{
	fprintf(out, "netdev %d ", n->link.ifindex);
	fake_escape(out, n->link.name, strlen(n->link.name), true);
	fake_kv_print(fake_kv_netdev, n, out);
	fputc('\n', out);
	for (uint32_t i = 0; i < n->link.num_vf; i++) {
		fprintf(out, "vf %d %u", n->link.ifindex, n->vfs[i].index);
		fake_kv_print(fake_kv_vf, &n->vfs[i].attrs, out);
		fputc('\n', out);
	}
	if (n->wrap != UINT32_MAX)
		fprintf(out, "vf-wrap %d %u\n", n->link.ifindex, n->wrap);
}

static const char *address_text(int family, const uint8_t *addr, char buf[INET6_ADDRSTRLEN])
{
	return inet_ntop(family, addr, buf, INET6_ADDRSTRLEN);
}

static void save_routes(struct via_fake *f, FILE *out)
{
	char buf[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < f->n_addrs; i++)
		fprintf(out, "addr %d %s/%u scope=%u\n", f->addrs[i].ifindex,
			address_text(f->addrs[i].family, f->addrs[i].addr, buf), f->addrs[i].prefix,
			f->addrs[i].scope);
	for (size_t i = 0; i < f->n_routes; i++)
		fprintf(out, "route %d %s\n", f->routes[i].ifindex,
			f->routes[i].has_gateway
				? address_text(f->routes[i].family, f->routes[i].gateway, buf)
			: f->routes[i].family == AF_INET ? "inet"
							 : "inet6");
	for (size_t i = 0; i < f->n_dests; i++)
		fprintf(out, "to %d %s/%u\n", f->dests[i].ifindex,
			address_text(f->dests[i].family, f->dests[i].addr, buf),
			f->dests[i].prefix);
	for (size_t i = 0; i < f->n_eswitches; i++)
		fprintf(out, "eswitch %s %s%s\n", via_addr_fmt(f->eswitches[i].addr),
			f->eswitches[i].mode, f->eswitches[i].keeps_vfs ? " keeps-vfs" : "");
}

static void save_behaviour(struct via_fake *f, FILE *out)
{
	for (size_t i = 0; i < f->n_drivers; i++) {
		fputs("driver ", out);
		fake_escape(out, f->drivers[i].name, strlen(f->drivers[i].name), true);
		fake_kv_print(fake_kv_driver, &f->drivers[i], out);
		fputc('\n', out);
	}
	for (size_t i = 0; i < f->n_aliases; i++) {
		save_record(out, "alias", f->aliases[i].pattern);
		fprintf(out, " %s\n", f->aliases[i].module);
	}
	for (size_t i = 0; i < f->n_pfs; i++) {
		fprintf(out, "pf %s", via_addr_fmt(f->pfs[i].addr));
		fake_kv_print(fake_kv_pf, &f->pfs[i].traits, out);
		fputc('\n', out);
	}
	for (size_t i = 0; i < f->n_cards; i++)
		fprintf(out, "card %s %s %s %u\n", via_addr_fmt(f->cards[i].addr),
			via_mac_fmt(f->cards[i].mac), f->cards[i].name, f->cards[i].speed_mbps);
}

static void save_fault(const struct fake_fault *ft, FILE *out)
{
	char buf[16];

	switch (ft->kind) {
	case FAKE_FAULT_FAIL:
		save_record(out, "fault", ft->what);
		fprintf(out, " %u %s\n", ft->nth, fake_errno_name(ft->error, buf));
		return;
	case FAKE_FAULT_HANG:
		save_record(out, "hang", ft->what);
		fputc('\n', out);
		return;
	case FAKE_FAULT_CRASH:
		save_record(out, "crash", ft->what);
		fprintf(out, " %u %s\n", ft->nth, ft->after ? "after" : "before");
		return;
	case FAKE_FAULT_AFTER:
		return; /* a function of this process */
	}
}

static void save_faults(struct via_fake *f, FILE *out)
{
	char buf[16];

	for (size_t i = 0; i < f->n_rules; i++) {
		const struct fake_rule *r = &f->rules[i];

		fprintf(out, "refuse %s %d %s %s %d ", via_addr_fmt(r->pf), r->index,
			via_vf_attr_name(r->attr), fake_errno_name(r->error, buf), r->times);
		fake_escape(out, r->extack, strlen(r->extack), false);
		fputc('\n', out);
	}
	for (size_t i = 0; i < f->n_faults; i++)
		save_fault(&f->faults[i], out);
}

int fake_save(struct via_fake *f, FILE *out)
{
	fputs("viaduct-host 1\nclean\n", out);
	fake_tree_each(f->tree.root, save_node, out);
	for (size_t i = 0; i < f->n_netdevs; i++)
		save_netdev(&f->netdevs[i], out);
	for (size_t i = 0; i < f->n_guest_macs; i++)
		fprintf(out, "guest-mac %d %u\n", f->guest_macs[i].ifindex, f->guest_macs[i].index);
	save_routes(f, out);
	save_behaviour(f, out);
	save_faults(f, out);
	return ferror(out) ? -EIO : 0;
}

void fake_autosave(struct via_fake *f)
{
	char path[FAKE_PATH_MAX];
	FILE *out;

	if (!f->autosave || !f->dirty)
		return;
	snprintf(path, sizeof(path), "%s.new", f->autosave);
	out = fopen(path, "we");
	if (!out || fake_save(f, out) || fclose(out) || rename(path, f->autosave)) {
		fprintf(stderr, "fake: cannot save to %s\n", f->autosave);
		abort();
	}
	f->dirty = false;
}

int via_fake_save(struct via_fake *f, FILE *out)
{
	FAKE_GUARD(f);
	return fake_save(f, out);
}

void via_fake_autosave(struct via_fake *f, const char *path)
{
	FAKE_GUARD(f);
	free(f->autosave);
	f->autosave = path ? fake_strdup(path) : NULL;
	f->dirty = true;
}
