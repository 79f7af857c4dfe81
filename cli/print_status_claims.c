/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of the status: libvirt, claims, drains, contradictions. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "words.h"

static void print_libvirt(json_object *libvirt)
{
	const char *reason = doc_text(libvirt, "reason"), *uri = doc_text(libvirt, "uri");
	via_autostrbuf b = VIA_STRBUF_INIT;

	if (!libvirt)
		return;
	if (!uri)
		via_strbuf_adds(&b, "not used");
	else if (!doc_true(libvirt, "connected"))
		via_strbuf_addf(&b, "no connection to %s", uri);
	else
		via_strbuf_addf(&b, "%s", uri);
	if (reason && *reason)
		via_strbuf_addf(&b, ": %s", reason);
	if (doc_true(libvirt, "connected") || doc_number(libvirt, "domains", 0) > 0) {
		via_strbuf_adds(&b, doc_true(libvirt, "connected") ? ", " : "; as last seen, ");
		words_count(&b, (size_t)doc_number(libvirt, "domains", 0), "VM", "VMs");
		via_strbuf_addf(&b, ", %" PRId64 " running", doc_number(libvirt, "active", 0));
	}
	printf("libvirt: %s\n", via_strbuf_str(&b));
}

static void print_claims(const struct cli *c, json_object *status)
{
	int64_t quarantined = doc_number(status, "quarantined", 0);

	if (!doc_is_number(status, "claims"))
		return;
	printf("claims: %" PRId64, doc_number(status, "claims", 0));
	if (quarantined > 0)
		printf(", %s%" PRId64 " quarantined%s: see viaduct quarantine list",
			cli_color(c, CLI_RED), quarantined, cli_color(c, CLI_PLAIN));
	putchar('\n');
}

static void print_drains(const struct cli *c, json_object *drains)
{
	for (size_t i = 0; i < doc_length(drains); i++) {
		json_object *d = doc_at(drains, i);
		via_autostrbuf b = VIA_STRBUF_INIT;

		if (!i)
			printf("\n%sDrained%s\n", cli_color(c, CLI_YELLOW),
				cli_color(c, CLI_PLAIN));
		words_count(&b, (size_t)doc_number(d, "remaining", 0), "claim remains",
			"claims remain");
		via_strbuf_adds(&b, ", since ");
		words_time(&b, doc_text(d, "since"));
		printf("  %s: %s (%s)\n", doc_word(d, "pf"), via_strbuf_str(&b),
			doc_word(d, "cause"));
	}
}

static void print_contradictions(const struct cli *c, json_object *list)
{
	for (size_t i = 0; i < doc_length(list); i++) {
		json_object *o = doc_at(list, i);
		const char *target = doc_word(o, "target"), *message = doc_word(o, "message");
		via_autostrbuf b = VIA_STRBUF_INIT;

		if (!i)
			printf("\n%sContradictions%s, left to you\n", cli_color(c, CLI_RED),
				cli_color(c, CLI_PLAIN));
		if (!strstr(message, target))
			via_strbuf_addf(&b, "%s: ", target);
		via_strbuf_addf(&b, "%s, since ", message);
		words_time(&b, doc_text(o, "since"));
		printf("  %s\n", via_strbuf_str(&b));
	}
}

void print_status_owners(const struct cli *c, json_object *status)
{
	print_libvirt(doc_object(status, "libvirt"));
	print_claims(c, status);
}

void print_status_ownership(const struct cli *c, json_object *status)
{
	print_drains(c, doc_array(status, "drains"));
	print_contradictions(c, doc_array(status, "contradictions"));
}
