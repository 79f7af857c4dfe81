/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain from any bytes: as XML, and as the JSON that goes between hook and daemon. What is taken
 * has to come back the same through JSON; what is refused has to be told; and the quick look must
 * not miss a device that the parser finds.
 */
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "domain/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "fuzz_domain: %s\n", what);
	abort();
}

static void check_taken(const struct via_domain *d)
{
	via_autojson *one = via_domain_json(d), *two = NULL, *sent = NULL;
	const char *text = json_object_to_json_string(one);
	struct via_domain again;
	struct via_err err = {0};

	must(via_json_parse(text, strlen(text), false, &sent, &err) == 0, "its JSON is none");
	if (via_domain_parse(sent, &again, &err)) {
		fprintf(stderr, "%s\n%s\n", err.msg, text);
		must(false, "what was taken is refused when it comes back");
	}
	two = via_domain_json(&again);
	must(!strcmp(text, json_object_to_json_string(two)), "it comes back different");
	via_domain_finish(&again);
}

static void check_xml(const char *text, size_t size)
{
	struct via_domain d;
	struct via_err err = {0};
	int r = via_domain_from_xml(text, size, &d, &err);

	if (r) {
		must(r == VIA_REFUSED_INVALID, "an answer that there is none");
		must(err.msg[0] && !strchr(err.msg, '\n'), "refused without a line that says why");
		return;
	}
	must(!d.n_devs || via_domain_may_have_pci(text, size), "the quick look missed a device");
	check_taken(&d);
	via_domain_finish(&d);
}

static void check_json(const char *text, size_t size)
{
	via_autojson *o = NULL;
	struct via_domain d;

	if (via_json_parse(text, size, false, &o, NULL) || via_domain_parse(o, &d, NULL))
		return;
	check_taken(&d);
	via_domain_finish(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly that size, so that a read too far is seen. */
	via_autofree char *text = malloc(size + !size);

	memcpy(text, data, size);
	check_xml(text, size);
	check_json(text, size);
	return 0;
}
