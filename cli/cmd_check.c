/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "doc.h"
#include "print.h"

/* By the same rule as the text: a severity that is not understood is not fine. */
static bool any_error(json_object *findings)
{
	static const char *const fine[] = {"ok", "info", "warning"};

	for (size_t i = 0; i < doc_length(findings); i++) {
		const char *severity = doc_word(doc_at(findings, i), "severity");
		bool error = true;

		for (size_t j = 0; j < VIA_ARRAY_SIZE(fine); j++)
			if (!strcmp(severity, fine[j]))
				error = false;
		if (error)
			return true;
	}
	return false;
}

static int run_check(struct cli *c, char **args, size_t n)
{
	via_autojson *reply = NULL;
	json_object *findings;
	int r;

	(void)args;
	(void)n;
	r = cli_call(c, CLI_READS, "Check", NULL, NULL, &reply);
	if (r)
		return r;
	findings = doc_array(reply, "findings");
	r = c->opt.json ? cli_print_json(c, reply) : print_findings(c, findings);
	return r || !any_error(findings) ? r : CLI_FAILED;
}

const struct cli_command cli_cmd_check = {
	.name = "check",
	.args = "",
	.summary = "Check that this host is ready for SR-IOV and passthrough",
	.about = "Looks at IOMMU, SR-IOV, vfio, kernel arguments, libvirt, and at others that "
		 "configure\n"
		 "the same devices. Every finding that is not fine says how it is fixed.",
	.examples =
		"viaduct check\n"
		"viaduct --json check | jq -r '.findings[] | select(.severity == \"error\") | .id'",
	.exits = "0  ready; there may be warnings\n1  some finding is an error",
	.run = run_check,
};
