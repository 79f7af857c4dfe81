/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "domain/domain.h"

int via_uuid_parse(const char *s, char ret[VIA_UUID_MAX])
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	char uuid[VIA_UUID_MAX];

	_Static_assert(sizeof(form) == VIA_UUID_MAX, "a UUID and its NUL");
	for (size_t i = 0; i < sizeof(form); i++) {
		unsigned char c = (unsigned char)s[i];

		if (form[i] == 'x' ? !isxdigit(c) : c != (unsigned char)form[i])
			return -EINVAL;
		uuid[i] = (char)tolower(c);
	}
	memcpy(ret, uuid, sizeof(uuid));
	return 0;
}
