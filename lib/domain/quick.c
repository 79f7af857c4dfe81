/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Apart from the parser, so that who only looks loads no libxml2. */
#include <string.h>

#include "domain/xml.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool holds(const char *text, size_t len, const char *what)
{
	return memmem(text, len, what, strlen(what)) != NULL;
}

/* Is it plain enough that words stand there as they are? No references, comments, CDATA, processing
 * instructions (an encoding), other encodings; and whole. */
static bool is_literal(const char *text, size_t len)
{
	static const char last[] = "</domain>";
	const size_t n = sizeof(last) - 1;

	while (len && is_space(text[len - 1]))
		len--;
	return len > n && text[0] == '<' && !memcmp(text + len - n, last, n) &&
	       !memchr(text, '\0', len) && !holds(text, len, "&#") && !holds(text, len, "<!") &&
	       !holds(text, len, "<?");
}

/* Behind the '>' of the tag that s is in; *empty: it ends in "/>". */
static const char *tag_end(const char *s, const char *end, bool *empty)
{
	char quote = 0;

	for (; s < end; s++) {
		if (quote)
			quote = *s == quote ? 0 : quote;
		else if (*s == '"' || *s == '\'')
			quote = *s;
		else if (*s == '>')
			break;
	}
	*empty = s < end && s[-1] == '/';
	return s;
}

/* <source> with an <address> in it: of a disk or of an interface that libvirt chose a device for.
 */
static bool has_source_address(const char *text, size_t len)
{
	static const char open[] = "<source", shut[] = "</source";
	const char *end = text + len, *s = text;
	bool empty;

	while ((s = memmem(s, (size_t)(end - s), open, sizeof(open) - 1))) {
		const char *close;

		s = tag_end(s + sizeof(open) - 1, end, &empty);
		if (empty)
			continue;
		close = memmem(s, (size_t)(end - s), shut, sizeof(shut) - 1);
		if (!close || holds(s, (size_t)(close - s), "<address") ||
			holds(s, (size_t)(close - s), open))
			return true;
	}
	return false;
}

bool via_domain_may_have_pci(const char *text, size_t len)
{
	return !is_literal(text, len) || holds(text, len, "hostdev") ||
	       has_source_address(text, len);
}
