/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking through other programs' configuration files. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/scan_managers.h"

struct names {
	char **list;
	size_t n, cap;
	const char *suffix;
};

static int on_name(const char *name, void *user)
{
	struct names *t = user;
	size_t len = strlen(name), tail = strlen(t->suffix);
	char **grown;

	if (len < tail || strcmp(name + len - tail, t->suffix))
		return 0;
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 16;
		grown = reallocarray(t->list, t->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		t->list = grown;
	}
	t->list[t->n] = strdup(name);
	return t->list[t->n++] ? 0 : -ENOMEM;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool scan_config_read(struct scan_managers *m, const char *path)
{
	return scan_text(m->s->k, path, m->text, SCAN_CONFIG_MAX) > 0;
}

int scan_config_files(struct scan_managers *m, const char *folder, const char *suffix,
	int (*fn)(struct scan_managers *m, const char *path, void *user), void *user)
{
	struct names t = {.suffix = suffix};
	char path[SCAN_PATH_MAX];
	int r = m->s->k->ops->list(m->s->k, folder, on_name, &t);

	if (r == 0 && t.n)
		qsort(t.list, t.n, sizeof(*t.list), by_name);
	for (size_t i = 0; r == 0 && i < t.n; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", folder, t.list[i]) < (int)sizeof(path) &&
			scan_config_read(m, path))
			r = fn(m, path, user);
	}
	for (size_t i = 0; i < t.n; i++)
		free(t.list[i]);
	free(t.list);
	/* A folder that is not there or not ours to read has nothing to tell. */
	return r == -ENOMEM || r > 0 ? r : 0;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

bool scan_has_word(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = strstr(text, name); at; at = strstr(at + 1, name)) {
		if ((at == text || !is_name_char(at[-1])) && !is_name_char(at[len]))
			return true;
	}
	return false;
}

bool scan_matches(const char *patterns, const char *separators, const char *value)
{
	bool inverted = *patterns == '!', found = false;
	char one[128];

	patterns += inverted;
	while (!found && *patterns) {
		size_t n = strcspn(patterns, separators);

		if (n && n < sizeof(one)) {
			memcpy(one, patterns, n);
			one[n] = '\0';
			found = via_glob_match(one, value);
		}
		patterns += n + (patterns[n] != '\0');
	}
	return found != inverted;
}

static char *trim(char *s)
{
	char *end;

	s += strspn(s, " \t\r");
	end = s + strlen(s);
	while (end > s && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return s;
}

/* A backslash at the end of a line joins the next one to it. */
static void join_lines(char *text)
{
	for (char *at = strstr(text, "\\\n"); at; at = strstr(at, "\\\n"))
		at[0] = at[1] = ' ';
}

void scan_ini(char *text,
	void (*fn)(const char *section, const char *key, const char *value, void *user), void *user)
{
	const char *section = "";
	char *line, *value, *save = NULL;

	join_lines(text);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line = trim(line);
		if (*line == '#' || *line == ';' || !*line)
			continue;
		if (*line == '[' && line[strlen(line) - 1] == ']') {
			line[strlen(line) - 1] = '\0';
			section = line + 1;
			continue;
		}
		value = strchr(line, '=');
		if (!value)
			continue;
		*value = '\0';
		fn(section, trim(line), trim(value + 1), user);
	}
}
