/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A manifest back into a host: one function a record. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "fake/kv.h"

struct load {
	struct via_fake *f;
	struct via_err *err;
};

static int bad(struct load *l, const char *what)
{
	return via_err_set(l->err, -EINVAL, "%s", what);
}

static char *path_field(struct load *l, char **rest)
{
	char *path = fake_field(rest);

	if (path && *path && *path != '/' && strlen(path) < FAKE_PATH_MAX - 128)
		return path;
	bad(l, "a path is wanted here, without a leading slash");
	return NULL;
}

static bool number_field(char **rest, int64_t min, int64_t max, int64_t *ret)
{
	char *s = fake_field(rest);

	return s && !via_parse_int(s, min, max, ret);
}

static bool addr_field(char **rest, struct via_addr *ret)
{
	char *s = fake_field(rest);

	return s && !via_addr_parse(s, ret);
}

/* A path whose folder can be made: no file stands in its way. */
static bool makeable(struct load *l, const char *path)
{
	char above[FAKE_PATH_MAX];

	snprintf(above, sizeof(above), "%s", path);
	for (char *s = strchr(above, '/'); s; s = strchr(s + 1, '/')) {
		int error = 0;
		struct fake_node *n;

		*s = '\0';
		n = fake_tree_find(&l->f->tree, NULL, above, true, &error);
		*s = '/';
		if ((n && n->type != FAKE_DIR) || (!n && error != -ENOENT))
			return false;
		/* A dangling link is made a directory by walking through it: refuse. */
		if (!n)
			break;
	}
	return path[strlen(path) - 1] != '/' && !strstr(path, "//") && !strstr(path, "..");
}

static int load_dir(struct load *l, char *rest)
{
	char *path = path_field(l, &rest);

	if (!path || !makeable(l, path))
		return bad(l, "bad path");
	fake_tree_dir(&l->f->tree, path);
	return 0;
}

static int load_text(struct load *l, char *rest, bool newline)
{
	char *path = path_field(l, &rest);
	ssize_t len = rest ? fake_unescape(rest) : 0;
	via_autostrbuf text = VIA_STRBUF_INIT;

	if (!path || !makeable(l, path) || len < 0)
		return bad(l, "bad path or escape");
	via_strbuf_add(&text, rest ? rest : "", (size_t)len);
	if (newline)
		via_strbuf_addc(&text, '\n');
	fake_tree_file(&l->f->tree, path, via_strbuf_str(&text), text.len);
	return 0;
}

static int load_attr(struct load *l, char *rest)
{
	return load_text(l, rest, true);
}

static int load_file(struct load *l, char *rest)
{
	return load_text(l, rest, false);
}

/* One byte, or "XX*N"; moves *s on. */
static bool hex_run(const char **s, struct via_strbuf *out)
{
	unsigned int byte;
	unsigned long times = 1;
	char *end;

	if (!isxdigit((unsigned char)(*s)[0]) || !isxdigit((unsigned char)(*s)[1]) ||
		sscanf(*s, "%2x", &byte) != 1)
		return false;
	*s += 2;
	if (**s == '*') {
		times = strtoul(*s + 1, &end, 10);
		*s = end;
	}
	if (!times || times > 65536 || out->len + times > 1u << 20)
		return false;
	while (times--)
		via_strbuf_addc(out, (char)byte);
	return true;
}

static int load_bin(struct load *l, char *rest)
{
	via_autostrbuf data = VIA_STRBUF_INIT;
	char *path = path_field(l, &rest);
	const char *s = rest ? rest : "";

	if (!path || !makeable(l, path))
		return bad(l, "bad path");
	for (s += strspn(s, " "); *s; s += strspn(s, " "))
		if (!hex_run(&s, &data))
			return bad(l, "bad hex bytes");
	fake_tree_file(&l->f->tree, path, via_strbuf_str(&data), data.len);
	return 0;
}

static int load_link(struct load *l, char *rest)
{
	char *path = path_field(l, &rest);

	if (!path || !makeable(l, path) || !rest || fake_unescape(rest) <= 0)
		return bad(l, "a path and a target are wanted");
	fake_tree_link(&l->f->tree, path, rest);
	return 0;
}

static int load_node(struct load *l, char *rest)
{
	char *path = path_field(l, &rest);
	unsigned int maj, min;

	if (!path || !makeable(l, path) || !rest || sscanf(rest, "%u:%u", &maj, &min) != 2)
		return bad(l, "a path and MAJOR:MINOR are wanted");
	fake_tree_chr(&l->f->tree, path, makedev(maj, min));
	return 0;
}

static struct fake_node *known_path(struct load *l, char **rest)
{
	char *path = path_field(l, rest);

	return path ? fake_tree_find(&l->f->tree, NULL, path, false, NULL) : NULL;
}

static int load_fail(struct load *l, char *rest)
{
	struct fake_node *n = known_path(l, &rest);
	int error = rest ? fake_errno_parse(rest) : -1;

	if (!n || error <= 0)
		return bad(l, "a path made above and an errno are wanted");
	n->read_error = error;
	return 0;
}

static int load_meta(struct load *l, char *rest)
{
	struct fake_node *n = known_path(l, &rest);
	unsigned int mode, uid;

	if (!n || !rest || sscanf(rest, "mode=%o uid=%u", &mode, &uid) != 2)
		return bad(l, "a path made above, mode= and uid= are wanted");
	n->mode = mode;
	n->uid = uid;
	return 0;
}

static int load_netdev(struct load *l, char *rest)
{
	struct fake_netdev n = {.link = {.lower_nsid = -1, .mtu = 1500}, .wrap = UINT32_MAX};
	struct fake_netdev *slot;
	char *name;
	int64_t index;
	int r;

	if (!number_field(&rest, 1, INT32_MAX - 1, &index) || !(name = fake_field(&rest)) ||
		strlen(name) >= sizeof(n.link.name))
		return bad(l, "an interface index and a name are wanted");
	n.link.ifindex = (int)index;
	strcpy(n.link.name, name);
	r = fake_kv_parse(fake_kv_netdev, &n, rest, l->err);
	if (r || n.link.num_vf > 65535)
		return r ? r : bad(l, "numvf is too large");
	n.vfs = n.link.num_vf ? fake_alloc(n.link.num_vf * sizeof(*n.vfs)) : NULL;
	for (uint32_t i = 0; i < n.link.num_vf; i++)
		n.vfs[i].index = i;
	slot = fake_netdev(l->f, n.link.ifindex);
	if (slot)
		free(slot->vfs);
	else
		slot = fake_push(&l->f->netdevs, &l->f->n_netdevs);
	*slot = n;
	if (n.link.ifindex >= l->f->next_ifindex)
		l->f->next_ifindex = n.link.ifindex + 1;
	return 0;
}

static struct fake_netdev *netdev_field(struct load *l, char **rest)
{
	int64_t index;

	return number_field(rest, 1, INT32_MAX, &index) ? fake_netdev(l->f, (int)index) : NULL;
}

static int load_vf(struct load *l, char *rest)
{
	struct fake_netdev *n = netdev_field(l, &rest);
	int64_t index;

	if (!n || !number_field(&rest, 0, INT32_MAX, &index) || index >= n->link.num_vf)
		return bad(l, "a net device from above and a VF below its numvf are wanted");
	n->vfs[index].attrs = (struct via_vf_attrs){.vlan_proto = VIA_VLAN_PROTO_8021Q};
	return fake_kv_parse(fake_kv_vf, &n->vfs[index].attrs, rest, l->err);
}

static int load_wrap(struct load *l, char *rest)
{
	struct fake_netdev *n = netdev_field(l, &rest);
	int64_t count;

	if (!n || !number_field(&rest, 0, UINT32_MAX, &count))
		return bad(l, "a net device from above and a number are wanted");
	n->wrap = (uint32_t)count;
	return 0;
}

static int load_addr(struct load *l, char *rest)
{
	struct via_ifaddr a = {0};
	int64_t index;
	char *text;
	unsigned int scope = 0;

	if (!number_field(&rest, 1, INT32_MAX, &index) || !(text = fake_field(&rest)) ||
		fake_parse_cidr(text, &a.family, a.addr, &a.prefix) ||
		(rest && sscanf(rest, "scope=%u", &scope) != 1))
		return bad(l, "an interface index and ADDRESS/PREFIX are wanted");
	a.ifindex = (int)index;
	a.scope = (uint8_t)scope;
	*fake_push(&l->f->addrs, &l->f->n_addrs) = a;
	return 0;
}

static int load_route(struct load *l, char *rest)
{
	struct via_route r = {.family = AF_INET};
	int64_t index;
	uint8_t prefix;

	if (!number_field(&rest, 1, INT32_MAX, &index) || !rest)
		return bad(l, "an interface index and a gateway are wanted");
	r.ifindex = (int)index;
	if (!strcmp(rest, "inet6"))
		r.family = AF_INET6;
	else if (strcmp(rest, "inet")) {
		r.has_gateway = true;
		if (fake_parse_cidr(rest, &r.family, r.gateway, &prefix))
			return bad(l, "the gateway is no address");
	}
	*fake_push(&l->f->routes, &l->f->n_routes) = r;
	return 0;
}

static int load_to(struct load *l, char *rest)
{
	struct fake_dest d = {0};
	int64_t index;

	if (!number_field(&rest, 1, INT32_MAX, &index) || !rest ||
		fake_parse_cidr(rest, &d.family, d.addr, &d.prefix))
		return bad(l, "an interface index and ADDRESS/PREFIX are wanted");
	d.ifindex = (int)index;
	*fake_push(&l->f->dests, &l->f->n_dests) = d;
	return 0;
}

static int load_eswitch(struct load *l, char *rest)
{
	struct fake_eswitch e = {0};
	char *mode;

	if (!addr_field(&rest, &e.addr) || !(mode = fake_field(&rest)) ||
		strlen(mode) >= sizeof(e.mode))
		return bad(l, "an address and a mode are wanted");
	strcpy(e.mode, mode);
	e.keeps_vfs = rest && !strcmp(rest, "keeps-vfs");
	*fake_push(&l->f->eswitches, &l->f->n_eswitches) = e;
	return 0;
}

static int load_driver(struct load *l, char *rest)
{
	char *name = fake_field(&rest);
	struct fake_driver *d;

	if (!name || strlen(name) >= sizeof(d->name))
		return bad(l, "a driver's name is wanted");
	d = fake_driver_find(l->f, name);
	if (d)
		return bad(l, "that driver is there already");
	d = fake_push(&l->f->drivers, &l->f->n_drivers);
	strcpy(d->name, name);
	strcpy(d->module, name);
	return fake_kv_parse(fake_kv_driver, d, rest, l->err);
}

static int load_alias(struct load *l, char *rest)
{
	char *pattern = fake_field(&rest);
	struct fake_alias *a;

	if (!pattern || !rest)
		return bad(l, "a pattern and a module are wanted");
	a = fake_push(&l->f->aliases, &l->f->n_aliases);
	a->pattern = fake_strdup(pattern);
	a->module = fake_strdup(rest);
	return 0;
}

static int load_pf(struct load *l, char *rest)
{
	struct via_addr a;
	struct via_fake_pf_traits t = {0};
	int r;

	if (!addr_field(&rest, &a))
		return bad(l, "an address is wanted");
	r = fake_kv_parse(fake_kv_pf, &t, rest, l->err);
	if (!r)
		fake_pf_make(l->f, a)->traits = t;
	return r;
}

static int load_card(struct load *l, char *rest)
{
	struct fake_card c = {0};
	char *mac, *name;
	int64_t speed;

	if (!addr_field(&rest, &c.addr) || !(mac = fake_field(&rest)) ||
		via_mac_parse(mac, &c.mac) || !(name = fake_field(&rest)) ||
		strlen(name) >= sizeof(c.name) || !number_field(&rest, 0, UINT32_MAX, &speed))
		return bad(l, "an address, a MAC, a name and a speed are wanted");
	strcpy(c.name, name);
	c.speed_mbps = (uint32_t)speed;
	*fake_push(&l->f->cards, &l->f->n_cards) = c;
	return 0;
}

static int load_guest_mac(struct load *l, char *rest)
{
	struct fake_netdev *n = netdev_field(l, &rest);
	int64_t index;

	if (!n || !number_field(&rest, 0, INT32_MAX, &index) || index >= n->link.num_vf)
		return bad(l, "a net device from above and a VF below its numvf are wanted");
	fake_guest_mac_mark(l->f, n->link.ifindex, (uint32_t)index);
	return 0;
}

static int load_refuse(struct load *l, char *rest)
{
	struct fake_rule r = {0};
	int64_t index, times;
	char *attr, *error;

	if (!addr_field(&rest, &r.pf) || !number_field(&rest, -1, INT32_MAX, &index) ||
		!(attr = fake_field(&rest)) || via_vf_attr_parse(attr, &r.attr) ||
		!(error = fake_field(&rest)) || (r.error = fake_errno_parse(error)) < 0 ||
		!number_field(&rest, -1, INT32_MAX, &times))
		return bad(l, "ADDR INDEX ATTR ERRNO TIMES are wanted");
	r.index = (int)index;
	r.times = (int)times;
	if (rest && fake_unescape(rest) >= 0)
		snprintf(r.extack, sizeof(r.extack), "%.95s", rest);
	*fake_push(&l->f->rules, &l->f->n_rules) = r;
	return 0;
}

static struct fake_fault *push_fault(struct load *l, enum fake_fault_kind kind, const char *what)
{
	struct fake_fault *ft = fake_push(&l->f->faults, &l->f->n_faults);

	ft->kind = kind;
	ft->what = fake_strdup(what);
	return ft;
}

static int load_fault(struct load *l, char *rest)
{
	char *what = fake_field(&rest);
	struct fake_fault *ft;
	int64_t nth;
	int error;

	if (!what || !number_field(&rest, 0, INT32_MAX, &nth) || !rest ||
		(error = fake_errno_parse(rest)) <= 0)
		return bad(l, "WHAT NTH ERRNO are wanted");
	ft = push_fault(l, FAKE_FAULT_FAIL, what);
	ft->nth = (unsigned int)nth;
	ft->once = nth != 0;
	ft->error = error;
	return 0;
}

static int load_hang(struct load *l, char *rest)
{
	char *what = fake_field(&rest);

	if (!what)
		return bad(l, "WHAT is wanted");
	push_fault(l, FAKE_FAULT_HANG, what);
	return 0;
}

static int load_crash(struct load *l, char *rest)
{
	char *what = fake_field(&rest);
	struct fake_fault *ft;
	int64_t nth;

	if (!what || !number_field(&rest, 1, INT32_MAX, &nth) || !rest ||
		(strcmp(rest, "before") && strcmp(rest, "after")))
		return bad(l, "WHAT NTH before|after are wanted");
	ft = push_fault(l, FAKE_FAULT_CRASH, what);
	ft->nth = (unsigned int)nth;
	ft->after = !strcmp(rest, "after");
	return 0;
}

static int load_clean(struct load *l, char *rest)
{
	struct via_fake *f = l->f;

	(void)rest;
	fake_tree_finish(&f->tree);
	fake_tree_init(&f->tree);
	for (size_t i = 0; i < f->n_netdevs; i++)
		free(f->netdevs[i].vfs);
	f->n_netdevs = f->n_addrs = f->n_routes = f->n_dests = f->n_eswitches = f->n_pfs = 0;
	f->n_cards = f->n_rules = 0;
	return f->n_drivers ? bad(l, "clean must come before the first driver") : 0;
}

static const struct {
	const char *name;
	int (*load)(struct load *l, char *rest);
} records[] = {
	{"dir", load_dir},
	{"attr", load_attr},
	{"file", load_file},
	{"bin", load_bin},
	{"link", load_link},
	{"node", load_node},
	{"fail", load_fail},
	{"meta", load_meta},
	{"netdev", load_netdev},
	{"vf", load_vf},
	{"guest-mac", load_guest_mac},
	{"vf-wrap", load_wrap},
	{"addr", load_addr},
	{"route", load_route},
	{"to", load_to},
	{"eswitch", load_eswitch},
	{"driver", load_driver},
	{"alias", load_alias},
	{"pf", load_pf},
	{"card", load_card},
	{"refuse", load_refuse},
	{"fault", load_fault},
	{"hang", load_hang},
	{"crash", load_crash},
	{"clean", load_clean},
};

static int load_line(struct load *l, char *line)
{
	char *rest = strchr(line, ' ');

	if (rest)
		*rest++ = '\0';
	for (size_t i = 0; i < VIA_ARRAY_SIZE(records); i++)
		if (!strcmp(records[i].name, line))
			return records[i].load(l, rest);
	return via_err_set(l->err, -EINVAL, "there is no record \"%.40s\"", line);
}

/* A net device has files of ours when its class entry is there. */
static void note_files(struct via_fake *f)
{
	for (size_t i = 0; i < f->n_netdevs; i++)
		f->netdevs[i].files = !f->netdevs[i].link.netns[0] &&
				      fake_find(f, "sys/class/net/%s", f->netdevs[i].link.name);
}

int via_fake_load(struct via_fake *f, FILE *in, struct via_err *err)
{
	via_autofree char *line = NULL;
	struct load l = {.f = f, .err = err};
	size_t cap = 0;
	unsigned int number = 0;
	ssize_t len;
	int r = 0;

	FAKE_GUARD(f);
	while (!r && (len = getline(&line, &cap, in)) >= 0) {
		number++;
		if (len && line[len - 1] == '\n')
			line[--len] = '\0';
		if (number == 1 && strcmp(line, "viaduct-host 1"))
			r = bad(&l, "the first line must be \"viaduct-host 1\"");
		else if (number > 1 && line[0] && line[0] != '#')
			r = load_line(&l, line);
	}
	if (!r && !number)
		r = bad(&l, "empty");
	if (r)
		via_err_prefix(err, "line %u", number);
	note_files(f);
	f->dirty = true;
	return r;
}

int via_fake_load_path(struct via_fake *f, const char *path, struct via_err *err)
{
	FILE *in = fopen(path, "re");
	int r;

	if (!in)
		return via_err_set(err, -errno, "%s: %s", path, strerror(errno));
	r = via_fake_load(f, in, err);
	if (r)
		via_err_prefix(err, "%s", path);
	fclose(in);
	return r;
}
