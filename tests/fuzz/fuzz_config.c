/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration's parser: any bytes, split into two files at the first 0xff. What is taken has
 * to come back the same through the codec; what is refused has to be told with file and line.
 */
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "model/codec.h"
#include "model/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "fuzz_config: %s\n", what);
	abort();
}

static void check_taken(const struct via_config *c)
{
	via_autojson *one = via_codec_config(c), *two = NULL;
	const char *text = json_object_to_json_string(one);
	struct via_config_source src = {"again", text, strlen(text)};
	struct via_config *again = NULL;
	struct via_err err = {0};

	if (via_config_parse(&src, 1, &again, NULL, &err)) {
		fprintf(stderr, "%s\n%s\n", err.msg, text);
		must(false, "what was taken is refused when it comes back");
	}
	two = via_codec_config(again);
	must(!strcmp(text, json_object_to_json_string(two)), "it comes back different");
	via_config_destroy(again);
}

static void check_refused(const struct via_config_problems *p, const struct via_err *err)
{
	must(p->n > 0, "refused without a problem");
	must(!strcmp(err->msg, p->list[0].message) ||
			strlen(p->list[0].message) >= VIA_ERR_MSG_MAX - 4,
		"the error is not the first problem");
	for (size_t i = 0; i < p->n; i++)
		must(!strncmp(p->list[i].message, "a.json:", 7) ||
				!strncmp(p->list[i].message, "b.json:", 7),
			"a problem without its file");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *cut = size ? memchr(data, 0xff, size) : NULL;
	size_t first = cut ? (size_t)(cut - data) : size;
	/* Copies of exactly that size, so that a read too far is seen. */
	via_autofree char *a = malloc(first + !first), *b = malloc(size - first + 1);
	struct via_config_source src[2] = {{"a.json", a, first}, {"b.json", b, 0}};
	struct via_config_problems problems = {0};
	struct via_config *c = NULL;
	struct via_err err = {0};
	int r;

	memcpy(a, data, first);
	if (cut) {
		src[1].len = size - first - 1;
		memcpy(b, cut + 1, src[1].len);
	}
	r = via_config_parse(src, cut ? 2 : 1, &c, &problems, &err);
	if (r == 0)
		check_taken(c);
	else
		check_refused(&problems, &err);
	via_config_problems_finish(&problems);
	via_config_destroy(c);
	return 0;
}
