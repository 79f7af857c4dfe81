/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/claim.h"

#include <stdlib.h>
#include <string.h>

void via_domains_finish(struct via_domains *d)
{
	for (size_t i = 0; i < d->n; i++)
		via_domain_finish(&d->list[i]);
	free(d->list);
	*d = (struct via_domains){0};
}

static int compare_uuid(const void *key, const void *element)
{
	return strcmp(key, ((const struct via_domain *)element)->uuid);
}

const struct via_domain *via_domains_find(const struct via_domains *d, const char *uuid)
{
	return d->n ? bsearch(uuid, d->list, d->n, sizeof(*d->list), compare_uuid) : NULL;
}

const struct via_domain *via_domains_named(const struct via_domains *d, const char *what)
{
	const struct via_domain *found = NULL;
	char uuid[VIA_UUID_MAX];

	if (!via_uuid_parse(what, uuid))
		found = via_domains_find(d, uuid);
	if (found)
		return found;
	for (size_t i = 0; i < d->n; i++) {
		if (strcmp(d->list[i].name, what) != 0)
			continue;
		if (found)
			return NULL;
		found = &d->list[i];
	}
	return found;
}
